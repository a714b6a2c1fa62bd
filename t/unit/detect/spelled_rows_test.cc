// What rows cost and where they lie, whatever the text. What they find: t/unit/policies.
#include "core/detect/spelled_rows.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <string>

#include "core/detect/decode_views.h"

namespace kt::detect {
namespace {

// Units of all forms and what divides them, a few kinds at a time.
std::string RandomRows(std::mt19937* random) {
  static constexpr const char* kPieces[] = {"41 ",
                                            "6a:",
                                            "106, ",
                                            "a ",
                                            "b-",
                                            "0x6a ",
                                            "1 2 3 4 5 ",
                                            "U+006A ",
                                            "\\152",
                                            "10 ",
                                            "@ ",
                                            "word ",
                                            "x",
                                            "\n",
                                            "6a61 ",
                                            "5 ",
                                            "01101010 ",
                                            "-",
                                            "  ",
                                            "\xC2\xB7",
                                            "EMAIL_1 ",
                                            "65 66 67 68 69 70 71 72 73 ",
                                            "a b c d e f g h i "};
  std::string text;
  const size_t kinds = 1 + (*random)() % 6, pieces = 20 + (*random)() % 300;
  size_t chosen[6];
  for (size_t& piece : chosen) piece = (*random)() % std::size(kPieces);
  for (size_t i = 0; i < pieces; ++i) text += kPieces[chosen[(*random)() % kinds]];
  return text;
}

TEST(SpelledRows, AreNoLongerThanTheTextBySoMuch) {
  std::mt19937 random(1);
  double longest = 0;
  for (int round = 0; round < 1500; ++round) {
    const std::string text = RandomRows(&random);
    NormalizedText plain;
    ASSERT_TRUE(Normalize(text, {}, &plain).ok());
    DecodedViews views;
    ASSERT_TRUE(BuildViews(plain, ViewBit(ViewKind::kSpelled), &views).ok());
    for (const View& view : views.views()) {
      ASSERT_LE(view.text.size(), kSpelledTimes * text.size()) << text;
      longest = std::max(longest, static_cast<double>(view.text.size()) / text.size());
    }
  }
  EXPECT_GT(longest, 2.0);  // else this shows nothing
}

TEST(SpelledRows, LieInTheTextInOrder) {
  std::mt19937 random(2);
  size_t rows = 0;
  for (int round = 0; round < 1000; ++round) {
    const std::string text = RandomRows(&random);
    SpelledRow row;
    for (size_t at = 0; (at = NextRun(text, at)) < text.size(); at = RunEnd(text, at)) {
      for (size_t form = 0; form < kRowFormCount; ++form) {
        if (!ReadRow(text, at, static_cast<RowForm>(form), &row)) continue;
        ASSERT_EQ(row.units.front().begin, at);
        size_t begin = at;
        for (const RowUnit& unit : row.units) {
          ASSERT_LE(begin, unit.begin) << text;
          ASSERT_LE(unit.begin, unit.end) << text;
          ASSERT_LE(unit.end, text.size()) << text;
          begin = unit.begin;
        }
        ASSERT_GE(row.last, at);
        ASSERT_LT(row.last, text.size());
        rows += row.IsLongEnough() ? 1 : 0;
      }
    }
    ASSERT_LE(LastUnitsBegin(text, 0), text.size());
  }
  EXPECT_GT(rows, 1000u);
}

}  // namespace
}  // namespace kt::detect
