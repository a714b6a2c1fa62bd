// Every way to look at a block sees what the portable one sees.
#include "core/detect/prefilter_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/detect/factor_strings.h"

namespace kt::detect {
namespace {

constexpr size_t kBytes = kScanBlock + kScanAhead;

std::string RandomBlock(std::mt19937* random) {
  static constexpr std::string_view kLikely = "aAzZ_09 \n.-/:@PASSWpassw\xC3\xA9\xE2\x84\xAA\x7F";
  std::string block(kBytes, ' ');
  for (char& c : block) {
    const uint32_t dice = (*random)();
    c = dice % 4 == 0 ? static_cast<char>(dice >> 8) : kLikely[(dice >> 8) % kLikely.size()];
  }
  return block;
}

class PrefilterScan : public testing::TestWithParam<ScanKind> {};

TEST_P(PrefilterScan, SeesWhatThePortableOneSees) {
  const ScanFunction scan = ScanOf(GetParam());
  if (scan == nullptr) GTEST_SKIP() << "not on this processor";
  const ScanFunction portable = ScanOf(ScanKind::kPortable);
  ScanTables tables;
  for (const char* literal : {"passw", "pwd", "k", "_x", "contrase"}) {
    std::string folded(literal);
    for (char& c : folded) c = FoldByte(c);
    tables.inside.Add(folded);
  }
  ByteSet tokens;
  for (const char c : std::string_view("abz09AZ_-./=")) tokens.set(static_cast<unsigned char>(c));
  tables.tokens.Add(tokens);
  ByteSet capitals;
  for (const char c : std::string_view("AZ059")) capitals.set(static_cast<unsigned char>(c));
  tables.capitals.Add(capitals);
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    const std::string block = RandomBlock(&random);
    const char before = static_cast<char>(random());
    BlockScan expected, seen;
    portable(block.data(), before, tables, &expected);
    scan(block.data(), before, tables, &seen);
    ASSERT_EQ(seen.places, expected.places) << block;
    ASSERT_EQ(seen.numbers, expected.numbers) << block;
    ASSERT_EQ(seen.signs, expected.signs) << block;
    ASSERT_EQ(seen.digits, expected.digits) << block;
    ASSERT_EQ(seen.leads, expected.leads) << block;
    ASSERT_EQ(seen.blanks, expected.blanks) << block;
    ASSERT_EQ(seen.tokens, expected.tokens) << block;
    ASSERT_EQ(seen.capitals, expected.capitals) << block;
    ASSERT_EQ(expected.inside & ~seen.inside, 0u) << "one is missed: " << block;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PrefilterScan,
                         testing::Values(ScanKind::kPortable, ScanKind::kSsse3, ScanKind::kAvx2,
                                         ScanKind::kAvx512));

TEST(PrefilterHeads, AreFoundWhereverALiteralBegins) {
  const std::string_view literals[] = {"passw", "p@", "k", ".-/", "zz9"};
  HeadTable heads;
  std::vector<std::string> folded;
  for (const std::string_view literal : literals) {
    for (char& c : folded.emplace_back(literal)) c = FoldByte(c);
    heads.Add(folded.back(), static_cast<unsigned>(folded.size()));
  }
  std::mt19937 random(9);
  for (int round = 0; round < 3000; ++round) {
    std::string text = RandomBlock(&random);
    text.resize(1 + random() % text.size());
    std::string low = text;
    for (char& c : low) c = FoldByte(c);
    for (size_t at = 0; at < text.size(); ++at) {
      const bool begins = std::any_of(folded.begin(), folded.end(), [&](const std::string& one) {
        return std::string_view(low).substr(at).starts_with(one);
      });
      if (!begins) continue;
      ASSERT_EQ(heads.Find(text, at, text.size()), at) << text;
      ASSERT_LE(heads.Find(text, 0, at + 1), at) << text;
    }
    ASSERT_EQ(heads.Find(text, text.size(), text.size()), text.size());
  }
}

TEST_P(PrefilterScan, FindsTheHeadsOfWordsWhereAWordBegins) {
  if (ScanOf(GetParam()) == nullptr) GTEST_SKIP() << "not on this processor";
  const std::string_view literals[] = {"passw", "ab", "k", "zz9", "\xC3\xA9t"};
  for (const bool foreign : {false, true}) {
    HeadTable heads;
    for (size_t i = 0; i < std::size(literals); ++i) {
      std::string folded(literals[i]);
      for (char& c : folded) c = FoldByte(c);
      heads.Add(folded, static_cast<unsigned>(i));
    }
    if (foreign) heads.AddForeign();
    std::mt19937 random(11);
    size_t found = 0, left_out = 0;
    for (int round = 0; round < 3000; ++round) {
      std::string text = RandomBlock(&random) + RandomBlock(&random);
      const std::string_view some = literals[random() % std::size(literals)];
      text.replace(random() % 60, some.size(), some);
      for (const size_t at : {size_t{0}, size_t{1}, size_t{17}}) {
        const uint64_t words =
            heads.Words(text.data() + at, at == 0 ? ' ' : text[at - 1], GetParam());
        for (size_t i = at; i < at + 64; ++i) {
          const bool told = (words >> (i - at) & 1) != 0;
          if (!BeginsWord(text, i)) {
            ASSERT_FALSE(told) << "no word begins at " << i << " of " << text;
            continue;
          }
          const std::string_view rest = std::string_view(text).substr(i);
          const bool begins =
              std::any_of(std::begin(literals), std::end(literals), [&](std::string_view literal) {
                for (size_t k = 0; k < literal.size(); ++k) {
                  if (FoldByte(rest[k]) != FoldByte(literal[k])) return false;
                }
                return true;
              });
          const bool high = std::any_of(rest.begin(), rest.begin() + 3, [](char c) {
            return static_cast<unsigned char>(c) >= 0x80;
          });
          if (begins || (foreign && high)) {
            ASSERT_TRUE(told) << i << " of " << text;
            ++found;
          }
          left_out += told ? 0 : 1;
        }
      }
    }
    EXPECT_GT(found, 1000u);
    EXPECT_GT(left_out, 1000u);
  }
}

TEST(PrefilterScanOf, FindsLiteralsInsideWords) {
  ScanTables tables;
  tables.inside.Add("passw");
  std::string block = "dbPassword pass_word PASSWD pawn";
  block.resize(kBytes, ' ');
  for (const ScanKind kind :
       {ScanKind::kPortable, ScanKind::kSsse3, ScanKind::kAvx2, ScanKind::kAvx512}) {
    const ScanFunction scan = ScanOf(kind);
    if (scan == nullptr) continue;
    BlockScan seen;
    scan(block.data(), ' ', tables, &seen);
    const uint64_t inside = seen.inside;
    for (const size_t at : {block.find("Password"), block.find("PASSWD")}) {
      EXPECT_TRUE(inside >> at & 1) << at;
    }
    EXPECT_FALSE(inside >> block.find("pawn") & 1) << "the third byte tells";
    EXPECT_FALSE(inside >> block.find("word ") & 1);
  }
}

TEST(PrefilterScanOf, CountsTheDigitsOfARun) {
  ByteSet set;
  for (const char c : std::string_view("0123456789 -")) set.set(static_cast<unsigned char>(c));
  for (const bool foreign : {false, true}) {
    if (foreign) set.set(0xA0);
    TokenTable table;
    table.Add(set);
    std::mt19937 random(5);
    for (int round = 0; round < 20000; ++round) {
      std::string block;
      const size_t run = random() % 70;
      while (block.size() < run) block += "0123456789 -\xA0"[random() % 13];
      while (block.size() < kBytes) block += "0 9ab\xC3/:"[random() % 8];
      int digits = 0;
      size_t i = 0;
      for (; i < kScanBlock && table.MayHold(static_cast<unsigned char>(block[i])); ++i) {
        digits += IsAsciiDigit(static_cast<unsigned char>(block[i])) ? 1 : 0;
      }
      bool goes_on = false;
      ASSERT_EQ(table.DigitsOfRun(block.data(), &goes_on), digits) << block;
      ASSERT_EQ(goes_on, i == kScanBlock) << block;
      const size_t bytes = random() % 80;
      const int wanted = static_cast<int>(random() % 20);
      const bool fits = i >= bytes && digits >= wanted;
      const auto open = i == kScanBlock ? TokenTable::Fit::kGoesOn : TokenTable::Fit::kNo;
      ASSERT_EQ(table.RunFits(block.data(), bytes, wanted), fits ? TokenTable::Fit::kYes : open)
          << block;
    }
    EXPECT_EQ(table.MayHold(0xA0), foreign);
  }
}

TEST(PrefilterScanOf, NamesWordsNumbersAndSigns) {
  std::string block = "ab1 12x _y, \xC3\xA9";
  block.resize(kBytes, ' ');
  std::string starts;
  BlockScan scan;
  BestScan()(block.data(), ' ', ScanTables(), &scan);
  for (size_t i = 0; i < kScanBlock; ++i) {
    if (scan.places >> i & 1) starts += block[i];
  }
  EXPECT_EQ(starts, "a11_,\xC3") << "also the number in a word";
  BestScan()(block.data(), 'z', ScanTables(), &scan);
  EXPECT_EQ(scan.places & 1, 0u) << "the word began before";
}

}  // namespace
}  // namespace kt::detect
