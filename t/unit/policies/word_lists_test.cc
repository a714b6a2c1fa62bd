#include "core/policies/word_lists.h"

#include <gtest/gtest.h>

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
