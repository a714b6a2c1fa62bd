// Single code points of UTF-8 text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kt::detect {

inline bool IsContinuation(char c) noexcept {
  return (static_cast<uint8_t>(c) & 0xC0) == 0x80;
}

inline constexpr size_t kMaxUtf8Bytes = 4;
// No character begins with the byte.
constexpr bool BeginsNone(unsigned byte) noexcept {
  return (byte >= 0x80 && byte < 0xC2) || byte > 0xF4;
}

struct CodePoint {
  uint32_t value;
  uint32_t size;  // bytes; 0: malformed, or cut off by the end of the text
};

// The code point at `at`. Precondition: at < text.size().
inline CodePoint DecodeUtf8(std::string_view text, size_t at) noexcept {
  const auto byte = [&](size_t k) { return static_cast<uint8_t>(text[at + k]); };
  const auto tail = [&](size_t k) { return static_cast<uint32_t>(byte(k) & 0x3F); };
  const uint32_t first = byte(0);
  const size_t left = text.size() - at;
  if (first < 0x80) return {first, 1};
  if (first >= 0xC2 && first < 0xE0 && left >= 2 && IsContinuation(text[at + 1])) {
    return {(first & 0x1F) << 6 | tail(1), 2};
  }
  if (first >= 0xE0 && first < 0xF0 && left >= 3 && IsContinuation(text[at + 1]) &&
      IsContinuation(text[at + 2])) {
    const uint32_t value = (first & 0x0F) << 12 | tail(1) << 6 | tail(2);
    if (value >= 0x800 && (value < 0xD800 || value > 0xDFFF)) return {value, 3};
  }
  if (first >= 0xF0 && first < 0xF5 && left >= 4 && IsContinuation(text[at + 1]) &&
      IsContinuation(text[at + 2]) && IsContinuation(text[at + 3])) {
    const uint32_t value = (first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3);
    if (value >= 0x10000 && value <= 0x10FFFF) return {value, 4};
  }
  return {0, 0};
}

// The half of a UTF-16 pair at `at`, as text of JSON may hold it (json/view.h, kKeep): three bytes
// that are no UTF-8. 0: none.
inline uint32_t DecodeHalf(std::string_view text, size_t at) noexcept {
  if (text.size() < at + 3 || text[at] != '\xED') return 0;
  const auto second = static_cast<uint8_t>(text[at + 1]);
  if (second < 0xA0 || second > 0xBF || !IsContinuation(text[at + 2])) return 0;
  return 0xD000u | (second & 0x3Fu) << 6 | (static_cast<uint8_t>(text[at + 2]) & 0x3Fu);
}

inline constexpr uint32_t kHalfBytes = 3;
inline constexpr uint32_t kReplacementCharacter = 0xFFFD;
// Two halves at `at` as the code point that they are, one alone as U+FFFD; size 0: none.
inline CodePoint DecodeHalves(std::string_view text, size_t at) noexcept {
  const uint32_t half = DecodeHalf(text, at);
  if (half == 0) return {0, 0};
  const uint32_t low = half < 0xDC00 ? DecodeHalf(text, at + kHalfBytes) : 0;
  if (low < 0xDC00) return {kReplacementCharacter, kHalfBytes};
  return {0x10000 + ((half - 0xD800) << 10 | (low - 0xDC00)), 2 * kHalfBytes};
}

// The code point that ends before `end`. Precondition: 0 < end <= text.size().
inline CodePoint DecodeUtf8Before(std::string_view text, size_t end) noexcept {
  size_t begin = end - 1;
  while (begin > 0 && end - begin < 4 && IsContinuation(text[begin])) --begin;
  const CodePoint cp = DecodeUtf8(text.substr(0, end), begin);
  return cp.size == end - begin ? cp : CodePoint{0, 0};
}

// Precondition: value <= 0x10FFFF and no surrogate.
inline void AppendUtf8(uint32_t value, std::string* out) {
  if (value < 0x80) {
    out->push_back(static_cast<char>(value));
    return;
  }
  if (value < 0x800) {
    out->push_back(static_cast<char>(0xC0 | value >> 6));
  } else {
    if (value < 0x10000) {
      out->push_back(static_cast<char>(0xE0 | value >> 12));
    } else {
      out->push_back(static_cast<char>(0xF0 | value >> 18));
      out->push_back(static_cast<char>(0x80 | (value >> 12 & 0x3F)));
    }
    out->push_back(static_cast<char>(0x80 | (value >> 6 & 0x3F)));
  }
  out->push_back(static_cast<char>(0x80 | (value & 0x3F)));
}

// The text with its halves as UTF-8 has what they stand for: what may be written somewhere.
inline std::string PairHalves(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint cp = DecodeHalves(text, at);
    if (cp.size > 0) {
      AppendUtf8(cp.value, &out);
    } else {
      out.push_back(text[at]);
    }
    at += cp.size > 0 ? cp.size : 1;
  }
  return out;
}

}  // namespace kt::detect
