// What spares the expressions of rules: nothing else is found than without it.
#include <gtest/gtest.h>

#include "unfiltered.h"

namespace kt::detect {
namespace {

std::unique_ptr<const Matcher> MatcherOf(Rule rule) {
  rule.id = "test";
  Matcher::Builder builder;
  builder.Add(std::move(rule));
  auto matcher = std::move(builder).Build();
  EXPECT_TRUE(matcher.ok()) << matcher.status().message();
  return std::move(matcher).value();
}

std::vector<Match> FindIn(const Matcher& matcher, std::string_view text) {
  std::vector<Match> found;
  EXPECT_TRUE(matcher.FindAll(text, 0, Scope::kInput, &found).ok());
  return found;
}

// The value of a group is found by a shorter expression; it must be the one that RE2 tells.
TEST(Candidates, GroupsAreThoseOfTheExpression) {
  const char* const patterns[] = {
      R"((?:key|token)[a-z_.-]{0,9}[\s"]{0,2}[=:]{1,2}["\s=]{0,3}([A-Za-z0-9][A-Za-z0-9_.=-]{5,40}))",
      R"([=:>][=:>\s]{0,4}([a-z0-9][a-z0-9=.]{4,30}))",
      R"(\bid[a-z=]{0,6}=?([a-z=]{3,20}))",
      R"((?i:\bkey=[a-z]{0,3})([a-z]{2,9}))",
      R"(x(?:ab|a)?([ab]{2,6}))",
      R"((?i)key=([sk]{4,9}))",
      R"(a=(b{2,5})|c=(d{2,5}))",
  };
  RegexSampler sampler(3);
  for (const char* pattern : patterns) {
    Rule rule;
    rule.pattern = pattern;
    rule.group = 1;
    const auto matcher = MatcherOf(std::move(rule));
    const RE2 expression(pattern, QuietOptions(false, 1 << 20));
    const auto tree = ParseRegex(pattern, false);
    ASSERT_TRUE(tree.ok());
    for (int i = 0; i < 300; ++i) {
      const std::string text = HardText(tree.value(), &sampler);
      for (const Match& match : FindIn(*matcher, text)) {
        re2::StringPiece groups[2];
        ASSERT_TRUE(
            expression.Match(text, match.whole_begin, text.size(), RE2::ANCHOR_START, groups, 2));
        EXPECT_EQ(std::string(groups[1].data(), groups[1].size()),
                  text.substr(match.begin, match.end - match.begin))
            << pattern << ": " << text;
      }
    }
  }
}

TEST(Candidates, WhatCannotCountIsNotJudged) {
  size_t judged = 0;
  Rule rule;
  rule.pattern = R"(\b\d(?:[ -]?\d){6,19}\b)";
  rule.may_begin = [](std::string_view text, size_t begin) {
    return begin == 0 || text[begin - 1] != '-';
  };
  rule.validate = [&](const Candidate& c) {
    ++judged;
    return c.begin == 0 || c.text[c.begin - 1] != '-' ? size_t{7} : 0;
  };
  const auto matcher = MatcherOf(std::move(rule));
  std::string text = "x";
  for (int i = 0; i < 5000; ++i) text += "-1";
  EXPECT_TRUE(FindIn(*matcher, text).empty());
  EXPECT_EQ(judged, 0u);
  EXPECT_EQ(FindIn(*matcher, text + " 1234567").size(), 1u);
}

TEST(Candidates, WhatRepeatsFewBytesIsNotJudged) {
  size_t judged = 0;
  Rule rule;
  rule.pattern = R"(=([a-z0-9][a-z0-9=]{9,99}))";
  rule.group = 1;
  rule.min_kinds = 6;
  rule.validate = [&](const Candidate& c) {
    ++judged;
    return c.match().size();
  };
  const auto matcher = MatcherOf(std::move(rule));
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "=a1";
  EXPECT_TRUE(FindIn(*matcher, text).empty());
  EXPECT_EQ(judged, 0u);
  EXPECT_EQ(FindIn(*matcher, text + " =abcdefghij").size(), 1u);
}

// Many places of one range, none of which begins a match, are tried all at once.
TEST(Candidates, ARangeOfManyPlacesLosesNoMatch) {
  Rule rule;
  rule.pattern = R"(\b[a-z][a-z.]{0,40}@[a-z]{2,9}\.com\b)";
  const auto matcher = MatcherOf(std::move(rule));
  const Unfiltered unfiltered(*matcher);
  for (const char* tail : {"@", "@x", "@acme.com", "@acme.org", "@acme.com.a.b@acme.com"}) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += "a.b.";
    text = text + "c" + tail + " " + text + "c@acme.com";
    EXPECT_EQ(Spans(FindIn(*matcher, text)), unfiltered.Find(text, 0, Scope::kInput)) << text;
  }
}

}  // namespace
}  // namespace kt::detect
