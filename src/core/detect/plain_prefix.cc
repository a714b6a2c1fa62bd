// The fast path of the normaliser: most texts are plain ASCII from end to end.
#include <bit>
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
// Vectors are handed only to what is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#include "core/detect/normalize.h"

namespace kt::detect {
namespace {

bool IsPlain(char c) noexcept {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x7F && (u >= 0x20 || (u >= '\t' && u <= '\r'));
}

#if defined(__x86_64__)
// A bit for each of 16 bytes that is not plain.
uint32_t NotPlain(const char* p) noexcept {
  const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i del_or_high = _mm_adds_epu8(v, _mm_set1_epi8(1));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
  const __m128i from_tab = _mm_sub_epi8(v, _mm_set1_epi8('\t'));
  const __m128i blank = _mm_cmpeq_epi8(_mm_min_epu8(from_tab, _mm_set1_epi8(4)), from_tab);
  // The top bit of each byte tells.
  return static_cast<uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(del_or_high, _mm_andnot_si128(blank, control))));
}

// Whole chunks from the beginning in which every byte is plain.
__attribute__((target("avx2"))) size_t PlainChunksAvx2(std::string_view text) noexcept {
  const auto not_plain = [](const char* p) __attribute__((target("avx2"), always_inline)) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const __m256i del_or_high = _mm256_adds_epu8(v, _mm256_set1_epi8(1));
    const __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1F)), v);
    const __m256i from_tab = _mm256_sub_epi8(v, _mm256_set1_epi8('\t'));
    const __m256i blank =
        _mm256_cmpeq_epi8(_mm256_min_epu8(from_tab, _mm256_set1_epi8(4)), from_tab);
    return _mm256_or_si256(del_or_high, _mm256_andnot_si256(blank, control));
  };
  size_t at = 0;
  for (; at + 128 <= text.size(); at += 128) {
    const char* p = text.data() + at;
    const __m256i a = _mm256_or_si256(not_plain(p), not_plain(p + 32));
    const __m256i b = _mm256_or_si256(not_plain(p + 64), not_plain(p + 96));
    if (_mm256_movemask_epi8(_mm256_or_si256(a, b)) != 0) break;
  }
  for (; at + 32 <= text.size(); at += 32) {
    if (_mm256_movemask_epi8(not_plain(text.data() + at)) != 0) break;
  }
  return at;
}
#endif

}  // namespace

size_t PlainPrefix(std::string_view text) noexcept {
  size_t at = 0;
#if defined(__x86_64__)
  // Beyond ASCII most are short.
  constexpr size_t kStep = 16;
  for (; at + kStep <= text.size(); at += kStep) {
    const uint32_t not_plain = NotPlain(text.data() + at);
    if (not_plain != 0) return at + static_cast<size_t>(std::countr_zero(not_plain));
    if (at == 0 && __builtin_cpu_supports("avx2")) at = PlainChunksAvx2(text.substr(kStep));
  }
#endif
  while (at < text.size() && IsPlain(text[at])) ++at;
  return at;
}

}  // namespace kt::detect
