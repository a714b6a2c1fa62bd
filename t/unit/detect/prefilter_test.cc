#include "core/detect/prefilter.h"

#include <gtest/gtest.h>

#include "core/detect/prefix.h"
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
  EXPECT_EQ(set->any_of.at(0).min_before, 2u);
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

// U+212A is a k to a rule that matches in any case, and none to the one beside it.
TEST(Prefilter, LosesNoMatchBesideARuleThatFolds) {
  for (const char* const other : {"zebra", "__", "\\d{9}"}) {
    Matcher::Builder builder;
    for (const char* const pattern :
         {R"((?:k[é-ü]{3,12}\W{3,12}s)(?:\s{1,3}\d{3,12}){2}\s)", other}) {
      Rule rule;
      rule.id = rule.pattern = pattern;
      rule.ignore_case = pattern == other;
      builder.Add(std::move(rule));
    }
    const auto matcher = std::move(builder).Build();
    std::vector<Match> matches;
    const std::string text = "kééé###\u212As\n780\r 750839049 ";
    ASSERT_TRUE(matcher.value()->FindAll(text, 0, Scope::kInput, &matches).ok());
    EXPECT_TRUE(std::any_of(matches.begin(), matches.end(), [](const Match& match) {
      return match.rule == 0;
    })) << other;
  }
}

// Of some of these a match begins nearly wherever a word, a number or a sign does; of some a run of
// bytes says by itself whether one begins.
const char* const kBeginning[] = {
    R"(\b\d{3}-\d{2}-\d{4}\b)",
    R"((?i)\bkill (?:the )?king\b)",
    R"(\bsk-[a-z]{8})",
    R"([a-z.]{1,9}@x)",
    R"(提示(?:词)?)",
    R"((?i)secret)",
    R"(\b[A-Z]{2}\d{2}[A-Z]{4})",
    R"(\b[A-Za-z0-9_][A-Za-z0-9._-]{0,9}@[a-z]{1,9}\.x\b)",
    R"((?i)\b[a-z]{2}\d{2}(?: ?[a-z0-9]){5,9}\b)",
    R"((?i)\b[a-j][a-z0-9]{1,9}[_.-][a-z]{3}|\b[a-f0-9]{4}:)",
    R"((?:[=:>,]|\|\|)[=:> ]{0,6}[a-z0-9]{9,20})",
    R"(\b(?:\d{2}\.){3}x|\b[1-9]{2}[a-z]x)",
    R"(\B[a-z]{3}\d|^[a-z]{2,5}/)",
    R"([a-d]{1,2}é?\d|[,;][a-z]{0,2}!)",
};

// Where the prefilter sees no beginning, no match begins, whatever follows.
TEST(Prefilter, SeesEveryBeginning) {
  RegexSampler sampler(6);
  for (const char* pattern : kBeginning) {
    const RegexNode tree = std::move(ParseRegex(pattern)).value();
    const std::optional<std::vector<Factor>> beginnings = Beginnings(tree);
    ASSERT_TRUE(beginnings) << pattern;
    Prefilter prefilter;
    prefilter.AddBeginnings(0, GroupsOf(*beginnings), SIZE_MAX);
    prefilter.Finish();
    const RE2 whole(pattern, RE2::Quiet);
    size_t seen = 0;
    for (int i = 0; i < 200; ++i) {
      const std::string before = sampler.Below(2) == 0 ? "a b, " : "";
      const std::string match = sampler.Sample(tree), text = before + match;
      re2::StringPiece found;
      if (!whole.Match(text, before.size(), text.size(), RE2::ANCHOR_START, &found, 1)) continue;
      for (size_t end = before.size() + 1; end <= before.size() + found.size(); ++end) {
        const std::string_view head = std::string_view(text).substr(0, end);
        if (end < text.size() && IsUtf8Tail(text[end])) continue;
        const auto all = [](uint32_t, size_t) { return true; };
        ASSERT_LE(prefilter.FirstBeginning(head, 0, all), before.size())
            << pattern << " on " << head;
        ++seen;
      }
    }
    EXPECT_GT(seen, 100u) << pattern;
  }
}

