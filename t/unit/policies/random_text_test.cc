#include "core/policies/random_text.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <string>

namespace kt::policies {
namespace {

double PlainEntropy(const std::string& text) {
  std::array<size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double entropy = 0;
  for (const size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    entropy -= share * std::log2(share);
  }
  return entropy;
}

// Each check holds it against tenths: there it must be what the sum of all shares is, to the bit.
TEST(RandomTextTest, EntropyIsOnTheRightSideOfEachTenth) {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    const size_t size = random() % 300, kinds = 1 + random() % 40;
    while (text.size() < size) text += static_cast<char>(' ' + random() % kinds * 5);
    const double entropy = ShapeOf(text).entropy, expected = PlainEntropy(text);
    ASSERT_NEAR(entropy, expected, 1e-6) << text;
    for (int tenths = 0; tenths < 60; ++tenths) {
      ASSERT_EQ(entropy < tenths / 10.0, expected < tenths / 10.0) << text;
    }
  }
}

// Eight kinds, each as often as the others: as close to a limit as can be.
TEST(RandomTextTest, EntropyOfEqualSharesIsExact) {
  for (size_t times = 1; times <= 40; ++times) {
    std::string text;
    for (size_t i = 0; i < times; ++i) text += "abcdefgh";
    EXPECT_EQ(ShapeOf(text).entropy, 3.0) << times;
  }
  EXPECT_EQ(ShapeOf("").entropy, 0.0);
}

TEST(RandomTextTest, ShapeCountsClassesChangesAndRuns) {
  const Shape shape = ShapeOf("Token-xxx42ABC");
  EXPECT_EQ(shape.digits, 2u);
  EXPECT_EQ(shape.lower, 7u);
  EXPECT_EQ(shape.upper, 4u);
  EXPECT_EQ(shape.other, 1u);
  EXPECT_EQ(shape.changes, 2u);  // a capital that begins a word is none
  EXPECT_EQ(shape.run, 3u);
  EXPECT_FALSE(shape.hex);
  EXPECT_TRUE(ShapeOf("0123-abCD").hex);
  EXPECT_TRUE(IsHex("0123-abCD"));
  EXPECT_FALSE(IsHex("0123-abCDx"));
  const std::string long_text(70000, 'a');
  EXPECT_EQ(ShapeOf(long_text).run, long_text.size());
  EXPECT_EQ(ShapeOf(long_text).lower, long_text.size());
}

TEST(RandomTextTest, LettersAreCountedWordByWord) {
  const Letters letters = LettersOf("accessToken42xqzkvwb");
  EXPECT_EQ(letters.in_words, 11u);  // "access" and "Token"
  EXPECT_EQ(letters.clusters, 1u);
  EXPECT_EQ(letters.pairs, 5u + 4u + 6u);
  EXPECT_GE(letters.rare_pairs, 3u);
}

TEST(RandomTextTest, RandomIsWhatHasNoWords) {
  EXPECT_TRUE(IsRandom("x7Kq02LmZt8vR4nB", 14));
  EXPECT_TRUE(IsRandom("xqz7Kj-vxqw02_fzqj4nB", 14));
  EXPECT_TRUE(IsRandom("AAAAAAAAx7Kq02LmZt8vR4nB", 14));
  EXPECT_FALSE(IsRandom("x7Kq02LmZt8vR4nB", 17));
  EXPECT_FALSE(IsRandom("0123456789abcdef", 14));
  EXPECT_FALSE(IsRandom("some_function2_of_the3_module4", 14));
}

}  // namespace
}  // namespace kt::policies
