// What is said of a candidate before its expression runs never says no to one that counts.
//
// To look further than a build should: KT_SEED, KT_ROUNDS.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "../setting.h"
#include "chain_fixture.h"
#include "core/policies/id_checks.h"
#include "core/policies/pii_rules.h"
#include "sample_values.h"

namespace kt::policies {
namespace {

// All rules that have a first look, with it or without it.
std::unique_ptr<const detect::Matcher> Rules(bool with_looks) {
  config::PiiDetector all;
  all.entities = {"ALL"};
  auto rules = ReadPiiRules(all, ReadEmbeddedPack);
  EXPECT_TRUE(rules.ok()) << rules.status().message();
  detect::Matcher::Builder builder;
  for (PiiRule& rule : rules.value()) {
    if (!rule.rule.may_begin) continue;
    if (!with_looks) rule.rule.may_begin = nullptr;
    builder.Add(std::move(rule.rule));
  }
  return std::move(std::move(builder).Build()).value();
}

class Texts {
 public:
  explicit Texts(unsigned seed) : random_(seed) {}

  std::string Next() {
    std::string text;
    while (text.size() < 200) {
      text += Any({"", " ", " ", " ", "\n", "-", ".", "/", ":", "=", ", ", "x", "9", "(", "_"});
      text += Piece();
    }
    return text;
  }

 private:
  size_t Below(size_t end) { return random_() % end; }
  std::string Any(std::initializer_list<const char*> choices) {
    return choices.begin()[Below(choices.size())];
  }
  std::string Digits(size_t count) {
    std::string digits;
    while (digits.size() < count) digits += static_cast<char>('0' + Below(10));
    return digits;
  }
  // Issuers that there are and others, the check digit right, in groups of many sizes.
  std::string CardNumber() {
    std::string digits = Any({"4", "51", "2221", "37", "6011", "36", "50", "62", "9792", "9", "1"});
    digits += Digits(12 + Below(7) - digits.size());
    for (digits += '0'; !PassesLuhn(digits); ++digits.back()) {
    }
    const std::string joint = Any({" ", "-", ".", "  ", " - ", "\n", "_", "/"});
    std::string groups;
    const size_t second = Below(2) == 0 ? 4 : 6;
    for (size_t at = 0; at < digits.size();) {
      size_t size = at == 4 ? second : at > 4 && second == 6 ? 5 : 4;
      if (Below(12) == 0) size = 1 + Below(6);
      groups += (at == 0 ? "" : joint) + digits.substr(at, size);
      at += size;
    }
    return Below(3) == 0 ? digits : groups;
  }
  std::string Numbers(const char* joint, size_t most, const char* format, unsigned end) {
    std::string numbers;
    char number[16];
    for (size_t i = 2 + Below(most); i > 0; --i) {
      std::snprintf(number, sizeof number, format, static_cast<unsigned>(Below(end)));
      numbers += (numbers.empty() ? "" : Below(9) == 0 ? "::" : joint) + std::string(number);
    }
    return numbers;
  }
  std::string Piece() {
    switch (Below(8)) {
      case 0:
        return CardNumber();
      case 1:
        return Numbers(".", 5, "%u", 300);
      case 2:
        return Numbers(":", 9, Below(2) == 0 ? "%x" : "%02x", Below(2) == 0 ? 256 : 65536);
      case 3:
        return Digits(1 + Below(20));
      case 4:
        return Any({"card", "phone", "id", "ssn", "iban", "tel.", "call me", "order", "nino", "ip",
                    "001b.4411.3ab7", "15070649C103"});
      default:
        break;
    }
    std::string value = kSampleValues[Below(std::size(kSampleValues))];
    for (size_t changes = Below(3); changes > 0; --changes) {
      char& byte = value[Below(value.size())];
      if (byte >= '0' && byte <= '9') byte = static_cast<char>('0' + Below(10));
      if (byte == ' ' || byte == '-') byte = Any({" ", "-", ".", "/"})[0];
    }
    return value;
  }

  std::mt19937 random_;
};

TEST(ValueBegins, ALookNeverHidesWhatCounts) {
  const auto looks = Rules(true), all = Rules(false);
  Texts texts(Setting("KT_SEED", 7));
  size_t found = 0;
  for (unsigned round = Setting("KT_ROUNDS", 3000); round > 0; --round) {
    const std::string text = texts.Next();
    std::vector<detect::Match> with, without;
    ASSERT_TRUE(looks->FindAll(text, 0, detect::Scope::kInput, &with).ok());
    ASSERT_TRUE(all->FindAll(text, 0, detect::Scope::kInput, &without).ok());
    found += without.size();
    ASSERT_EQ(with.size(), without.size()) << text;
    for (size_t i = 0; i < with.size(); ++i) {
      ASSERT_EQ(with[i].rule, without[i].rule) << text;
      ASSERT_EQ(with[i].begin, without[i].begin) << text;
      ASSERT_EQ(with[i].end, without[i].end) << text;
    }
  }
  EXPECT_GT(found, Setting("KT_ROUNDS", 3000)) << "the texts hold hardly anything";
}

}  // namespace
}  // namespace kt::policies
