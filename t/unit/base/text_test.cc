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

TEST(Utf8, CutNeverSplitsASequence) {
  EXPECT_EQ(CutUtf8("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(CutUtf8("ab\xE2\x82\xAC", 5), "ab\xE2\x82\xAC");
}

TEST(EditDistance, StopsAtItsLimit) {
  EXPECT_EQ(EditDistance("weigth", "weight", 3), 2u);
  EXPECT_EQ(EditDistance("a", "abcdefgh", 2), 3u);
}

TEST(Trim, TakesBlanksFromBothEnds) {
  EXPECT_EQ(Trim(" \t a b \n"), "a b");
}

}  // namespace
}  // namespace kt
