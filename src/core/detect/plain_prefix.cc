// The fast path of the normaliser: most texts are plain ASCII from end to end.
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/detect/normalize.h"

namespace kt::detect {
namespace {

bool IsPlain(char c) noexcept {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x7F && (u >= 0x20 || (u >= '\t' && u <= '\r'));
}

#if defined(__SSE2__)
// A set top bit for each byte that is not plain.
__m128i NotPlain(const char* p) noexcept {
  const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i del_or_high = _mm_adds_epu8(v, _mm_set1_epi8(1));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
  const __m128i from_tab = _mm_sub_epi8(v, _mm_set1_epi8('\t'));
  const __m128i blank = _mm_cmpeq_epi8(_mm_min_epu8(from_tab, _mm_set1_epi8(4)), from_tab);
  return _mm_or_si128(del_or_high, _mm_andnot_si128(blank, control));
}
#endif

}  // namespace

size_t PlainPrefix(std::string_view text) noexcept {
  size_t at = 0;
#if defined(__SSE2__)
  const char* p = text.data();
  for (; at + 64 <= text.size(); at += 64) {
    const __m128i a = _mm_or_si128(NotPlain(p + at), NotPlain(p + at + 16));
    const __m128i b = _mm_or_si128(NotPlain(p + at + 32), NotPlain(p + at + 48));
    if (_mm_movemask_epi8(_mm_or_si128(a, b)) != 0) break;
  }
  for (; at + 16 <= text.size(); at += 16) {
    const int mask = _mm_movemask_epi8(NotPlain(p + at));
    if (mask != 0) return at + static_cast<size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
  }
#endif
  while (at < text.size() && IsPlain(text[at])) ++at;
  return at;
}

}  // namespace kt::detect
