#include "core/detect/prefix.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "regex_sampler.h"

namespace kt::detect {
namespace {

size_t CodePointEnd(std::string_view text, size_t i) {
  do {
    ++i;
  } while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80);
  return i;
}

const char* const kPatterns[] = {
    R"(\b\d{3}-\d{2}-\d{4}\b)",
    R"([a-z]{2,5}@[a-z]{1,9}\.com)",
    R"((?i)ignore\s{1,3}(?:all|any)?\s?previous)",
    R"(a(b|cd|)e?f*g+?)",
    R"((?P<name>x{0,3})y(?i:kS)[^0-9]z)",
    R"(忽略(?:之前|所有)的?指令)",
    R"((?i)привет\s\w{1,4})",
    R"(\x{1F600}?\p{L}\x41[\x{E0041}-\x{E007F}])",
    R"((?:ab|a)(?:c|bcd)(?:d*)$)",
    R"([[:alpha:]]{3}[\d\-.]{0,7}\{\})",
    R"(^(?:a|b{2,})(?:\bc?){1,3})",
    R"((?m:^)k(?s:.)(?-i:q))",
};

TEST(Prefix, MatchesEveryBeginningOfEveryMatch) {
  RegexSampler sampler(7);
  for (const char* pattern : kPatterns) {
    const RE2 whole(pattern, RE2::Quiet);
    ASSERT_TRUE(whole.ok()) << pattern;
    Result<PrefixForm> form = DerivePrefix(pattern);
    ASSERT_TRUE(form.ok()) << pattern << ": " << form.status().message();
    const RE2 prefix(form->pattern, RE2::Quiet), loose(form->loose, RE2::Quiet);
    ASSERT_TRUE(prefix.ok()) << form->pattern;
    ASSERT_TRUE(loose.ok()) << form->loose;
    const RegexNode tree = std::move(ParseRegex(pattern)).value();
    int seen = 0;
    for (int i = 0; i < 400; ++i) {
      const std::string match = sampler.Sample(tree);
      if (!RE2::FullMatch(match, whole)) continue;
      ++seen;
      EXPECT_TRUE(RE2::FullMatch(match, loose)) << pattern << " on " << match;
      for (size_t end = CodePointEnd(match, 0); end <= match.size();
           end = CodePointEnd(match, end)) {
        EXPECT_TRUE(RE2::FullMatch(match.substr(0, end), prefix)) << pattern << " on " << match;
      }
      EXPECT_LE(match.size(), form->max_bytes.value_or(match.size())) << pattern << " on " << match;
    }
    EXPECT_GT(seen, 20) << pattern;
  }
}

TEST(Prefix, RejectsWhatBeginsNoMatch) {
  const RE2 prefix(DerivePrefix("ab[0-9]c")->pattern, RE2::Quiet);
  for (const char* other : {"b", "aa", "abc", "ab1d", "ab1cc"}) {
    EXPECT_FALSE(RE2::FullMatch(other, prefix)) << other;
  }
}

TEST(Prefix, StaysAsLongAsThePatternWhateverIsNested) {
  std::string pattern = "a";
  for (int i = 0; i < 20; ++i) pattern = "(?:" + pattern + "|b)c";
  EXPECT_LT(DerivePrefix(pattern)->pattern.size(), 7 * pattern.size());
}

TEST(Prefix, SkipsAssertionsOnlyWhereTheTextEnds) {
  const RE2 prefix(DerivePrefix(R"(\bab\b c{2,3}\b)")->pattern, RE2::Quiet);
  for (const char* beginning : {"a", "ab", "ab ", "ab c", "ab cc", "ab ccc"}) {
    EXPECT_TRUE(RE2::FullMatch(beginning, prefix)) << beginning;
  }
  for (const char* other : {"abb", "ab  ", "ab cccc", "ab cc "}) {
    EXPECT_FALSE(RE2::FullMatch(other, prefix)) << other;
  }
}

TEST(Prefix, ComputesTheLongestMatch) {
  EXPECT_EQ(DerivePrefix(R"(\b\d{3}-?\d{2,4}\b)")->max_bytes, 8u);
  EXPECT_EQ(DerivePrefix("(?:ab|cde){2}x?")->max_bytes, 7u);
  EXPECT_EQ(DerivePrefix("é.")->max_bytes, 6u);
  EXPECT_EQ(DerivePrefix("[^a]{3}")->max_bytes, 12u);
  EXPECT_EQ(DerivePrefix("a+")->max_bytes, std::nullopt);
  EXPECT_EQ(DerivePrefix("(?:a{2,}b){1,2}")->max_bytes, std::nullopt);
  EXPECT_EQ(DerivePrefix("^$")->max_bytes, 0u);
}

TEST(Prefix, CountsCaseFoldingThatLengthensText) {
  for (const char* pattern : {"(?i)k", "(?i)[a-z]", "(?i)\\w", "(?i)[\\w]", "(?i)å"}) {
    EXPECT_EQ(DerivePrefix(pattern)->max_bytes, 3u) << pattern;
  }
  EXPECT_TRUE(RE2::FullMatch("\u212A", "(?i)k"));
  EXPECT_EQ(DerivePrefix("(?i)s")->max_bytes, 2u);
  EXPECT_EQ(DerivePrefix("(?i)a(?-i)k")->max_bytes, 2u);
}

TEST(Prefix, TreatsLongRepeatsAsEndlessButKeepsTheBound) {
  const Result<PrefixForm> form = DerivePrefix("x[0-9]{20}");
  EXPECT_EQ(form->max_bytes, 21u);
  EXPECT_LT(form->pattern.size(), 80u);
  EXPECT_TRUE(RE2::FullMatch("x" + std::string(20, '1'), form->pattern));
}

TEST(Prefix, RefusesWhatItDoesNotKnow) {
  for (const char* pattern :
       {"(?=a)", "a**", "(a", "a)", "[a", "\\Qa\\E", "\\1", "\\C", "*a", "a\\"}) {
    EXPECT_FALSE(DerivePrefix(pattern).ok()) << pattern;
  }
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += "(";
  EXPECT_FALSE(DerivePrefix(deep).ok());
  EXPECT_FALSE(DerivePrefix(std::string(5000, 'a')).ok());
}

}  // namespace
}  // namespace kt::detect
