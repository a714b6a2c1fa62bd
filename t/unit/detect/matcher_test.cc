#include "core/detect/matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "regex_sampler.h"

namespace kt::detect {
namespace {

Rule Of(std::string id, std::string pattern) {
  Rule rule;
  rule.id = std::move(id);
  rule.pattern = std::move(pattern);
  rule.output = true;
  return rule;
}

std::unique_ptr<const Matcher> Make(std::vector<Rule> rules) {
  Matcher::Builder builder;
  for (Rule& rule : rules) builder.Add(std::move(rule));
  Result<std::unique_ptr<const Matcher>> matcher = std::move(builder).Build();
  EXPECT_TRUE(matcher.ok()) << matcher.status().message();
  return std::move(matcher).value();
}

std::vector<std::string> Found(const Matcher& matcher, std::string_view text, size_t from = 0) {
  std::vector<Match> matches;
  EXPECT_TRUE(matcher.FindAll(text, from, Scope::kOutput, &matches).ok());
  std::vector<std::string> out;
  for (const Match& m : matches) {
    out.push_back(matcher.rule(m.rule).id + "=" +
                  std::string(text.substr(m.begin, m.end - m.begin)));
  }
  return out;
}

TEST(Matcher, OrdersByBeginThenLongerFirst) {
  const auto matcher = Make({Of("short", "ab"), Of("long", "abc"), Of("late", "c")});
  EXPECT_EQ(Found(*matcher, "abc"), (std::vector<std::string>{"long=abc", "short=ab", "late=c"}));
}

TEST(Matcher, MatchesOfOneRuleDoNotOverlap) {
  EXPECT_EQ(Found(*Make({Of("a", "aa")}), "aaaaa"), (std::vector<std::string>{"a=aa", "a=aa"}));
}

TEST(Matcher, FindsAnotherCandidateInsideARejectedOne) {
  Rule rule = Of("even", "[0-9é]{3}");
  rule.validate = [](const Candidate& c) -> size_t {
    return c.match()[0] == '3' ? c.match().size() : 0;
  };
  EXPECT_EQ(Found(*Make({rule}), "1é345"), (std::vector<std::string>{"even=345"}));
}

TEST(Matcher, AValidatorMayTakeABeginningOfTheCandidate) {
  Rule rule = Of("half", "[0-9]{4}");
  rule.validate = [](const Candidate&) -> size_t { return 2; };
  EXPECT_EQ(Found(*Make({rule}), "12345"), (std::vector<std::string>{"half=12"}));
  EXPECT_EQ(Found(*Make({rule}), "123456"), (std::vector<std::string>{"half=12", "half=34"}));
}

TEST(Matcher, ReportsTheGroupAndWhereTheWholeBegan) {
  Rule rule = Of("key", "key=([a-z]+);");
  rule.group = 1;
  const auto matcher = Make({rule});
  std::vector<Match> matches;
  ASSERT_TRUE(matcher->FindAll("a key=bc;", 0, Scope::kOutput, &matches).ok());
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_EQ(matches[0].whole_begin, 2u);
  EXPECT_EQ(matches[0].begin, 6u);
  EXPECT_EQ(matches[0].end, 8u);
}

TEST(Matcher, LooksAtTheCharacterBeforeFrom) {
  const auto matcher = Make({Of("word", R"(\b[0-9]{3}\b)"), Of("inner", R"(\B-[0-9])")});
  EXPECT_TRUE(Found(*matcher, "x123", 1).empty());
  EXPECT_EQ(Found(*matcher, " 123", 1), (std::vector<std::string>{"word=123"}));
  EXPECT_EQ(Found(*matcher, "--1", 1), (std::vector<std::string>{"inner=-1"}));
}

TEST(Matcher, KeepsInputAndOutputRulesApart) {
  Rule in = Of("in", "a");
  in.output = false;
  Rule out = Of("out", "a");
  out.input = false;
  const auto matcher = Make({in, out});
  std::vector<Match> matches;
  ASSERT_TRUE(matcher->FindAll("a", 0, Scope::kInput, &matches).ok());
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_EQ(matcher->rule(matches[0].rule).id, "in");
  EXPECT_EQ(Found(*matcher, "a"), (std::vector<std::string>{"out=a"}));
}

TEST(Matcher, NamesTheRuleThatDoesNotCompile) {
  Matcher::Builder builder;
  builder.Add(Of("fine", "a"));
  builder.Add(Of("broken", "a("));
  const auto result = std::move(builder).Build();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(result.status().message().find("broken"), std::string::npos);
}

TEST(Matcher, AnOutputRuleWithoutBoundMakesAnswersUnstreamable) {
  const auto matcher = Make({Of("bounded", "a{3}"), Of("endless", "b+c")});
  EXPECT_FALSE(matcher->streamable());
  EXPECT_EQ(matcher->unbounded(), (std::vector<RuleId>{1}));
  EXPECT_EQ(matcher->HoldFrom("hello", 2), 2u);
}

TEST(Matcher, ADeclaredBoundKeepsAnswersStreamable) {
  Rule rule = Of("pem", "BEGIN[a-z]+END");
  rule.max_match_bytes = 1000;
  const auto matcher = Make({rule});
  EXPECT_TRUE(matcher->streamable());
  EXPECT_EQ(matcher->longest_match_bytes(), 1000u);
  const std::string open = "x BEGIN" + std::string(3000, 'q');
  EXPECT_EQ(matcher->HoldFrom(open, 0), 2u) << "never let go of, however long";
}

TEST(Matcher, InputOnlyRulesDoNotHoldAnswersBack) {
  Rule rule = Of("in", "a+b");
  rule.output = false;
  const auto matcher = Make({rule, Of("out", "cd")});
  EXPECT_TRUE(matcher->streamable());
  EXPECT_EQ(matcher->HoldFrom("aaaa", 0), 4u);
  EXPECT_EQ(matcher->HoldFrom("aaac", 0), 3u);
}

TEST(Matcher, HoldsOrdinaryProseNotAtAll) {
  const auto matcher = Make({Of("ssn", R"(\b\d{3}-\d{2}-\d{4}\b)")});
  EXPECT_EQ(matcher->HoldFrom("The answer is", 0), 13u);
  EXPECT_EQ(matcher->HoldFrom("The answer is 123-4", 0), 14u);
  EXPECT_EQ(matcher->HoldFrom("The answer is 123-45-6789", 0), 14u) << "a digit may follow";
  EXPECT_EQ(matcher->HoldFrom("The answer is 123-45-6789.", 0), 26u);
}

// All matches that begin before the hold are the same in every continuation.
TEST(Matcher, HoldsABeginningOfEachOfItsBranches) {
  const auto matcher = Make({Of("codes", R"(\b(?:ab\d{6}x|abc-[a-z]{4}!))")});
  for (const char* beginning : {"a", "ab", "ab1", "ab12345", "abc", "abc-", "abc-xyz"}) {
    EXPECT_EQ(matcher->HoldFrom(std::string("say ") + beginning, 0), 4u) << beginning;
  }
  for (const std::string other : {"say abd", "say ab1-", "say abc1", "say abc-1"}) {
    EXPECT_EQ(matcher->HoldFrom(other, 0), other.size()) << other;
  }
}

TEST(Matcher, LetsGoOfABeginningBehindMoreBlanksThanTheRuleAllows) {
  const auto matcher = Make({Of("words", R"(\bnew\s{1,5}rules\b)")});
  EXPECT_EQ(matcher->HoldFrom("a new     ", 0), 2u);
  EXPECT_EQ(matcher->HoldFrom("a new      ", 0), 11u);
}

TEST(Matcher, WhatBeginsBeforeTheHoldIsFinal) {
  Rule digits = Of("digits", R"(\b\d(?:[ -]?\d){5,9}\b)");
  digits.validate = [](const Candidate& c) -> size_t {
    int sum = 0;
    for (const char d : c.match()) sum += d;
    return sum % 3 == 0 ? c.match().size() : (sum % 3 == 1 ? c.match().size() / 2 : 0);
  };
  Rule key = Of("key", R"((?i)(?:key|id):\s?([a-z0-9]{4,30})(?:[^a-z0-9]|$))");
  key.group = 1;
  const char* const patterns[] = {R"(\b\d{3}-\d{2}-\d{4}\b)",
                                  R"([a-z.]{1,20}@[a-z]{1,9}\.com\b)",
                                  R"(\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,4}\b)",
                                  R"(提示(?:词|系统)?)",
                                  R"(\b[a-zA-Z][a-z0-9]{0,3}@[a-z]{1,3}\b)",
                                  R"((?:[=:>,]|\|\|)[=: ]{0,3}[a-z0-9]{4,9}\b)",
                                  R"(\b\d{2}[a-z]{1,3}-x)"};
  std::vector<Rule> rules = {digits, key};
  for (const char* pattern : patterns) rules.push_back(Of(pattern, pattern));
  const auto matcher = Make(rules);

  RegexSampler sampler(11);
  const char* const filler[] = {"hello ", "1", " ",    "-",  "é",    "12 ",
                                "a",      "K", "id: ", "@x", ".com", "提"};
  for (int round = 0; round < 150; ++round) {
    std::string text;
    for (int part = 0; part < 8; ++part) {
      if (sampler.Below(2) == 0) {
        text += filler[sampler.Below(std::size(filler))];
        continue;
      }
      const Rule& rule = rules[sampler.Below(rules.size())];
      text += sampler.Sample(std::move(ParseRegex(rule.pattern)).value());
    }
    std::vector<Match> whole;
    ASSERT_TRUE(matcher->FindAll(text, 0, Scope::kOutput, &whole).ok());
    using Key = std::tuple<RuleId, size_t, size_t>;
    for (size_t cut = 1; cut < text.size(); ++cut) {
      if ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) continue;
      const std::string_view head = std::string_view(text).substr(0, cut);
      const size_t hold = matcher->HoldFrom(head, 0);
      std::vector<Match> part;
      ASSERT_TRUE(matcher->FindAll(head, 0, Scope::kOutput, &part).ok());
      std::set<Key> before, after;
      for (const Match& m : part) {
        if (m.whole_begin < hold) before.insert({m.rule, m.begin, m.end});
      }
      for (const Match& m : whole) {
        if (m.whole_begin < hold) after.insert({m.rule, m.begin, m.end});
      }
      ASSERT_EQ(before, after) << text << " cut at " << cut << ", hold " << hold;
    }
  }
}

TEST(Matcher, AnUnboundedRuleFindsTheSameInLongTexts) {
  const auto matcher = Make({Of("span", "<[a-z ]*>|q")});
  std::string text, filler(700, 'x');
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    const std::string inside(static_cast<size_t>(i) * 300, 'b');
    text += filler + "<" + inside + ">" + filler + "q<aq";
    expected.insert(expected.end(), {"span=<" + inside + ">", "span=q", "span=q"});
  }
  EXPECT_EQ(Found(*matcher, text), expected);
}

TEST(Matcher, FailsRatherThanSpendMoreThanLinearTime) {
  // Every q is a match, but each time "<" might still go on to a digit at the very end.
  const auto matcher = Make({Of("span", "(?s)<.*[0-9]|q")});
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "<q";
  std::vector<Match> matches;
  EXPECT_EQ(matcher->FindAll(text, 0, Scope::kOutput, &matches).code(),
            StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace kt::detect
