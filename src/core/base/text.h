// Small text helpers that several folders need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kt {

inline char AsciiLower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
std::string ToLower(std::string_view text);
bool SameIgnoringCase(const char* a, const char* b, size_t size) noexcept;
inline bool EqualsIgnoreCase(std::string_view a, std::string_view b) noexcept {
  // Most names that are compared are of other lengths, or begin otherwise.
  if (a.size() != b.size()) return false;
  return a.empty() ||
         (((a[0] ^ b[0]) & ~0x20) == 0 && SameIgnoringCase(a.data(), b.data(), a.size()));
}
std::string_view Trim(std::string_view text) noexcept;  // ASCII blanks at both ends

// Lower-case hex digits of `bytes`.
std::string HexEncode(std::string_view bytes);

// True when `text` is well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF).
bool IsUtf8(std::string_view text) noexcept;
// `text` with each malformed sequence replaced by U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);
// How many code points well-formed UTF-8 has.
size_t CodePoints(std::string_view text) noexcept;
// The longest prefix of at most `max_bytes` bytes that does not cut a UTF-8 sequence.
std::string_view CutUtf8(std::string_view text, size_t max_bytes) noexcept;

// Levenshtein distance, given up (returns limit + 1) once above `limit`: for suggestions.
uint32_t EditDistance(std::string_view a, std::string_view b, uint32_t limit);

}  // namespace kt
