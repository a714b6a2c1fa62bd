// Which of 16 or 64 bytes are of a set, as bits: by SSE2, which all of x86-64 has, and one by one
// elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kt::byte_sets {

#if defined(__SSE2__)
// For each byte of a lane: is it of the set?
struct Marks {
  __m128i raw;
  Marks operator|(Marks other) const noexcept { return {_mm_or_si128(raw, other.raw)}; }
};

// Bytes that are looked at together.
class Lane {
 public:
  static constexpr size_t kBytes = 16;
  explicit Lane(const char* bytes) noexcept
      : raw_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))) {}
  Marks Is(char c) const noexcept { return {_mm_cmpeq_epi8(raw_, _mm_set1_epi8(c))}; }
  // Precondition: first <= last, both ASCII.
  Marks In(char first, char last) const noexcept {
    const __m128i from = _mm_sub_epi8(raw_, _mm_set1_epi8(first));
    const __m128i most = _mm_set1_epi8(static_cast<char>(last - first));
    return {_mm_cmpeq_epi8(_mm_min_epu8(from, most), from)};
  }
  Lane Lower() const noexcept { return Lane(_mm_or_si128(raw_, _mm_set1_epi8(0x20))); }
  static uint64_t Bits(Marks marks) noexcept {
    return static_cast<uint32_t>(_mm_movemask_epi8(marks.raw));
  }
  // Writes the bytes that are marked, and 0 for the others.
  void Store(Marks marks, char* to) const noexcept {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_and_si128(raw_, marks.raw));
  }

 private:
  explicit Lane(__m128i raw) noexcept : raw_(raw) {}
  __m128i raw_;
};
#else
using Marks = bool;

class Lane {
 public:
  static constexpr size_t kBytes = 1;
  explicit Lane(const char* bytes) noexcept : c_(*bytes) {}
  Marks Is(char c) const noexcept { return c_ == c; }
  Marks In(char first, char last) const noexcept { return c_ >= first && c_ <= last; }
  Lane Lower() const noexcept { return Lane(static_cast<char>(c_ | 0x20)); }
  static uint64_t Bits(Marks marks) noexcept { return marks ? 1 : 0; }
  void Store(Marks marks, char* to) const noexcept { *to = marks ? c_ : '\0'; }

 private:
  explicit Lane(char c) noexcept : c_(c) {}
  char c_;
};
#endif

// Bit i: byte i of kBytes is of the set, `set` of a lane.
template <size_t kBytes, typename Set>
[[gnu::always_inline]] inline uint64_t Mask(const char* bytes, const Set& set) noexcept {
  static_assert(kBytes == 16 || kBytes == 64);
  uint64_t mask = 0;
  for (size_t i = 0; i < kBytes; i += Lane::kBytes) mask |= Lane::Bits(set(Lane(bytes + i))) << i;
  return mask;
}
// The same of the bytes at `at`, with 0 behind the end of the text.
template <size_t kBytes, typename Set>
[[gnu::always_inline]] inline uint64_t MaskAt(std::string_view text, size_t at,
                                              const Set& set) noexcept {
  if (at + kBytes <= text.size()) return Mask<kBytes>(text.data() + at, set);
  char padded[kBytes] = {};
  if (at < text.size()) std::memcpy(padded, text.data() + at, text.size() - at);
  return Mask<kBytes>(padded, set);
}

inline constexpr auto kLetters = [](Lane lane) { return lane.Lower().In('a', 'z'); };
inline constexpr auto kAlnums = [](Lane lane) { return kLetters(lane) | lane.In('0', '9'); };

}  // namespace kt::byte_sets
