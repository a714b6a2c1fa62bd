// One escape sequence of a JSON string (RFC 8259, 7).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/byte_block.h"

namespace kt::json {

// What a backslash and this byte stand for; 0 for "\\u" and for what is no escape.
inline constexpr std::array<char, 256> kShortEscapes = [] {
  std::array<char, 256> table{};
  table['"'] = '"';
  table['\\'] = '\\';
  table['/'] = '/';
  table['b'] = '\b';
  table['f'] = '\f';
  table['n'] = '\n';
  table['r'] = '\r';
  table['t'] = '\t';
  return table;
}();

// The next backslash at or behind `from`; raw.size() when there is none. Escapes stand near to each
// other, which a call of memchr for each would make slow, or far apart, where it is the fastest.
inline size_t FindBackslash(std::string_view raw, size_t from) noexcept {
  const auto marks = [](ByteBlock block) { return block.Equal('\\'); };
  if (raw.size() - from < kFourBlocks) {
    return FindByte(raw, from, marks, [](char c) { return c == '\\'; });
  }
  const size_t first = FirstInFour(raw.data() + from, marks);
  if (first != kFourBlocks) return from + first;
  return std::min(raw.find('\\', from + kFourBlocks), raw.size());
}

struct Escape {
  char utf8[4] = {};
  uint8_t utf8_length = 0;
  uint8_t raw_length = 0;  // bytes of the sequence, both halves of a surrogate pair; 0: malformed
  // utf8 is then the three bytes that UTF-8 would have for it, which no UTF-8 may hold.
  bool lone_surrogate = false;

  std::string_view text() const noexcept { return {utf8, utf8_length}; }
};

// Reads the sequence at `at`. Precondition: raw[at] is a backslash.
Escape ReadEscape(std::string_view raw, size_t at) noexcept;

// Appends the text of `raw`, the inside of a valid JSON string, to *out.
void AppendUnescaped(std::string_view raw, std::string* out);
// True when the text of `raw`, the inside of a valid JSON string, is `value`.
bool UnescapedEquals(std::string_view raw, std::string_view value) noexcept;

}  // namespace kt::json
