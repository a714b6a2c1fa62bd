#include "core/policies/word_lists.h"

#include <gtest/gtest.h>

#include <string>

namespace kt::policies {
namespace {

TEST(WordListsTest, PartsStandAnywhereInAnyCase) {
  const Parts parts = {"secret", "<", "sk_", "1234-1234"};
  EXPECT_TRUE(parts.In("mySECRETvalue"));
  EXPECT_TRUE(parts.In("a<"));
  EXPECT_TRUE(parts.In("<"));
  EXPECT_TRUE(parts.In("xSk_"));
  EXPECT_TRUE(parts.In("1234-1234"));
  EXPECT_FALSE(parts.In("secre"));
  EXPECT_FALSE(parts.In("secre\xF4"));
  EXPECT_FALSE(parts.In("|"));  // the low bits of "<"
  EXPECT_FALSE(parts.In(""));
}

// Places are left out where all parts are long.
TEST(WordListsTest, PartsAreFoundAtEachPlace) {
  const Parts parts = {"key", "token", "secret_here"}, longer = {"token", "secret_here"};
  for (size_t before = 0; before < 7; ++before) {
    for (size_t behind = 0; behind < 4; ++behind) {
      const std::string begin(before, 'k'), end(behind, 'e');
      EXPECT_TRUE(parts.In(begin + "KEY" + end)) << before << behind;
      EXPECT_TRUE(longer.In(begin + "toKen" + end)) << before << behind;
      EXPECT_TRUE(longer.In(begin + "secret_here" + end)) << before << behind;
      EXPECT_FALSE(longer.In(begin + "toke" + (behind > 0 ? "x" : "") + end)) << before << behind;
      EXPECT_FALSE(parts.In(begin + "kye" + end)) << before << behind;
    }
  }
}

TEST(WordListsTest, WordsAreWholeOrBeginTheText) {
  const WordSet words = {"id", "ids", "data", "/"};
  EXPECT_TRUE(words.Have("id"));
  EXPECT_TRUE(words.Have("ids"));
  EXPECT_FALSE(words.Have("idsx"));
  EXPECT_FALSE(words.Have("ID"));
  EXPECT_FALSE(words.Have(""));
  EXPECT_TRUE(words.Begin("database"));
  EXPECT_TRUE(words.Begin("/x"));
  EXPECT_FALSE(words.Begin("dat"));
  EXPECT_FALSE(words.Begin(""));
}

}  // namespace
}  // namespace kt::policies
