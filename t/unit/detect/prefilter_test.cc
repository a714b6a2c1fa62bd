#include "core/detect/prefilter.h"

#include <gtest/gtest.h>

#include "unfiltered.h"

namespace kt::detect {
namespace {

std::optional<FactorSet> Required(std::string_view pattern, bool ignore_case = true) {
  return RequiredFactors(std::move(ParseRegex(pattern, ignore_case)).value());
}

std::vector<std::string> Literals(std::string_view pattern) {
  std::vector<std::string> out;
  const std::optional<FactorSet> set = Required(pattern);
  if (set) {
    for (const Factor& factor : set->any_of) out.push_back(factor.bytes);
  }
  return out;
}

TEST(PrefilterFactors, PreferWhatOrdinaryTextDoesNotHold) {
  EXPECT_EQ(Literals(R"(\b(?:show|give)\s(?:me\s)?(?:the\s)?password\b)"),
            (std::vector<std::string>{"password"}));
  EXPECT_EQ(Literals(R"(\bthe\s(?:kill|murder)\b)"), (std::vector<std::string>{"kill", "murder"}));
}

// Nearly all blanks are one space; the others are one string more.
TEST(PrefilterFactors, GoOnBehindASpace) {
  const std::optional<FactorSet> set = Required(R"(\bwhat(?:\s{1,5})(?:did|now)\b)");
  ASSERT_TRUE(set);
  std::vector<std::string> literals;
  for (const Factor& factor : set->any_of) {
    literals.push_back(factor.bytes + (factor.odd_blank ? " or so" : ""));
  }
  EXPECT_EQ(literals, (std::vector<std::string>{"what or so", "what did", "what now"}));
}

TEST(PrefilterFactors, SayHowFarBehindTheBeginningTheyStand) {
  const std::optional<FactorSet> set = Required(R"(\b[a-z]{2,9}://x)");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->any_of.at(0).bytes, "://x");
  EXPECT_EQ(set->any_of.at(0).max_before, 27u) << "nine letters, each up to three bytes";
}

TEST(PrefilterFactors, CountTheDigitsOfNumbers) {
  const std::optional<FactorSet> set = Required(R"(\b\d{9}(?:\W|$))");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->any_of.at(0).min_digits, 9);
  EXPECT_EQ(set->any_of.at(0).start, Factor::Start::kWord);
}

TEST(PrefilterFactors, AreNoneWhereAnythingMayMatch) {
  EXPECT_FALSE(Required("[a-z]+"));
  EXPECT_FALSE(Required("(?:foo)?"));
  EXPECT_FALSE(Required("password|.x"));
}

// Rules of every shape, filtered against unfiltered.
TEST(Prefilter, LosesNoMatch) {
  const char* const patterns[] = {
      R"(\b\d{3}-\d{2}-\d{4}\b)",
      R"(\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,4}\b)",
      R"(\b\d(?:[ -]?\d){12,18}\b)",
      R"(\b(\d{1,3}(?:\.\d{1,3}){3})(?:[^\w.-]|$))",
      R"([a-z0-9.]{1,20}@[a-z]{1,9}\.com\b)",
      R"(\+[1-9](?:[ .-]?\d){6,15}\b)",
      R"(\b(?:kill|skills?|task) (?:the )?(?:king|secret)s?\b)",
      R"((?:^|\n)### ?system)",
      R"(secret_?key[=:]\s?(\w{8,16}))",
      R"(\bsk-[A-Za-z0-9]{8,40})",
      R"(_key_[0-9]{2})",
      R"(\n> quote|\t{2}x)",
      R"((?:\b| )_x[0-9])",
      R"([\[\\\]^]{2}z)",
      R"(\b[a-f0-9]{32}\b)",
      R"(提示(?:词|系统)?|忽略之前)",
      R"(привет,? мир)",
      R"(<\|[a-z_]+\|>)",
      R"(\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]+)",
      R"(\bpassword[^\n]*over\b)",
      R"([a-z]{3,5}\d)",
      R"(\B-[0-9]x|q{2,})",
      R"((?:a|b\s{0,2})*foo(?:bar)+\b)",
  };
  Matcher::Builder builder;
  std::vector<RegexNode> trees;
  for (const bool ignore_case : {false, true}) {
    for (const char* pattern : patterns) {
      Rule rule;
      rule.id = rule.pattern = pattern;
      rule.ignore_case = ignore_case;
      rule.validate = [](const Candidate& c) -> size_t {
        return c.match().size() % 5 == 0 ? c.match().size() / 2 : c.match().size();
      };
      builder.Add(rule);
      trees.push_back(std::move(ParseRegex(pattern, ignore_case)).value());
    }
  }
  const auto matcher = std::move(builder).Build();
  ASSERT_TRUE(matcher.ok());
  const Unfiltered unfiltered(*matcher.value());
  RegexSampler sampler(5);
  size_t found = 0;
  for (int round = 0; round < 6000; ++round) {
    const std::string text = HardText(trees[sampler.Below(trees.size())], &sampler) +
                             HardText(trees[sampler.Below(trees.size())], &sampler);
    size_t from = sampler.Below(4) == 0 ? sampler.Below(text.size() + 1) : 0;
    while (from < text.size() && IsUtf8Tail(text[from])) ++from;
    std::vector<Match> matches;
    ASSERT_TRUE(matcher.value()->FindAll(text, from, Scope::kInput, &matches).ok());
    ASSERT_EQ(Spans(matches), unfiltered.Find(text, from, Scope::kInput)) << text << " " << from;
    found += matches.size();
  }
  EXPECT_GT(found, 3000u);
}

// Where the prefilter sees no beginning, no match begins, whatever follows.
TEST(Prefilter, SeesEveryBeginning) {
  RegexSampler sampler(6);
  for (const char* pattern :
       {R"(\b\d{3}-\d{2}-\d{4}\b)", R"((?i)\bkill (?:the )?king\b)", R"(\bsk-[a-z]{8})",
        R"([a-z.]{1,9}@x)", R"(提示(?:词)?)", R"((?i)secret)", R"(\b[A-Z]{2}\d{2}[A-Z]{4})"}) {
    const RegexNode tree = std::move(ParseRegex(pattern)).value();
    const std::optional<std::vector<Factor>> beginnings = Beginnings(tree);
    ASSERT_TRUE(beginnings) << pattern;
    Prefilter prefilter;
    prefilter.AddBeginnings(0, GroupsOf(*beginnings), SIZE_MAX);
    prefilter.Finish();
    const RE2 whole(pattern, RE2::Quiet);
    for (int i = 0; i < 200; ++i) {
      const std::string match = sampler.Sample(tree);
      const std::string text = "a b, " + match;
      if (!RE2::FullMatch(match, whole)) continue;
      for (size_t end = 6; end <= text.size(); ++end) {
        const std::string_view head = std::string_view(text).substr(0, end);
        if (end < text.size() && IsUtf8Tail(text[end])) continue;
        const auto all = [](uint32_t, size_t) { return true; };
        ASSERT_LE(prefilter.FirstBeginning(head, 0, all), 5u) << pattern << " on " << head;
      }
    }
  }
}

}  // namespace
}  // namespace kt::detect
