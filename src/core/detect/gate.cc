#include "core/detect/gate.h"

#include <cstring>

#include "core/detect/features.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kt::detect {
namespace {

// Bytes behind a block that its last word's entry reads.
constexpr size_t kReadBehind = 3;

uint32_t EntryOf(uint32_t bytes) noexcept {
  return (bytes | 0x20202020u) * 0x9E3779B1u >> (32 - kGateBits);
}

// Bit i: byte i is a letter or a digit. *high collects bytes above ASCII.
uint64_t WordMask(const char* data, uint64_t* high) noexcept {
  uint64_t word = 0;
#if defined(__SSE2__)
  for (int i = 0; i < 4; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data) + i);
    const __m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)),
                                        _mm_set1_epi8(static_cast<char>('a' + 128)));
    const __m128i digit = _mm_sub_epi8(v, _mm_set1_epi8(static_cast<char>('0' + 128)));
    const __m128i any = _mm_or_si128(_mm_cmplt_epi8(letter, _mm_set1_epi8(-128 + 26)),
                                     _mm_cmplt_epi8(digit, _mm_set1_epi8(-128 + 10)));
    *high |= static_cast<uint64_t>(_mm_movemask_epi8(v));
    word |= static_cast<uint64_t>(_mm_movemask_epi8(any)) << (16 * i);
  }
#else
  for (size_t i = 0; i < 64; ++i) {
    const auto c = static_cast<unsigned char>(data[i]);
    const bool letter = static_cast<unsigned char>((c | 0x20) - 'a') < 26;
    const bool digit = static_cast<unsigned char>(c - '0') < 10;
    *high |= c >= 0x80 ? 1 : 0;
    word |= uint64_t{letter || digit} << i;
  }
#endif
  return word;
}

uint32_t Load32(const char* at) noexcept {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap32(value);
#endif
  return value;
}

}  // namespace

uint32_t GateEntry(std::string_view text, size_t at) noexcept {
  char bytes[4] = {' ', ' ', ' ', ' '};
  text = text.substr(at, sizeof bytes);
  std::memcpy(bytes, text.data(), text.size());
  return EntryOf(Load32(bytes));
}

bool AddGateBlock(std::string_view text, bool in_word, const std::vector<uint16_t>& entries,
                  GateSums* sums) noexcept {
  constexpr size_t kChunks = kBlockCodePoints / 64;
  // The end of a text, with blanks behind it.
  char copy[kBlockCodePoints + kReadBehind];
  const char* data = text.data();
  if (text.size() < sizeof copy) {
    std::memcpy(copy, data, text.size());
    std::memset(copy + text.size(), ' ', sizeof copy - text.size());
    data = copy;
  }
  uint64_t masks[kChunks], high = 0;
  for (size_t i = 0; i < kChunks; ++i) masks[i] = WordMask(data + i * 64, &high);
  if (high != 0) return false;
  uint64_t carry = in_word ? 1 : 0;
  uint32_t both = 0, injection = 0, words = 0;
  for (size_t i = 0; i < kChunks; ++i) {
    uint64_t starts = masks[i] & ~(masks[i] << 1 | carry);
    carry = masks[i] >> 63;
    words += static_cast<uint32_t>(__builtin_popcountll(starts));
    for (; starts != 0; starts &= starts - 1) {
      const char* at = data + i * 64 + __builtin_ctzll(starts);
      const uint32_t entry = entries[EntryOf(Load32(at))];
      both += entry;
      injection += entry & 0xFF;
    }
  }
  *sums = {both, injection, words};
  return true;
}

}  // namespace kt::detect
