// One escape sequence of a JSON string (RFC 8259, 7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kt::json {

struct Escape {
  char utf8[4] = {};
  uint8_t utf8_length = 0;
  uint8_t raw_length = 0;  // bytes of the sequence, both halves of a surrogate pair; 0: malformed
  bool lone_surrogate = false;  // utf8 is U+FFFD then

  std::string_view text() const noexcept { return {utf8, utf8_length}; }
};

// Reads the sequence at `at`. Precondition: raw[at] is a backslash.
Escape ReadEscape(std::string_view raw, size_t at) noexcept;

// Appends the text of `raw`, the inside of a valid JSON string, to *out.
void AppendUnescaped(std::string_view raw, std::string* out);
// True when the text of `raw`, the inside of a valid JSON string, is `value`.
bool UnescapedEquals(std::string_view raw, std::string_view value) noexcept;

}  // namespace kt::json
