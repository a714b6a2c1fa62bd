#include "core/detect/fuzzy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

namespace kt::detect {
namespace {

FuzzyMatcher Of(std::string_view term, uint32_t distance) {
  FuzzyMatcher matcher;
  matcher.Add(0, term, distance);
  return matcher;
}

std::vector<std::string> Found(const FuzzyMatcher& matcher, std::string_view text,
                               size_t from = 0) {
  std::vector<Match> matches;
  matcher.FindAll(text, from, &matches);
  std::vector<std::string> out;
  for (const Match& m : matches) out.emplace_back(text.substr(m.begin, m.end - m.begin));
  return out;
}
using Texts = std::vector<std::string>;

TEST(FuzzyDistance, IsOneEditForEveryFourLettersAtMost) {
  EXPECT_EQ(FuzzyDistance("abc", 8), 0u);
  EXPECT_EQ(FuzzyDistance("abcd", 8), 1u);
  EXPECT_EQ(FuzzyDistance("abcd efg", 8), 1u);
  EXPECT_EQ(FuzzyDistance("abcd efgh", 8), 2u);
  EXPECT_EQ(FuzzyDistance("abcd efgh", 1), 1u);
  EXPECT_EQ(FuzzyDistance(std::string(200, 'x'), 20), 8u);
  EXPECT_EQ(FuzzyDistance("Größe", 8), 1u);
}

TEST(Fuzzy, FindsInsertionsDeletionsReplacementsAndSwaps) {
  const FuzzyMatcher matcher = Of("heron", 1);
  EXPECT_EQ(Found(matcher, "a heron, HERON."), (Texts{"heron", "HERON"}));
  EXPECT_EQ(Found(matcher, "herron heon herin hreon eron herons"),
            (Texts{"herron", "heon", "herin", "hreon", "eron", "herons"}));
  EXPECT_TRUE(Found(matcher, "hero's heorin hrn horns").size() == 1);  // "hero"
}

TEST(Fuzzy, BeginsAndEndsWhereWordsDo) {
  const FuzzyMatcher matcher = Of("start", 1);
  EXPECT_TRUE(Found(matcher, "restarted upstart starting").empty());
  EXPECT_EQ(Found(matcher, "re-start_up (stat)"), (Texts{"start", "stat"}));
}

TEST(Fuzzy, ASpanIsExact) {
  // Four edits would reach over "our ", and "treaty" could lose its last letter.
  const FuzzyMatcher matcher = Of("international treaty", 8);
  EXPECT_EQ(Found(matcher, "on our internatonal traety now"), Texts{"internatonal traety"});
  EXPECT_EQ(Found(matcher, "by inter national treaty x"), Texts{"inter national treaty"});
}

TEST(Fuzzy, TakesAFewBlanksForOneAndNoMore) {
  const FuzzyMatcher matcher = Of("project heron", 2);
  EXPECT_EQ(Found(matcher, "projct \n heron"), Texts{"projct \n heron"});
  EXPECT_TRUE(Found(matcher, "projct    heron").empty());
  EXPECT_EQ(Found(matcher, "project-heron projectheron"), (Texts{"project-heron", "projectheron"}));
}

TEST(Fuzzy, FoldsCaseOfAllAlphabetsAndAccentsOfTheTerm) {
  EXPECT_EQ(Found(Of("Größe Überlänge", 2), "GROSE UBERLANGE"), Texts{"GROSE UBERLANGE"});
  EXPECT_EQ(Found(Of("проект Цапля", 2), "ПРОЕКТ цапя"), Texts{"ПРОЕКТ цапя"});
}

TEST(Fuzzy, ScriptsWithoutBlanksMatchWithinTheirText) {
  EXPECT_EQ(Found(Of("项目机密文件", 1), "这是项目密文件吗"), Texts{"项目密文件"});
}

TEST(Fuzzy, TermsMayBeginAndEndWithSigns) {
  EXPECT_EQ(Found(Of("#secret!", 1), "a #secrt! b"), Texts{"#secrt!"});
}

// ---- against the definition ---------------------------------------------------------------------

bool IsWordByte(char c) {
  return c >= 'a' && c <= 'z';
}

// The whole table, no band.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

struct Best {
  size_t begin = 0, end = 0, distance = 0;
};
std::optional<Best> BestFrom(std::string_view text, std::string_view term, size_t begin,
                             size_t limit) {
  std::optional<Best> best;
  for (size_t end = begin + 1; end <= text.size(); ++end) {
    if (!IsWordByte(text[end - 1]) || (end < text.size() && IsWordByte(text[end]))) continue;
    const size_t distance = Distance(term, text.substr(begin, end - begin));
    if (distance <= limit && (!best || distance <= best->distance)) best = {begin, end, distance};
  }
  return best;
}
bool BeginsWord(std::string_view text, size_t at) {
  return IsWordByte(text[at]) && (at == 0 || !IsWordByte(text[at - 1]));
}

// Single blanks only.
Texts ByDefinition(std::string_view text, std::string_view term, size_t limit) {
  Texts out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!BeginsWord(text, at)) continue;
    auto best = BestFrom(text, term, at, limit);
    if (!best) continue;
    const size_t first_end = best->end;
    size_t end = first_end;
    for (size_t next = at + 1; next < end; ++next) {
      if (!BeginsWord(text, next)) continue;
      const auto other = BestFrom(text, term, next, limit);
      if (other && other->distance < best->distance) best = other;
    }
    out.emplace_back(text.substr(best->begin, best->end - best->begin));
    at = best->end - 1;
  }
  return out;
}

