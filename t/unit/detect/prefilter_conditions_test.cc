// What is remembered of a text changes no answer.
#include "core/detect/prefilter_conditions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>

namespace kt::detect {
namespace {

// By hand, without a memo: some place of the window begins it.
bool HoldsByHand(const Condition& condition, const std::string& text, size_t at) {
  const size_t begin = at - std::min(at, condition.back);
  for (size_t i = begin; i <= at + condition.ahead && i < text.size(); ++i) {
    if (condition.any_of.empty()) {
      size_t run = 0;
      while (i + run < text.size() && condition.run[static_cast<unsigned char>(text[i + run])])
        ++run;
      if (run >= condition.run_bytes) return true;
    }
    for (const Factor& factor : condition.any_of) {
      std::string there = text.substr(i, factor.bytes.size());
      for (char& c : there) c = FoldByte(c);
      if (there == factor.bytes) return true;
    }
  }
  return false;
}

std::string RandomText(std::mt19937* random) {
  static constexpr std::string_view kBytes = "keyKEY :=ab 09xyz";
  std::string text(1 + (*random)() % 200, ' ');
  for (char& c : text) c = kBytes[(*random)() % kBytes.size()];
  return text;
}

void CompareAtRisingPlaces(const Condition& condition) {
  PrefilterConditions conditions;
  const uint32_t number = conditions.Add(condition);
  conditions.Finish();
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = RandomText(&random);
    PrefilterConditions::Memo memo;
    for (size_t at = random() % 5; at < text.size(); at += 1 + random() % 7) {
      ASSERT_EQ(conditions.Hold(number, text, at, &memo), HoldsByHand(condition, text, at))
          << text << " at " << at;
    }
  }
}

TEST(PrefilterConditionsHold, ForLiteralsAsWithoutAMemo) {
  Condition condition;
  for (const char* literal : {"key", "=a", "xyz"}) {
    Factor& factor = condition.any_of.emplace_back();
    for (const char* c = literal; *c != 0; ++c) factor.bytes += FoldByte(*c);
  }
  for (const auto& [back, ahead] : {std::pair{0, 3}, {12, 0}, {5, 5}, {40, 2}}) {
    condition.back = static_cast<size_t>(back);
    condition.ahead = static_cast<size_t>(ahead);
    CompareAtRisingPlaces(condition);
  }
}

TEST(PrefilterConditionsHold, ForRunsAsWithoutAMemo) {
  Condition condition;
  for (const char c : std::string_view("keyKEYab09xyz")) {
    condition.run.set(static_cast<unsigned char>(c));
  }
  condition.run_bytes = 10;
  condition.ahead = 20;
  CompareAtRisingPlaces(condition);
}

}  // namespace
}  // namespace kt::detect
