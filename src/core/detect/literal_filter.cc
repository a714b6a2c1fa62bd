#include "core/detect/literal_filter.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kt::detect {

LiteralFilter::LiteralFilter(ScanKind kind)
    : group_of_(size_t{1} << kIndexBits, kNoGroup), groups_(1, Group{}), likely_(&Portable) {
#if defined(__x86_64__)
  const bool bits = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  if (kind == ScanKind::kAvx2 && bits) likely_ = &Avx2;
  if (kind == ScanKind::kAvx512 && bits) likely_ = &Avx512;
#else
  static_cast<void>(kind);
#endif
}

void LiteralFilter::Add(std::string_view folded, bool at_end) {
  if (folded.size() > 1 || at_end) {
    return AddTo(folded, at_end, folded.size() > 1 ? static_cast<unsigned char>(folded[1]) : 0);
  }
  for (unsigned second = 0; second < 256; ++second) AddTo(folded, at_end, second);
}

// To the group of those that begin so.
void LiteralFilter::AddTo(std::string_view folded, bool at_end, unsigned second) {
  const auto byte = [&](size_t i) {
    return i < folded.size() ? static_cast<unsigned char>(folded[i]) : 0u;
  };
  const bool is_short = folded.size() <= kShort;
  uint16_t& place = group_of_[Index(byte(0) | second << 8)];
  if (place == 0) {
    place = static_cast<uint16_t>(groups_.size() * sizeof(Group) / kGroupUnit);
    groups_.push_back({});
  }
  const uint32_t group = GroupOf(byte(0), static_cast<unsigned char>(second));
  uint32_t* const bytes = is_short ? groups_[group].short_bytes : groups_[group].bytes;
  for (size_t i = 0; i < (is_short ? kShort + 1 : kPositions); ++i) {
    const bool known = i < folded.size() || at_end;
    bytes[i] |= known ? uint32_t{1} << 31 >> (byte(i) & 31) : ~uint32_t{0};
  }
}

void LiteralFilter::Portable(const LiteralFilter& filter, const char* bytes,
                             std::span<const uint64_t> places, Places* out) noexcept {
  for (size_t i = 0; i < places.size(); ++i, bytes += kScanBlock) {
    out->shorts[i] = out->longs[i] = 0;
    for (uint64_t left = places[i]; left != 0; left &= left - 1) {
      const char* at = bytes + __builtin_ctzll(left);
      const auto byte = [&](size_t k) { return static_cast<unsigned char>(at[k]); };
      const uint32_t number = filter.GroupOf(byte(0), byte(1));
      if (number == kNoGroup) continue;
      const Group& group = filter.groups_[number];
      uint32_t longs = ~uint32_t{0}, shorts = ~uint32_t{0};
      for (size_t k = 0; k < kPositions; ++k) longs &= group.bytes[k] << (byte(k) & 31);
      for (size_t k = 0; k <= kShort; ++k) shorts &= group.short_bytes[k] << (byte(k) & 31);
      if (longs >> 31 != 0) out->longs[i] |= left & -left;
      if (shorts >> 31 != 0) out->shorts[i] |= left & -left;
    }
  }
}

#if defined(__x86_64__)
namespace {

// What the places say is put aside, in order, and made bits of their blocks when all have been
// looked at.
constexpr size_t kAside = (kMostMasks + 1) * kMaskBits;

// Bit i: byte i is `value`.
__attribute__((target("avx2"), always_inline)) inline uint64_t EqualBytes(const uint8_t* bytes,
                                                                          char value) {
  const __m256i wanted = _mm256_set1_epi8(value);
  const auto half = [&](int i) __attribute__((target("avx2"), always_inline)) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes) + i);
    return uint64_t{static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, wanted)))};
  };
  return half(0) | half(1) << 32;
}

// Bit i: entry i has all bits of `wanted`.
KT_WIDE_INLINE inline uint64_t AllBits(const uint16_t* entries, int16_t wanted) {
  const __m512i bits = _mm512_set1_epi16(wanted);
  const auto half = [&](int i) KT_WIDE_INLINE {
    const __m512i v = _mm512_loadu_si512(entries + 32 * i);
    return uint64_t{_mm512_cmpeq_epi16_mask(_mm512_and_si512(v, bits), bits)};
  };
  return half(0) | half(1) << 32;
}

}  // namespace

__attribute__((target("avx2,bmi,bmi2,popcnt"))) void LiteralFilter::Avx2(
    const LiteralFilter& filter, const char* bytes, std::span<const uint64_t> places,
    Places* out) noexcept {
  PlaceList list;
  uint8_t longs[kAside], shorts[kAside];
  ListPlaces<8>(places, &list);
  const __m256i low = _mm256_set1_epi32(31);
  const Tables tables = filter.tables();
  for (size_t i = 0; i < list.size; ++i) {
    const char* at = bytes + list.at[i];
    const Group& group = tables.At(at);
    const __m256i eight = _mm256_and_si256(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))), low);
    // The sign of a position: a byte that may stand there does.
    const __m256i long_signs =
        _mm256_sllv_epi32(_mm256_load_si256(reinterpret_cast<const __m256i*>(group.bytes)), eight);
    const __m128i short_signs =
        _mm_sllv_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(group.short_bytes)),
                       _mm256_castsi256_si128(eight));
    longs[i] = static_cast<uint8_t>(_mm256_movemask_ps(_mm256_castsi256_ps(long_signs)));
    shorts[i] = static_cast<uint8_t>(_mm_movemask_ps(_mm_castsi128_ps(short_signs)));
  }
  static_assert(kPositions == 8 && kShort + 1 == 4);
  for (size_t i = 0, begin = 0; i < places.size(); ++i) {
    // Of no more of what was put aside than there are places.
    out->shorts[i] = _pdep_u64(EqualBytes(shorts + begin, 0xF), places[i]);
    out->longs[i] = _pdep_u64(EqualBytes(longs + begin, static_cast<char>(0xFF)), places[i]);
    begin += static_cast<size_t>(__builtin_popcountll(places[i]));
  }
}

// Both kinds in one look.
__attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,popcnt"))) void LiteralFilter::Avx512(
    const LiteralFilter& filter, const char* bytes, std::span<const uint64_t> places,
    Places* out) noexcept {
  PlaceList list;
  uint16_t aside[kAside];
  ListPlacesWide(places, &list);
  // The eight bytes, and the first four again; zeros for the rest.
  const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, -1, -1, -1, -1);
  const __m128i low = _mm_set1_epi8(31);
  const Tables tables = filter.tables();
  for (size_t i = 0; i < list.size; ++i) {
    const char* at = bytes + list.at[i];
    const __m128i eight = _mm_and_si128(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)), low);
    // With masks of all: the forms without one warn in some compilers.
    const __m512i signs =
        _mm512_maskz_sllv_epi32(0xFFFF, _mm512_load_si512(&tables.At(at)),
                                _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_shuffle_epi8(eight, order)));
    aside[i] = static_cast<uint16_t>(_mm512_cmplt_epi32_mask(signs, _mm512_setzero_si512()));
  }
  for (size_t i = 0, begin = 0; i < places.size(); ++i) {
    // Of no more of what was put aside than there are places.
    out->shorts[i] = _pdep_u64(AllBits(aside + begin, 0xF00), places[i]);
    out->longs[i] = _pdep_u64(AllBits(aside + begin, 0xFF), places[i]);
    begin += static_cast<size_t>(__builtin_popcountll(places[i]));
  }
}
#endif

}  // namespace kt::detect
