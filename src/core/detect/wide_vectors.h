// Vectors of 64 bytes, for the scans of texts: which processors use them, and what the scans share.
// Private to detect/.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>

// What is inlined may be compiled for less than its caller is.
#define KT_WIDE __attribute__((target("avx512f,avx512bw")))
#define KT_WIDE_INLINE __attribute__((target("avx512f,avx512bw"), always_inline))
// And what packs bytes.
#define KT_WIDE_LIST __attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt")))
#define KT_WIDE_LIST_INLINE \
  __attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt"), always_inline))

namespace kt::detect::wide {

// Processors before those with VBMI2 have such vectors too, but lower their clock for a while once
// they are used, which costs the rest of a worker's work more than the scans gain.
inline bool AreUsed() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vbmi2");
}

// 16 aligned bytes, four times.
KT_WIDE_INLINE inline __m512i FourTimes(const void* bytes) noexcept {
  // With a mask of all: the form without one warns in some compilers.
  return _mm512_maskz_broadcast_i32x4(0xFFFF, _mm_load_si128(static_cast<const __m128i*>(bytes)));
}

// 0, 1, 2, … 63.
KT_WIDE_INLINE inline __m512i Counted() noexcept {
  alignas(64) static constexpr auto kBytes = [] {
    std::array<uint8_t, 64> bytes{};
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
    return bytes;
  }();
  return _mm512_load_si512(kBytes.data());
}

KT_WIDE_INLINE inline uint64_t Letters(__m512i v) noexcept {
  const __m512i lower = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
  return _mm512_cmple_epu8_mask(_mm512_sub_epi8(lower, _mm512_set1_epi8('a')),
                                _mm512_set1_epi8(25));
}

KT_WIDE_INLINE inline uint64_t Digits(__m512i v) noexcept {
  return _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(9));
}

// ASCII ones: letters, digits and the low line.
KT_WIDE_INLINE inline uint64_t WordBytes(__m512i v) noexcept {
  return Letters(v) | Digits(v) | _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('_'));
}

KT_WIDE_INLINE inline __m512i LowHalves(__m512i v) noexcept {
  return _mm512_and_si512(v, _mm512_set1_epi8(15));
}
KT_WIDE_INLINE inline __m512i HighHalves(__m512i v) noexcept {
  return LowHalves(_mm512_srli_epi16(v, 4));
}

// Where some group has, by the tables of half bytes, each of the bytes from there on.
template <size_t kBytes>
KT_WIDE_INLINE inline uint64_t PlacesOfGroups(const uint8_t (&low)[kBytes][16],
                                              const uint8_t (&high)[kBytes][16],
                                              const char* block) noexcept {
  __m512i groups = _mm512_set1_epi8(-1);
  for (size_t k = 0; k < kBytes; ++k) {
    const __m512i v = _mm512_loadu_si512(block + k);
    // All three at once: 0x80 is the and of them.
    groups =
        _mm512_ternarylogic_epi32(groups, _mm512_shuffle_epi8(FourTimes(low[k]), LowHalves(v)),
                                  _mm512_shuffle_epi8(FourTimes(high[k]), HighHalves(v)), 0x80);
  }
  return _mm512_test_epi8_mask(groups, groups);
}

}  // namespace kt::detect::wide
#endif
