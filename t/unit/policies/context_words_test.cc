#include "core/policies/context_words.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kt::policies {
namespace {

bool Holds(const ContextWords& words, const std::string& before) {
  const std::string text = before + "123456";
  return words.AnyBefore({text, before.size(), text.size()});
}

// Wherever it stands in the forty characters, whatever is around it.
TEST(ContextWordsTest, WordsCountAtEachPlace) {
  const ContextWords words({{"tax id", "ssn"}, {"cédula"}});
  for (size_t left = 0; left < 24; ++left) {
    for (size_t right = 0; right < 24; ++right) {
      const std::string begin = std::string(left, '7'), end = " " + std::string(right, '.');
      for (const char* word : {"ssn", "SSN", "tax_id", "taxId", "Tax-Id", "mySsn"}) {
        EXPECT_TRUE(Holds(words, begin + word + end)) << begin << word << end;
      }
      for (const char* word : {"ssnx", "essn", "ta id", "syntax", "s5n", "[ssm", "@sn"}) {
        EXPECT_FALSE(Holds(words, begin + word + end)) << begin << word << end;
      }
    }
  }
}

TEST(ContextWordsTest, OtherCharactersMayBeginWords) {
  const ContextWords words({{"\u8eab\u4efd"}, {"pesel"}});
  for (size_t left = 0; left < 12; ++left) {
    EXPECT_TRUE(Holds(words, std::string(left, 'b') + "\u8eab\u4efd: "));
    EXPECT_TRUE(Holds(words, std::string(left, '.') + "\u4efdPESEL: "));
    EXPECT_FALSE(Holds(words, std::string(left, '.') + "\u4efd\u8eab: "));
  }
}

TEST(ContextWordsTest, SignsAndDigitsMayBeginWords) {
  const ContextWords words({{"#id"}, {"1st"}});
  for (size_t left = 0; left < 12; ++left) {
    EXPECT_TRUE(Holds(words, std::string(left, 'b') + "#id "));
    EXPECT_TRUE(Holds(words, std::string(left, '.') + "1ST "));
    EXPECT_FALSE(Holds(words, std::string(left, '.') + "2nd "));
  }
}

}  // namespace
}  // namespace kt::policies
