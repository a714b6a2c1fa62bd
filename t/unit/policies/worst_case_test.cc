// Rows of numbers, signs and words, which begin a candidate every few bytes: how many of them are
// judged, never how long that takes.
#include <gtest/gtest.h>

#include <memory>

#include "chain_fixture.h"
#include "core/policies/pii_rules.h"

namespace kt::policies {
namespace {

// A matcher of all rules of the packs that counts the bytes that are judged.
struct Counted {
  Counted() {
    auto rules = ReadPiiRules({}, ReadEmbeddedPack);
    EXPECT_TRUE(rules.ok());
    detect::Matcher::Builder builder;
    for (PiiRule& rule : rules.value()) {
      if (auto validate = std::move(rule.rule.validate)) {
        rule.rule.validate = [this, validate](const detect::Candidate& c) {
          judged += c.match().size();
          return validate(c);
        };
      }
      builder.Add(std::move(rule.rule));
    }
    matcher = std::move(std::move(builder).Build()).value();
  }
  size_t JudgedPerByte(std::string_view unit) {
    std::string text;
    while (text.size() < 20000) text += unit;
    judged = 0;
    std::vector<detect::Match> matches;
    EXPECT_TRUE(matcher->FindAll(text, 0, detect::Scope::kInput, &matches).ok());
    return judged / text.size();
  }
  size_t judged = 0;
  std::unique_ptr<const detect::Matcher> matcher;
};

TEST(WorstCase, RowsOfNumbersAndSignsAreHardlyJudged) {
  Counted counted;
  for (const char* unit : {"1-",  "-1",   "1/", "1.", "1 ",   "4 ",  "1=", "=1",  "0.",
                           "12-", "123-", "a=", "-a", "a-b=", "9,",  "1:", "a:",  "0x1 ",
                           "sk-", "key=", "=0", "+1", "1+",   "(1)", "1_", "=a1", "00 "}) {
    EXPECT_LE(counted.JudgedPerByte(unit), 8u) << unit;
  }
}

TEST(WorstCase, ANameBeforeThemMakesCandidatesOfFew) {
  Counted counted;
  for (const std::string name : {"ssn", "card", "phone", "account number", "vat", "order"}) {
    std::string unit = name + " ";
    while (unit.size() < 300) unit += "1-";
    EXPECT_LE(counted.JudgedPerByte(unit), 1u) << name;
  }
}

TEST(WorstCase, FirstLooksDenyNothingThatCounts) {
  const auto chain = Build(ConfigWith({"pii-detector"}));
  for (const char* text : {"ssn 123-45-6788", "(415) 555-2671", "call 1-415-555-2671",
                           "4111 1111 1111 1111", "visa 4111-1111-1111-1111", "bsn 111222333"}) {
    EXPECT_NE(Judge(*chain, text).text, text) << text;
  }
}

}  // namespace
}  // namespace kt::policies
