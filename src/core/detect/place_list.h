// From masks to the places of their bits: a loop over a list is left once, one over the bits of
// each mask once for each mask, which is what a processor guesses wrong. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/detect/wide_vectors.h"

namespace kt::detect {

inline constexpr size_t kMaskBits = 64, kMostMasks = 8;

struct PlaceList {
  // Some places more than there are get written, in order not to ask for each.
  uint16_t at[(kMostMasks + 1) * kMaskBits];
  size_t size;
};

// Where the bits of up to kMostMasks masks are, in order, from bit 0 of the first one on.
using ListFunction = void (*)(std::span<const uint64_t> masks, PlaceList* out) noexcept;
ListFunction PortableList() noexcept;
ListFunction BestList() noexcept;  // for few bits in each mask

// The same, for what is compiled for such a processor. `kAtOnce`: about as many as a mask has bits.
#if defined(__x86_64__)
template <size_t kAtOnce>
__attribute__((target("bmi,popcnt"), always_inline)) inline void ListPlaces(
    std::span<const uint64_t> masks, PlaceList* out) noexcept {
  uint16_t* next = out->at;
  for (size_t i = 0; i < masks.size(); ++i) {
    uint64_t left = masks[i];
    const auto bits = static_cast<size_t>(__builtin_popcountll(left));
    const size_t base = i * kMaskBits;
    for (size_t done = 0; done < bits; done += kAtOnce) {
      for (size_t k = 0; k < kAtOnce; ++k) {
        // What is written when none is left is written over, or not counted.
        next[done + k] = static_cast<uint16_t>(base + _tzcnt_u64(left));
        left = _blsr_u64(left);
      }
    }
    next += bits;
  }
  out->size = static_cast<size_t>(next - out->at);
}

KT_WIDE_LIST_INLINE inline void ListPlacesWide(std::span<const uint64_t> masks,
                                               PlaceList* out) noexcept {
  __m512i places = wide::Counted();
  uint16_t* next = out->at;
  for (size_t i = 0; i < masks.size(); ++i) {
    const uint64_t mask = masks[i];
    const __m512i base = _mm512_set1_epi16(static_cast<int16_t>(i * kMaskBits));
    const __m512i packed = _mm512_maskz_compress_epi8(mask, places);
    const auto put = [&](int half) KT_WIDE_LIST_INLINE {
      // With masks of all: the forms without one warn in some compilers.
      const __m256i bytes = half == 0 ? _mm512_maskz_extracti64x4_epi64(0xF, packed, 0)
                                      : _mm512_maskz_extracti64x4_epi64(0xF, packed, 1);
      _mm512_storeu_si512(next + 32 * half,
                          _mm512_or_si512(_mm512_maskz_cvtepu8_epi16(~0u, bytes), base));
    };
    put(0);
    const auto bits = static_cast<size_t>(__builtin_popcountll(mask));
    if (bits > 32) put(1);
    next += bits;
  }
  out->size = static_cast<size_t>(next - out->at);
}
#endif

}  // namespace kt::detect
