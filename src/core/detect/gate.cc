#include "core/detect/gate.h"

#include <cstring>

#include "core/detect/features.h"

#if defined(__x86_64__)
#include <immintrin.h>
// Vectors are handed only to what is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace kt::detect {
namespace {

// Bytes behind a block that its last word's entry reads.
constexpr size_t kReadBehind = 3;
constexpr size_t kChunks = kBlockCodePoints / 64;
// Both sums of a window fit beside each other: at most every other byte begins a word.
static_assert(2 * kBlockCodePoints / 2 * 255 < 1 << 16);

uint32_t EntryOf(uint32_t bytes) noexcept {
  return (bytes | 0x20202020u) * 0x9E3779B1u >> (32 - kGateBits);
}

[[gnu::always_inline]] inline uint32_t Load32(const char* at) noexcept {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap32(value);
#endif
  return value;
}

// `word`: bit i is set where byte i of the chunk is a letter or a digit. *carry: the bit before.
// Inlined, so that it is compiled for the processor that its caller is compiled for.
[[gnu::always_inline]] inline void AddChunk(const char* data, uint64_t word, uint64_t* carry,
                                            const uint32_t* entries, GateSums* sums) noexcept {
  uint64_t starts = word & ~(word << 1 | *carry);
  *carry = word >> 63;
  sums->words += static_cast<uint32_t>(__builtin_popcountll(starts));
  for (; starts != 0; starts &= starts - 1) {
    sums->both += entries[EntryOf(Load32(data + __builtin_ctzll(starts)))];
  }
}

using BlockFunction = bool (*)(const char* data, bool in_word, const uint32_t* entries,
                               GateSums* sums);

bool AddPortable(const char* data, bool in_word, const uint32_t* entries, GateSums* sums) {
  uint64_t carry = in_word ? 1 : 0;
  GateSums local;
  for (size_t i = 0; i < kChunks; ++i, data += 64) {
    uint64_t word = 0;
    unsigned char high = 0;
    for (size_t k = 0; k < 64; ++k) {
      const auto c = static_cast<unsigned char>(data[k]);
      const bool letter = static_cast<unsigned char>((c | 0x20) - 'a') < 26;
      const bool digit = static_cast<unsigned char>(c - '0') < 10;
      high |= c;
      word |= uint64_t{letter || digit} << k;
    }
    if (high >= 0x80) return false;
    AddChunk(data, word, &carry, entries, &local);
  }
  *sums = local;
  return true;
}

#if defined(__x86_64__)
__attribute__((target("avx2,popcnt,bmi"))) bool AddAvx2(const char* data, bool in_word,
                                                        const uint32_t* entries, GateSums* sums) {
  const auto load = [&](size_t i) __attribute__((target("avx2,popcnt,bmi"), always_inline)) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data) + i);
  };
  __m256i high = load(0);
  for (size_t i = 1; i < 2 * kChunks; ++i) high = _mm256_or_si256(high, load(i));
  if (_mm256_movemask_epi8(high) != 0) return false;
  const auto word = [&](size_t i) __attribute__((target("avx2,popcnt,bmi"), always_inline)) {
    const __m256i v = load(i);
    const auto at_most =
        [](__m256i x, char n) __attribute__((target("avx2,popcnt,bmi"), always_inline)) {
      return _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(n)), x);
    };
    const __m256i letter =
        _mm256_sub_epi8(_mm256_or_si256(v, _mm256_set1_epi8(0x20)), _mm256_set1_epi8('a'));
    const __m256i digit = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
    const __m256i any = _mm256_or_si256(at_most(letter, 25), at_most(digit, 9));
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(any)));
  };
  uint64_t carry = in_word ? 1 : 0;
  GateSums local;
  for (size_t i = 0; i < kChunks; ++i) {
    AddChunk(data + i * 64, word(2 * i) | word(2 * i + 1) << 32, &carry, entries, &local);
  }
  *sums = local;
  return true;
}
#endif

BlockFunction BlockOf([[maybe_unused]] bool portable) noexcept {
#if defined(__x86_64__)
  if (!portable && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
      __builtin_cpu_supports("bmi")) {
    return &AddAvx2;
  }
#endif
  return &AddPortable;
}

}  // namespace

uint32_t GateEntry(std::string_view text, size_t at) noexcept {
  char bytes[4] = {' ', ' ', ' ', ' '};
  text = text.substr(at, sizeof bytes);
  std::memcpy(bytes, text.data(), text.size());
  return EntryOf(Load32(bytes));
}

bool AddGateBlock(std::string_view text, bool in_word, const uint32_t* entries, GateSums* sums,
                  bool portable) noexcept {
  // The end of a text, with blanks behind it.
  char copy[kBlockCodePoints + kReadBehind];
  const char* data = text.data();
  if (text.size() < sizeof copy) {
    std::memcpy(copy, data, text.size());
    std::memset(copy + text.size(), ' ', sizeof copy - text.size());
    data = copy;
  }
  return BlockOf(portable)(data, in_word, entries, sums);
}

}  // namespace kt::detect
