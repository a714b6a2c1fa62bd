#include "core/base/byte_block.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace kt {
namespace {

constexpr char kBytes[] = {'a', 'b', '"', '\\', '\n', '\0', '\x1F', ' ', '\x7F', '\x80', '\xFF'};

TEST(FindByte, FindsTheFirstWantedOneFromAnyPlace) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (size_t n = random() % 70; n > 0; --n) {
      text += random() % 8 != 0 ? 'x' : kBytes[random() % sizeof kBytes];
    }
    const auto expect = [&](size_t from, const auto& marks, const auto& wanted) {
      size_t expected = from;
      while (expected < text.size() && !wanted(text[expected])) ++expected;
      EXPECT_EQ(FindByte(text, from, marks, wanted), expected);
    };
    for (size_t from = 0; from <= text.size(); ++from) {
      expect(
          from, [](ByteBlock b) { return b.Equal('"') | b.Equal('\\') | b.Controls(); },
          [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
      expect(
          from, [](ByteBlock b) { return b.NotAscii(); },
          [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
      expect(
          from, [](ByteBlock b) { return b.Equal('\xFF'); }, [](char c) { return c == '\xFF'; });
    }
  }
}

}  // namespace
}  // namespace kt
