// What a text repeats is not looked at twice; what is found is the same.
#include "core/detect/repeats.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/detect/prefilter.h"
#include "unfiltered.h"

namespace kt::detect {
namespace {

std::string RandomUnit(std::mt19937* random, size_t most) {
  static constexpr std::string_view kBytes = "ab1-2 3.x=";
  std::string unit(1 + (*random)() % most, ' ');
  for (char& c : unit) c = kBytes[(*random)() % kBytes.size()];
  return unit;
}

// A unit again and again, with something else between some of them, and some bytes changed.
std::string RepeatingText(std::mt19937* random, const std::string& unit, size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    text += unit;
    if ((*random)() % 16 == 0) text += RandomUnit(random, 300);
  }
  for (size_t changes = (*random)() % 4; changes > 0; --changes) {
    text[(*random)() % text.size()] = "a1- ="[(*random)() % 5];
  }
  return text;
}

TEST(Repeats, AreTheSameBytes) {
  std::mt19937 random(1);
  size_t stretches = 0;
  for (int round = 0; round < 200; ++round) {
    const std::string text = RepeatingText(&random, RandomUnit(&random, 500), 5000);
    Repeats repeats;
    const size_t from = random() % 100;
    for (size_t at = from; at < text.size(); at += 1 + random() % 20) repeats.See(text, from, at);
    size_t end = 0;
    for (const Repeats::Stretch& same : repeats.stretches()) {
      ASSERT_GE(same.begin, from + same.distance);
      ASSERT_LE(end, same.end);
      ASSERT_LE(end = same.end, text.size());
      ASSERT_EQ(text.substr(same.begin, same.end - same.begin),
                text.substr(same.begin - same.distance, same.end - same.begin));
    }
    stretches += repeats.stretches().size();
  }
  EXPECT_GT(stretches, 200u);
}

// Rules of all kinds: with long gaps, with the same words, overlapping, without a bound, with a
// witness, with a validator that looks at what is before.
std::unique_ptr<const Matcher> SomeRules() {
  return RulesOf(
      {R"(\b\d(?:[ .-]?\d){3,9}\b)", R"(\d-\d[ .=]{1,3}x)", R"(a[ab1 .-]{0,200}x=)",
       R"((?i)b1[^x]{0,40}(?:ab|3\.)x)", R"(=a{1,3}b)", R"(x[^=]{0,600}=b1)", R"(ab[12 -]+\.x)",
       R"(1(?:-2|\.x){2,90}[ =])", R"(\bxa1[^1]{0,300}12[^2]{0,20}3)"},
      "ab");
}

TEST(Repeats, ChangeNoMatch) {
  const auto matcher = SomeRules();
  const Unfiltered unfiltered(*matcher);
  std::mt19937 random(2);
  size_t found = 0;
  for (int round = 0; round < 300; ++round) {
    const size_t most = round % 3 == 0 ? 12 : 700;
    const std::string text = RepeatingText(&random, RandomUnit(&random, most), 8000);
    const size_t from = random() % 3 == 0 ? random() % 900 : 0;
    std::vector<Match> matches;
    ASSERT_TRUE(matcher->FindAll(text, from, Scope::kInput, &matches).ok());
    ASSERT_EQ(Spans(matches), unfiltered.Find(text, from, Scope::kInput)) << text;
    found += matches.size();
  }
  EXPECT_GT(found, 10000u);
}

TEST(Repeats, SpareTheSecondLook) {
  Matcher::Builder builder;
  size_t judged = 0;
  Rule rule;
  rule.id = "numbers";
  rule.pattern = R"(\b\d(?:[ -]?\d){6,19}\b)";
  rule.validate = [&](const Candidate&) {
    ++judged;
    return size_t{0};
  };
  builder.Add(std::move(rule));
  const auto matcher = std::move(std::move(builder).Build()).value();
  std::string text;
  while (text.size() < 100000) text += "12345-678 and 1 234 567 or 98765432, ";
  std::vector<Match> matches;
  ASSERT_TRUE(matcher->FindAll(text, 0, Scope::kInput, &matches).ok());
  EXPECT_LT(judged, 2000u);
}

}  // namespace
}  // namespace kt::detect