// Words of few letters, so that many places are near misses, and the term itself, misspelt.
std::string RandomText(std::mt19937* random, std::string_view term) {
  std::string text;
  while (text.size() < 60) {
    if ((*random)() % 3 == 0) {
      std::string copy(term);
      for (auto edits = (*random)() % 4; edits > 0; --edits) {
        const size_t at = (*random)() % copy.size();
        const auto kind = (*random)() % 4;
        if (kind == 0) copy.insert(at, 1, static_cast<char>('a' + (*random)() % 4));
        if (kind == 1 && copy.size() > 3) copy.erase(at, 1);
        if (kind == 2) copy[at] = static_cast<char>('a' + (*random)() % 4);
        if (kind == 3 && at + 1 < copy.size()) std::swap(copy[at], copy[at + 1]);
      }
      text += copy;
    } else {
      for (auto n = 1 + (*random)() % 5; n > 0; --n)
        text += static_cast<char>('a' + (*random)() % 4);
    }
    text += (*random)() % 5 == 0 ? ", " : " ";
  }
  std::string single;
  for (const char c : text) {
    if (c != ' ' || single.empty() || single.back() != ' ') single += c;
  }
  return single;
}

constexpr std::string_view kTerms[] = {"abcd", "dabbacad", "abca bcdd", "ab ac ad bc bd cd",
                                       "aaaa aaaa aaaa"};

TEST(Fuzzy, AgreesWithTheDefinitionOnRandomTexts) {
  std::mt19937 random(1);
  size_t found = 0;
  for (const std::string_view term : kTerms) {
    for (int round = 0; round < 400; ++round) {
      const std::string text = RandomText(&random, term);
      const uint32_t limit = FuzzyDistance(term, 8);
      const Texts expected = ByDefinition(text, term, limit);
      found += expected.size();
      ASSERT_EQ(Found(Of(term, limit), text), expected) << term << " in: " << text;
    }
  }
  EXPECT_GT(found, 1000u);
}

// What a stream does: what is before the hold is judged for good.
TEST(Fuzzy, FindsTheSameAtEveryCut) {
  std::mt19937 random(2);
  for (const std::string_view term : kTerms) {
    FuzzyMatcher matcher = Of(term, 8);
    matcher.Add(1, "abda", 1);
    for (int round = 0; round < 60; ++round) {
      const std::string text = RandomText(&random, term);
      std::vector<Match> whole;
      matcher.FindAll(text, 0, &whole);
      for (size_t cut = 1; cut < text.size(); ++cut) {
        const std::string_view seen = std::string_view(text).substr(0, cut);
        const size_t hold = matcher.HoldFrom(seen, 0);
        ASSERT_LE(cut - hold, matcher.longest_bytes());
        std::vector<Match> early;
        matcher.FindAll(seen, 0, &early);
        const auto before = [&](const Match& m) { return m.whole_begin < hold; };
        const auto key = [](const Match& m) {
          return std::tuple(m.rule, m.begin, m.end, m.whole_begin);
        };
        std::vector<std::tuple<RuleId, size_t, size_t, size_t>> expected, got;
        for (const Match& m : whole) {
          if (before(m)) expected.push_back(key(m));
        }
        for (const Match& m : early) {
          if (before(m)) got.push_back(key(m));
        }
        ASSERT_EQ(got, expected) << term << " in: " << text << " at " << cut << ", " << hold;
      }
    }
  }
}

TEST(Fuzzy, FindsTheSameInPiecesOfALongText) {
  const FuzzyMatcher matcher = Of("project heron", 3);
  std::string text;
  size_t copies = 0;
  for (; text.size() < 40000; ++copies) {
    text += "our projct heorn ";
    text.append(copies % 7, 'x');
    text += ' ';
  }
  EXPECT_EQ(Found(matcher, text), Texts(copies, "projct heorn"));
}

TEST(Fuzzy, LooksAtTheLetterBeforeFrom) {
  const FuzzyMatcher matcher = Of("heron", 1);
  EXPECT_TRUE(Found(matcher, "xxheron", 2).empty());
  EXPECT_EQ(Found(matcher, "x heron", 2), Texts{"heron"});
}

TEST(Fuzzy, HoldsNothingThatCannotBecomeAMatch) {
  const FuzzyMatcher matcher = Of("project heron", 2);
  EXPECT_EQ(matcher.HoldFrom("completely different words", 0), 26u);
  EXPECT_EQ(matcher.HoldFrom("completely different pro", 0), 21u);
  EXPECT_EQ(matcher.HoldFrom("completely different prject ", 0), 21u);
  EXPECT_EQ(matcher.HoldFrom("completely different prject x", 0), 21u);
  EXPECT_EQ(matcher.HoldFrom("completely different prject of x", 0), 31u);
}

}  // namespace
}  // namespace kt::detect
