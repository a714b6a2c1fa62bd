#include <gtest/gtest.h>
#include <re2/re2.h>

#include <set>
#include <string>

#include "core/detect/regex_bytes.h"
#include "core/detect/utf8.h"

namespace kt::detect {
namespace {

std::set<uint32_t> RunesOf(const std::string& text) {
  std::set<uint32_t> runes;
  for (size_t at = 0; at < text.size(); at += DecodeUtf8(text, at).size) {
    runes.insert(DecodeUtf8(text, at).value);
  }
  return runes;
}

// RE2 is the judge: no letter is left out, and none is too many.
TEST(CaseOrbit, IsWhatMatchesWithoutRegardToCase) {
  size_t known = 0;
  for (uint32_t rune = 0x80; rune < 0x600; ++rune) {
    const std::string orbit = CaseOrbit(rune);
    if (orbit.empty()) continue;
    ++known;
    const RE2 expression("(?i)" + Utf8(rune));
    std::set<uint32_t> matched;
    for (uint32_t other = 0x41; other < 0x2200; ++other) {
      if (RE2::FullMatch(Utf8(other), expression)) matched.insert(other);
    }
    EXPECT_EQ(RunesOf(orbit), matched) << std::hex << rune;
  }
  EXPECT_GT(known, 140u);
}

TEST(CaseOrbit, KnowsNothingOfOtherLetters) {
  for (const uint32_t rune : {0x41u, 0x61u, 0xDFu, 0xE9u, 0x390u, 0x3B0u, 0x561u, 0x4E00u}) {
    EXPECT_EQ(CaseOrbit(rune), "") << std::hex << rune;
  }
}

}  // namespace
}  // namespace kt::detect
