#include "core/detect/work_budget.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/detect/fuzzy.h"
#include "core/detect/matcher.h"
#include "unfiltered.h"

namespace kt::detect {
namespace {

constexpr uint64_t kLong = uint64_t{1} << 60, kNoTime = 1;

std::unique_ptr<const Matcher> MatcherOf(const std::vector<std::string>& patterns,
                                         bool trusted = false, uint32_t fuzzy_distance = 0) {
  Matcher::Builder builder;
  for (size_t i = 0; i < patterns.size(); ++i) {
    Rule rule;
    rule.id = "rule[" + std::to_string(i) + "]";
    rule.pattern = patterns[i];
    rule.trusted = trusted;
    rule.fuzzy_distance = fuzzy_distance;
    builder.Add(std::move(rule));
  }
  auto built = std::move(builder).Build();
  EXPECT_TRUE(built.ok()) << built.status().message();
  return std::move(built).value();
}

Status Find(const Matcher& matcher, std::string_view text, WorkBudget* budget,
            std::vector<Match>* matches) {
  return matcher.FindAll(text, 0, Scope::kInput, matches, nullptr, budget);
}

// Without an order that an automaton could learn.
std::string Noise(std::string_view letters, size_t bytes) {
  std::mt19937 random(3);
  std::string text(bytes, '\0');
  for (char& c : text) c = letters[random() % letters.size()];
  return text;
}

TEST(WorkBudget, MatchesOfAllTextsAndRulesAreCounted) {
  for (const bool trusted : {false, true}) {
    const auto matcher = MatcherOf({"\\d", "[0-4]"}, trusted);
    WorkBudget budget(25, kLong);
    std::vector<Match> matches;
    EXPECT_TRUE(Find(*matcher, "a1b2c3d9", &budget, &matches).ok());
    EXPECT_EQ(budget.matches_left(), 25u - 7u);
    EXPECT_TRUE(Find(*matcher, "99999 99999", &budget, &matches).ok());
    const Status spent = Find(*matcher, "11111 11111", &budget, &matches);
    EXPECT_EQ(spent.code(), StatusCode::kResourceExhausted) << trusted;
    EXPECT_LE(matches.size(), 30u);
  }
}

TEST(WorkBudget, ARuleWithoutBoundIsCountedToo) {
  const auto matcher = MatcherOf({"a+", "(?:b+|c+)+"});
  WorkBudget budget(100, kLong);
  std::vector<Match> matches;
  const Status spent = Find(*matcher, Noise("ax bc", 2000), &budget, &matches);
  EXPECT_EQ(spent.code(), StatusCode::kResourceExhausted);
  EXPECT_LE(matches.size(), 200u);
}

const std::vector<std::vector<std::string>> kCostly = {
    {"[a-z]{2,9}.{0,90}\\d{5}"},             // one longest match, around candidates
    {"[ab]{2,50}a[ab0-9 ]{40}zz[c-e]?z"},    // nothing matches
    {"(?:[a-z0-9 ]{3,60}[0-9])+z{2}[0-9]"},  // no longest match
    {"[^z]{3,7}[^0-9].{0,70}[^a-z]"},        // no literal
    {"\\pL{2,9}.{0,90}\\pN{5}"},
};

TEST(WorkBudget, OwnRulesEndWithTheirTimeAndSayWhich) {
  const std::string text = Noise("ab0123456789 z", 600'000);
  for (const auto& patterns : kCostly) {
    const auto matcher = MatcherOf(patterns);
    WorkBudget budget(WorkBudget::kMostMatches, kNoTime);
    std::vector<Match> matches;
    const Status status = Find(*matcher, text, &budget, &matches);
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << patterns[0];
    EXPECT_NE(status.message().find("cost"), std::string::npos) << status.message();
  }
}

TEST(WorkBudget, ASmallTextNeverRunsOutOfTime) {
  const auto matcher = MatcherOf({"[a-z]{2,9}.{0,90}\\d{5}", "[^z]{3,7}[^0-9]"});
  std::vector<Match> matches;
  WorkBudget budget(WorkBudget::kMostMatches, kNoTime);
  EXPECT_TRUE(Find(*matcher, Noise("ab0123456789 ", 300), &budget, &matches).ok());
  EXPECT_FALSE(matches.empty());
}

TEST(WorkBudget, RulesOfThePacksTakeWhatTheyTake) {
  const auto matcher = MatcherOf({"[a-z]{2,9}\\d{5}"}, true);
  std::vector<Match> matches;
  WorkBudget budget(WorkBudget::kMostMatches, kNoTime);
  EXPECT_TRUE(Find(*matcher, Noise("ab0123456789 ", 600'000), &budget, &matches).ok());
}

TEST(WorkBudget, TermsThatMayBeMisspeltEndToo) {
  const auto matcher = MatcherOf({"aaaa aaaa aaaa", "ab ab ab ab ab ab"}, false, 3);
  std::vector<Match> matches;
  WorkBudget late(WorkBudget::kMostMatches, kNoTime);
  EXPECT_EQ(Find(*matcher, Noise("ab  ", 200'000), &late, &matches).code(),
            StatusCode::kResourceExhausted);
  matches.clear();
  WorkBudget few(3, kLong);
  std::string text;
  for (int i = 0; i < 10; ++i) text += "aaaa aaaa aaaa. ";
  EXPECT_EQ(Find(*matcher, text, &few, &matches).code(), StatusCode::kResourceExhausted);
}

// Long texts are looked at in pieces: it must not show where.
TEST(WorkBudget, PiecesChangeNothing) {
  const auto matcher =
      MatcherOf({"[a-z]{2,9}.{0,9}\\d{3}", "[^z]{20,50}[^0-9]", "\\b\\d{2,3}\\b", "[ab]{1,200}z",
                 "[^ ]{3,9}$", "\\pN{3}\\PN{2}", "(?m)^[^a]{2,5}", "\\Bz\\B"});
  const Unfiltered unfiltered(*matcher);
  std::mt19937 random(11);
  for (const char* letters : {"ab01 z\n", "abz", "0123 ", "z9 \nzzzzzz"}) {
    const std::string text = Noise(letters, 70'000 + random() % 100);
    for (const size_t from : {size_t{0}, size_t{5}, size_t{32'767}}) {
      std::vector<Match> matches;
      WorkBudget budget(SIZE_MAX / 2, kLong);
      ASSERT_TRUE(matcher->FindAll(text, from, Scope::kInput, &matches, nullptr, &budget).ok());
      const std::vector<Span> found = Spans(matches);
      const std::vector<Span> expected = unfiltered.Find(text, from, Scope::kInput);
      EXPECT_TRUE(found == expected) << letters << " from " << from;  // both are very long
    }
  }
}

}  // namespace
}  // namespace kt::detect
