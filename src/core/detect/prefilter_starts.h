// Where in a block of text a word, a number or a sign begins: the only places where most literals
// of rules can stand. Private to detect/.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <cstdint>

#include "core/detect/regex_bytes.h"

namespace kt::detect {

// Whether a place with this byte is one whatever is before it: signs and lead bytes of UTF-8.
inline bool AlwaysStarts(unsigned char byte) noexcept {
  return byte >= 0x80 ? byte >= 0xC0 : byte > 0x20 && !IsAsciiWord(byte);
}

struct Starts {
  uint64_t places;  // bit i: at byte i of the block
  uint64_t leads;   // lead bytes of UTF-8
};

// Of 64 bytes, with the byte before them.
inline Starts FindStarts(const char* block, char before) noexcept {
  uint64_t word = 0, digit = 0, always = 0, leads = 0;
#if defined(__SSE2__)
  for (int i = 0; i < 4; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + i);
    const auto at_most = [](__m128i x, char n) {
      const __m128i limit = _mm_set1_epi8(n);
      return _mm_cmpeq_epi8(_mm_min_epu8(x, limit), x);
    };
    const auto bits = [&](__m128i x) {
      return static_cast<uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(x))) << (16 * i);
    };
    const __m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));
    const __m128i letters = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 25);
    const __m128i digits = at_most(_mm_sub_epi8(v, _mm_set1_epi8('0')), 9);
    const __m128i low = _mm_cmpeq_epi8(v, _mm_set1_epi8('_'));
    digit |= bits(digits);
    word |= bits(_mm_or_si128(_mm_or_si128(letters, digits), low));
    const uint64_t high = bits(v);
    leads |= high & ~bits(at_most(v, static_cast<char>(0xBF)));
    always |= ~(high | bits(at_most(v, 0x20))) & (uint64_t{0xFFFF} << (16 * i));
  }
#else
  for (unsigned i = 0; i < 64; ++i) {
    const auto byte = static_cast<unsigned char>(block[i]);
    const uint64_t bit = uint64_t{1} << i;
    if (IsAsciiWord(byte)) word |= bit;
    if (IsAsciiDigit(byte)) digit |= bit;
    if (byte >= 0xC0) leads |= bit;
    if (byte > 0x20 && byte < 0x80) always |= bit;
  }
#endif
  const auto last = static_cast<unsigned char>(before);
  const uint64_t word_before = word << 1 | (IsAsciiWord(last) ? 1 : 0);
  const uint64_t digit_before = digit << 1 | (IsAsciiDigit(last) ? 1 : 0);
  return {(word & ~word_before) | (digit & ~digit_before) | (always & ~word) | leads, leads};
}

}  // namespace kt::detect