// What it takes for a beginning without asking the expression is one.
TEST(Prefilter, IsRightWhereItDoesNotAsk) {
  RegexSampler sampler(7);
  size_t certain = 0;
  for (const char* pattern : kBeginning) {
    const RegexNode tree = std::move(ParseRegex(pattern)).value();
    Prefilter prefilter;
    prefilter.AddBeginnings(0, GroupsOf(Beginnings(tree).value()), SIZE_MAX);
    prefilter.Finish();
    const RE2 prefix(std::move(DerivePrefix(pattern)).value().pattern, RE2::Quiet);
    for (int i = 0; i < 2000; ++i) {
      std::string text = HardText(tree, &sampler);
      size_t end = sampler.Below(text.size() + 1);
      while (end < text.size() && IsUtf8Tail(text[end])) ++end;
      text.resize(end);
      const auto none = [](uint32_t, size_t) { return false; };
      const std::optional<size_t> at = prefilter.FirstBeginning(text, 0, none);
      if (!at || *at == text.size()) continue;
      ++certain;
      ASSERT_TRUE(prefix.Match(text, *at, text.size(), RE2::ANCHOR_START, nullptr, 0))
          << pattern << " on " << text << " at " << *at;
    }
  }
  EXPECT_GT(certain, 500u);
}

// More rules that begin with any word than one look tells apart.
TEST(Prefilter, SeesTheBeginningsOfManyRules) {
  constexpr uint32_t kRules = 150;
  Prefilter prefilter;
  for (uint32_t i = 0; i < kRules; ++i) {
    const std::string pattern = R"(\b[a-z]{2}\d)" + std::to_string(i) + "x";
    prefilter.AddBeginnings(i, GroupsOf(Beginnings(ParseRegex(pattern).value()).value()), SIZE_MAX);
  }
  prefilter.Finish();
  for (uint32_t i = 0; i < kRules; ++i) {
    const std::string text = "so ab7" + std::to_string(i);
    const auto is_it = [&](uint32_t rule, size_t at) { return rule == i && at == 3; };
    EXPECT_EQ(prefilter.FirstBeginning(text, 0, is_it), 3u) << i;
    const auto none = [](uint32_t, size_t) { return false; };
    EXPECT_EQ(prefilter.FirstBeginning("so ab7y", 0, none), 7u);
  }
}

Opening OpeningOf(std::string_view pattern) {
  const std::vector<Factor> factors = Beginnings(std::move(ParseRegex(pattern)).value()).value();
  return factors.front().positions == nullptr ? Opening{} : factors.front().positions->opening;
}

TEST(PrefilterFactors, KnowWhatAMatchOpensWith) {
  const Opening opening = OpeningOf(R"(\b[a-z][a-z0-9]{0,63}@x)");
  EXPECT_EQ(opening.run.count(), 36u);
  EXPECT_EQ(opening.each.count(), 26u);
  EXPECT_EQ(opening.most, 64u);
  EXPECT_EQ(opening.next.count(), 1u);
  EXPECT_TRUE(opening.next['@']);
  EXPECT_EQ(OpeningOf(R"([a-z]{2,9}(?:@|#)?!)").next.count(), 3u);
}

TEST(PrefilterFactors, KnowThatNothingStandsBehindTheEndOfTheText) {
  const auto behind = [](std::string_view pattern) {
    return Required(pattern)->any_of.front().positions->ahead[7];
  };
  EXPECT_FALSE(behind(R"(\b\d{7}(?:[^\w]|$))")['1']);
  EXPECT_TRUE(behind(R"(\b\d{7}(?:[^\w]|$))")[' ']);
  EXPECT_TRUE(behind(R"((?m)\b\d{7}(?:[^\w]|$))")['\n']) << "the end of a line";
  EXPECT_TRUE(behind(R"(\b\d{7}\b)")['1']) << "is left to the expression";
}

TEST(PrefilterFactors, KnowNoOpeningThatMayGoOnInManyWays) {
  for (const char* pattern : {R"(\b[a-z]{2,300}@x)", R"(\b[a-z]+@x)", R"(\b[a-z]{2,9}[a-c@]x)",
                              R"(\b[a-z]{2,9})", R"(\b(?:[a-z]{2}){2}@)"}) {
    EXPECT_EQ(OpeningOf(pattern), Opening{}) << pattern;
  }
  // Whether it begins there hangs on more than the run.
  EXPECT_TRUE(OpeningOf(R"(\B[a-z]{2,9}@x)").each.none());
  EXPECT_TRUE(OpeningOf(R"(^[a-z]{2,9}@x)").each.none());
}

}  // namespace
}  // namespace kt::detect
