#include "core/policies/fold_pattern.h"

#include <gtest/gtest.h>

#include "core/detect/normalize.h"
#include "core/detect/regex_bytes.h"

namespace kt::policies {
namespace {

std::string Normalized(const std::string& text) {
  detect::NormalizeOptions options;
  options.look_alikes = false;
  detect::NormalizedText folded;
  EXPECT_TRUE(detect::Normalize(text, options, &folded).ok());
  return std::string(folded.text());
}

TEST(FoldPattern, FoldsLettersAsTheNormaliserDoes) {
  EXPECT_EQ(FoldPattern("für"), "fur");
  EXPECT_EQ(FoldPattern("straße"), "strasse");
  EXPECT_EQ(FoldPattern("[äb]"), "[äab]");
  EXPECT_EQ(FoldPattern("забудь[а-я]{0,2}"), "забудь[а-я]{0,2}");
}

TEST(FoldPattern, FoldsWhatIsWrittenAsAnEscapeOrQuoted) {
  EXPECT_EQ(FoldPattern(R"(f\x{fc}r)"), "fur");
  EXPECT_EQ(FoldPattern(R"(a\xA0b[\xE4])"), R"(a b[\xE4a])");
  EXPECT_EQ(FoldPattern(R"(\x{1F600}\x41\x{D800}\x{410})"), R"(\x{1F600}\x41\x{D800}\x{410})");
  EXPECT_EQ(FoldPattern(R"(\Q“a.b”[\E[c])"), R"(\"a\.b\"\[[c])");
  EXPECT_EQ(FoldPattern(R"(\Qé{2})"), R"(e\{2\})");
}

TEST(FoldPattern, KnowsWhereClassesEnd) {
  EXPECT_EQ(FoldPattern("[]é]é"), "[]ée]e");
  EXPECT_EQ(FoldPattern("[^]é]é"), "[^]é]e");
  EXPECT_EQ(FoldPattern("[[:alpha:]é]+é"), "[[:alpha:]ée]+e");
  EXPECT_EQ(FoldPattern("[à-ÿé]"), "[à-ÿée]");
}

// It knows many letters without asking the normaliser.
TEST(FoldPattern, AgreesWithTheNormaliserAboutEveryLetter) {
  for (uint32_t rune = 0xA0; rune < 0x10000; ++rune) {
    if (rune == 0xD800) rune = 0xE000;
    const std::string letter = detect::Utf8(rune), normalized = Normalized(letter);
    // Dropped characters stay in a pattern, and signs are quoted.
    if (normalized.empty()) continue;
    std::string folded = FoldPattern(letter);
    std::erase(folded, '\\');
    std::string plain = normalized;
    std::erase(plain, '\\');
    ASSERT_EQ(folded, plain) << std::hex << rune;
  }
}

}  // namespace
}  // namespace kt::policies
