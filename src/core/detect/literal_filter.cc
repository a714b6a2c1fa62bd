#include "core/detect/literal_filter.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kt::detect {

LiteralFilter::LiteralFilter(bool portable)
    : group_of_(size_t{1} << kIndexBits, kNoGroup), groups_(1, Group{}), likely_(&Portable) {
#if defined(__x86_64__)
  if (!portable && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2")) {
    likely_ = &Avx2;
  }
#else
  static_cast<void>(portable);
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

LiteralFilter::Places LiteralFilter::Portable(const LiteralFilter& filter, const char* block,
                                              uint64_t places) noexcept {
  Places likely;
  for (; places != 0; places &= places - 1) {
    const char* at = block + __builtin_ctzll(places);
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(at[i]); };
    const uint32_t number = filter.GroupOf(byte(0), byte(1));
    if (number == kNoGroup) continue;
    const Group& group = filter.groups_[number];
    uint32_t longs = ~uint32_t{0}, shorts = ~uint32_t{0};
    for (size_t i = 0; i < kPositions; ++i) longs &= group.bytes[i] << (byte(i) & 31);
    for (size_t i = 0; i <= kShort; ++i) shorts &= group.short_bytes[i] << (byte(i) & 31);
    if (longs >> 31 != 0) likely.longs |= places & -places;
    if (shorts >> 31 != 0) likely.shorts |= places & -places;
  }
  return likely;
}

#if defined(__x86_64__)
namespace {

// Bit i: byte i is `value`.
__attribute__((target("avx2"))) inline uint64_t EqualBytes(const uint8_t* bytes, char value) {
  const __m256i wanted = _mm256_set1_epi8(value);
  const auto half = [&](int i) __attribute__((target("avx2"), always_inline)) {
    const __m256i v = _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes) + i);
    return uint64_t{static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, wanted)))};
  };
  return half(0) | half(1) << 32;
}

}  // namespace

// What each place says is put aside, and made bits of a block when all have been looked at.
__attribute__((target("avx2,bmi,bmi2"))) LiteralFilter::Places LiteralFilter::Avx2(
    const LiteralFilter& filter, const char* block, uint64_t places) noexcept {
  alignas(32) uint8_t longs[64], shorts[64];
  const __m256i low = _mm256_set1_epi32(31);
  const uint16_t* const group_of = filter.group_of_.data();
  const auto* const groups = reinterpret_cast<const char*>(filter.groups_.data());
  size_t count = 0;
  for (uint64_t left = places; left != 0; left = _blsr_u64(left), ++count) {
    const char* at = block + _tzcnt_u64(left);
    uint16_t two;
    std::memcpy(&two, at, sizeof two);
    const auto& group =
        *reinterpret_cast<const Group*>(groups + size_t{group_of[Index(two)]} * kGroupUnit);
    const __m256i bytes = _mm256_and_si256(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))), low);
    // The sign of a position: a byte that may stand there does.
    const __m256i long_signs =
        _mm256_sllv_epi32(_mm256_load_si256(reinterpret_cast<const __m256i*>(group.bytes)), bytes);
    const __m128i short_signs =
        _mm_sllv_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(group.short_bytes)),
                       _mm256_castsi256_si128(bytes));
    longs[count] = static_cast<uint8_t>(_mm256_movemask_ps(_mm256_castsi256_ps(long_signs)));
    shorts[count] = static_cast<uint8_t>(_mm_movemask_ps(_mm_castsi128_ps(short_signs)));
  }
  static_assert(kPositions == 8 && kShort + 1 == 4);
  const uint64_t known = count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
  return {_pdep_u64(EqualBytes(shorts, 0xF) & known, places),
          _pdep_u64(EqualBytes(longs, static_cast<char>(0xFF)) & known, places)};
}
#endif

}  // namespace kt::detect
