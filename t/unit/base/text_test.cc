#include "core/base/text.h"

#include <gtest/gtest.h>

namespace kt {
namespace {

TEST(Utf8, RefusesOverlongSurrogatesAndCutSequences) {
  EXPECT_TRUE(IsUtf8("plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80"));
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));          // overlong slash
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // U+D800
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(IsUtf8("\xE2\x82"));          // cut
  EXPECT_FALSE(IsUtf8("\x80"));
}

TEST(Utf8, ReplacementKeepsTheRest) {
  EXPECT_EQ(ReplaceInvalidUtf8("a\xFF"
                               "b"),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(Utf8, CodePointsAreCountedWhateverTheirLength) {
  EXPECT_EQ(CodePoints(""), 0u);
  EXPECT_EQ(CodePoints("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), 4u);
}

TEST(Utf8, CutNeverSplitsASequence) {
  EXPECT_EQ(CutUtf8("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(CutUtf8("ab\xE2\x82\xAC", 5), "ab\xE2\x82\xAC");
}

TEST(EditDistance, StopsAtItsLimit) {
  EXPECT_EQ(EditDistance("weigth", "weight", 3), 2u);
  EXPECT_EQ(EditDistance("a", "abcdefgh", 2), 3u);
}

TEST(EqualsIgnoreCase, IsSoForEachPairOfBytesAtEachPlace) {
  for (const size_t size : {1, 7, 8, 9, 17}) {
    for (size_t at = 0; at < size; ++at) {
      std::string a(size, 'q'), b(size, 'Q');
      for (int x = 0; x < 256; ++x) {
        for (int y = 0; y < 256; ++y) {
          a[at] = static_cast<char>(x);
          b[at] = static_cast<char>(y);
          ASSERT_EQ(EqualsIgnoreCase(a, b), AsciiLower(a[at]) == AsciiLower(b[at]))
              << size << " bytes, at " << at << ": " << x << ", " << y;
        }
      }
    }
  }
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
  EXPECT_FALSE(EqualsIgnoreCase("content-type", "content-typ"));
}

TEST(Trim, TakesBlanksFromBothEnds) {
  EXPECT_EQ(Trim(" \t a b \n"), "a b");
}

}  // namespace
}  // namespace kt
