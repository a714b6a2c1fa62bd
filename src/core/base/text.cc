#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "core/base/byte_block.h"

namespace kt {
namespace {

// Bytes of the well-formed sequence at text[i], 0 when there is none (Unicode, table 3-7).
size_t SequenceLength(std::string_view text, size_t i) noexcept {
  const auto byte = [&](size_t k) -> unsigned {
    return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u;
  };
  const auto tail = [&](size_t k) { return (byte(k) & 0xC0) == 0x80; };
  const unsigned b0 = byte(i), b1 = byte(i + 1);
  if (b0 < 0x80) return 1;
  if (b0 >= 0xC2 && b0 <= 0xDF) return tail(i + 1) ? 2 : 0;
  if (b0 >= 0xE0 && b0 <= 0xEF) {
    if (!tail(i + 1) || !tail(i + 2)) return 0;
    if (b0 == 0xE0 && b1 < 0xA0) return 0;
    if (b0 == 0xED && b1 > 0x9F) return 0;
    return 3;
  }
  if (b0 >= 0xF0 && b0 <= 0xF4) {
    if (!tail(i + 1) || !tail(i + 2) || !tail(i + 3)) return 0;
    if (b0 == 0xF0 && b1 < 0x90) return 0;
    if (b0 == 0xF4 && b1 > 0x8F) return 0;
    return 4;
  }
  return 0;
}

// Whether eight bytes are the same but for the case of ASCII letters.
bool SameEight(const char* a, const char* b) noexcept {
  constexpr uint64_t kEach = 0x0101010101010101, kCase = kEach * 0x20, kTop = kEach * 0x80;
  uint64_t x, y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  const uint64_t differ = x ^ y;
  if ((differ & ~kCase) != 0) return false;
  // Whose bytes differ there have to be letters. No sum reaches the next byte.
  const uint64_t lower = (x | kCase) & ~kTop;
  const uint64_t letters =
      (lower + kEach * (0x80 - 'a')) & ~(lower + kEach * (0x7F - 'z')) & ~x & kTop;
  static_assert(0x20 << 2 == 0x80);
  return (differ << 2 & ~letters) == 0;
}

}  // namespace

std::string ToLower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), AsciiLower);
  return out;
}

bool SameIgnoringCase(const char* a, const char* b, size_t size) noexcept {
  if (size < sizeof(uint64_t)) {
    return std::equal(a, a + size, b,
                      [](char x, char y) { return AsciiLower(x) == AsciiLower(y); });
  }
  // The last eight bytes overlap what is before them.
  const size_t last = size - sizeof(uint64_t);
  for (size_t i = 0; i < last; i += sizeof(uint64_t)) {
    if (!SameEight(a + i, b + i)) return false;
  }
  return SameEight(a + last, b + last);
}

std::string_view Trim(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string HexEncode(std::string_view bytes) {
  // Two digits at once: each request has an id of sixteen bytes.
  static constexpr auto kPairs = [] {
    std::array<char[2], 256> pairs{};
    for (unsigned byte = 0; byte < 256; ++byte) {
      pairs[byte][0] = "0123456789abcdef"[byte >> 4];
      pairs[byte][1] = "0123456789abcdef"[byte & 15];
    }
    return pairs;
  }();
  std::string out(bytes.size() * 2, '\0');
  char* to = out.data();
  for (const char c : bytes) {
    std::memcpy(to, kPairs[static_cast<unsigned char>(c)], 2);
    to += 2;
  }
  return out;
}

bool IsUtf8(std::string_view text) noexcept {
  const auto next = [&](size_t from) {
    return FindByte(
        text, from, [](ByteBlock block) { return block.NotAscii(); },
        [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  };
  for (size_t i = next(0); i < text.size();) {
    const size_t n = SequenceLength(text, i);
    if (n == 0) return false;
    i += n;
    if (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) i = next(i);
  }
  return true;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t n = SequenceLength(text, i);
    if (n == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    out.append(text.substr(i, n));
    i += n;
  }
  return out;
}

size_t CodePoints(std::string_view text) noexcept {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string_view CutUtf8(std::string_view text, size_t max_bytes) noexcept {
  if (text.size() <= max_bytes) return text;
  size_t n = max_bytes;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  return text.substr(0, n);
}

uint32_t EditDistance(std::string_view a, std::string_view b, uint32_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  std::vector<uint32_t> row(a.size() + 1);
  for (size_t i = 0; i <= a.size(); ++i) row[i] = static_cast<uint32_t>(i);
  for (size_t j = 1; j <= b.size(); ++j) {
    uint32_t diagonal = row[0];
    row[0] = static_cast<uint32_t>(j);
    for (size_t i = 1; i <= a.size(); ++i) {
      const uint32_t above = row[i];
      row[i] = std::min({above + 1, row[i - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return std::min(row[a.size()], limit + 1);
}

}  // namespace kt
