#include "core/detect/views_wrapped.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base64.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

struct Line {
  size_t begin, end;
};

std::vector<Line> LinesOf(const std::string& text) {
  std::vector<Line> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && IsTokenChar(text[end])) ++end;
    if (end > at) lines.push_back({at, end});
    at = end + 1;
  }
  return lines;
}

// What the lines from `line` on say, looked at by themselves; nothing where that is no text.
std::optional<std::string> Alone(const std::string& text, const std::vector<Line>& lines,
                                 size_t line) {
  const auto goes_on = [&](size_t i) {
    const Line& at = lines[i];
    const bool next = i + 1 < lines.size() && at.end - at.begin >= kMinWrappedLine;
    if (!next) return false;
    const std::string between = text.substr(at.end, lines[i + 1].begin - at.end);
    return between == "\n" || between == "\r\n";
  };
  size_t last = line;
  while (goes_on(last)) ++last;
  std::string said;
  DecodeBase64(text.substr(lines[line].begin, lines[last].end - lines[line].begin), &said);
  return IsReadable(said, true) ? std::optional(said) : std::nullopt;
}

class Wrapped : public testing::Test {
 protected:
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  // Mostly text, now and then what is none.
  std::string Bytes(int count) {
    std::string bytes;
    while (static_cast<int>(bytes.size()) < count) {
      switch (Below(30)) {
        case 0:
          bytes += std::string(static_cast<size_t>(Below(60)), '\x01');
          break;
        case 1:
          bytes += "\xF0\x9F\x98\x80";
          break;
        case 2:
          if (Below(8) == 0) bytes += "\xFF";
          break;
        default:
          bytes += "some words, ";
      }
    }
    return bytes;
  }
  // In lines of changing lengths, which put the digits in and out of step, below ones of 60, too.
  std::string Text() {
    std::string digits = Base64(Bytes(200 + Below(800)), false, false);
    digits.insert(0, static_cast<size_t>(Below(3)), 'e');
    static constexpr int kWidths[] = {60, 61, 62, 64, 76};
    const bool even = Below(2) == 0;
    size_t width = static_cast<size_t>(kWidths[Below(5)]);
    std::string text;
    for (size_t at = 0; at < digits.size(); at += width) {
      if (!even) width = static_cast<size_t>(kWidths[Below(5)] - (Below(20) == 0 ? 5 : 0));
      text += digits.substr(at, width) + (Below(3) == 0 ? "\r\n" : "\n");
      if (Below(40) == 0) text += "\n";
    }
    return text;
  }

  std::mt19937 random_{7};
};

TEST_F(Wrapped, EachLineSaysWhatItSaysByItself) {
  int readable = 0, not_readable = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = Text();
    const std::vector<Line> lines = LinesOf(text);
    WrappedBase64 wrapped(text);
    for (size_t line = 0; line < lines.size(); ++line) {
      size_t end = lines[line].end;
      const auto said = wrapped.Decode(lines[line].begin, &end);
      const auto alone = Alone(text, lines, line);
      ASSERT_EQ(said.has_value(), alone.has_value()) << round << ", line " << line << "\n" << text;
      ++(alone ? readable : not_readable);
      if (!alone) {
        ASSERT_EQ(end, lines[line].end);
        continue;
      }
      ASSERT_EQ(*said, *alone) << round << ", line " << line << "\n" << text;
      while (line + 1 < lines.size() && lines[line + 1].begin < end) {
        if (Below(3) == 0) break;  // callers go on behind it; any later line is as good
        ++line;
      }
    }
  }
  EXPECT_GT(readable, 1000);
  EXPECT_GT(not_readable, 1000);
}

}  // namespace
}  // namespace kt::detect::views
