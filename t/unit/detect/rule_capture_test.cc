// Where the group of a match begins, as the faster automaton tells it.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/detect/matcher.h"
#include "core/detect/rule_facts.h"

namespace kt::detect {
namespace {

using Spans = std::vector<std::pair<size_t, size_t>>;

Spans FoundBy(const Matcher& matcher, const std::string& text) {
  std::vector<Match> matches;
  EXPECT_TRUE(matcher.FindAll(text, 0, Scope::kInput, &matches).ok());
  Spans spans;
  for (const Match& match : matches) spans.emplace_back(match.begin, match.end);
  return spans;
}

// What the whole expression says by itself.
Spans FoundByRe2(const RE2& expression, const std::string& text) {
  Spans spans;
  re2::StringPiece groups[2];
  for (size_t at = 0; expression.Match(text, at, text.size(), RE2::UNANCHORED, groups, 2);) {
    const auto begin = static_cast<size_t>(groups[1].data() - text.data());
    spans.emplace_back(begin, begin + groups[1].size());
    at = spans.back().second;
  }
  return spans;
}

TEST(RuleCapture, EscapedBytesOfAGroupAreToldByItsHead) {
  EXPECT_EQ(HeadOf("key=(?:[a-y]|\\\\[a-y]){3,8}").group_bytes, 0u);  // no group
  const GroupHead head = HeadOf("key=((?:[a-y]|\\\\[a-y]){3,8})");
  EXPECT_EQ(head.pattern, "key=(?:[a-y]|\\\\[a-y]){3}");
  EXPECT_EQ(head.group_bytes, 3u);
  EXPECT_EQ(head.escape, '\\');
  // What may stand before is not told from what is one of them.
  EXPECT_EQ(HeadOf("key=((?:[a-y\\\\]|\\\\[a-y]){3,8})").group_bytes, 0u);
  EXPECT_EQ(HeadOf("key=((?:[a-y]|\\\\[a-y\\\\]){3,8})").group_bytes, 0u);
  EXPECT_EQ(HeadOf("key=((?:[a-y]|[01][a-y]){3,8})").group_bytes, 0u);
}

TEST(RuleCapture, GroupsAreThoseOfTheWholeExpression) {
  const char* const patterns[] = {
      "x((?:[a-d]|\\\\[a-d]){3,6})",
      "x\\\\{0,3}[\"=]?((?:[a-d]|\\\\[a-d]){3,6})",
      "x(?:a|\\\\a|ab|\\\\)?((?:[a-d]|\\\\[a-d]){2,4})",
      "x=?([a-d]{3,6})",
  };
  std::mt19937 random(11);
  for (const char* pattern : patterns) {
    Matcher::Builder builder;
    Rule rule;
    rule.id = "rule";
    rule.pattern = pattern;
    rule.group = 1;
    builder.Add(std::move(rule));
    const auto matcher = std::move(builder).Build();
    ASSERT_TRUE(matcher.ok());
    const RE2 expression(pattern);
    for (int round = 0; round < 20000; ++round) {
      std::string text;
      const size_t size = random() % 30;
      while (text.size() < size) text += "xxabcd\\\\\\\"= "[random() % 12];
      ASSERT_EQ(FoundBy(*matcher.value(), text), FoundByRe2(expression, text)) << pattern << "\n"
                                                                               << text;
    }
  }
}

}  // namespace
}  // namespace kt::detect
