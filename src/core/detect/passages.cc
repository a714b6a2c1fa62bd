#include "core/detect/passages.h"

#include <algorithm>
#include <cstring>

#include "core/detect/prefilter_repeats.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace kt::detect {
namespace {

// What a match depends on lies in the passages beside its own.
static_assert(kMostRepeated + kRepeatBack <= Passages::kLeastBytes);
static_assert(kMostRepeated + kRepeatAhead <= Passages::kLeastBytes);

// A passage ends behind four bytes whose hash says so: one place in 512 of those that come into
// question, so that two cuts of the same bytes soon meet.
constexpr size_t kHeadBytes = 4;
constexpr unsigned kEndBits = 9;
constexpr uint16_t kFactors[2] = {0x9E37, 0x79B9};

bool EndsBehind(const char* bytes) noexcept {
  uint16_t halves[2];
  std::memcpy(halves, bytes, sizeof halves);
  const auto hash =
      static_cast<uint16_t>(uint32_t{halves[0]} * kFactors[0] + uint32_t{halves[1]} * kFactors[1]);
  return hash >> (16 - kEndBits) == 0;
}

#if defined(__x86_64__)
// The same for the eight that begin at even offsets: all bits of the two bytes of each.
__m128i EndsOfPairs(const char* bytes) noexcept {
  const auto load = [](const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  };
  const auto factor = [](uint16_t value) { return _mm_set1_epi16(static_cast<int16_t>(value)); };
  const __m128i hash = _mm_add_epi16(_mm_mullo_epi16(load(bytes), factor(kFactors[0])),
                                     _mm_mullo_epi16(load(bytes + 2), factor(kFactors[1])));
  return _mm_cmpeq_epi16(_mm_srli_epi16(hash, 16 - kEndBits), _mm_setzero_si128());
}
#endif

// The first place in [at, last] behind which a passage ends, by the kHeadBytes there; else `last`.
size_t FirstEnd(const char* text, size_t at, size_t last) noexcept {
#if defined(__x86_64__)
  constexpr size_t kStep = 16, kRead = kStep + 1 + kHeadBytes - 2;
  for (; at + kRead <= last; at += kStep) {
    const auto even = static_cast<unsigned>(_mm_movemask_epi8(EndsOfPairs(text + at)));
    const auto odd = static_cast<unsigned>(_mm_movemask_epi8(EndsOfPairs(text + at + 1)));
    const unsigned ends = (even & 0x5555u) | (odd & 0xAAAAu);
    if (ends != 0) return at + static_cast<size_t>(__builtin_ctz(ends));
  }
#endif
  while (at < last && !EndsBehind(text + at)) ++at;
  return at;
}

}  // namespace

void Passages::Cut(std::string_view text) {
  list_.clear();
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(begin + kMostBytes, text.size());
    if (begin + kLeastBytes < end) {
      const size_t head = FirstEnd(text.data(), begin + kLeastBytes - kHeadBytes, end - kHeadBytes);
      end = head + kHeadBytes;
    }
    list_.push_back({begin, end});
    begin = end;
  }
}

void Passages::Spoil(size_t begin, size_t end) noexcept {
  // What begins before a passage is found by what stands in it.
  const size_t reach = end + kMostRepeated;
  auto passage = std::upper_bound(list_.begin(), list_.end(), begin,
                                  [](size_t at, const Passage& p) { return at < p.end; });
  for (; passage != list_.end() && passage->begin < reach; ++passage) passage->clean = false;
}

void Passages::SpoilAll() noexcept {
  for (Passage& passage : list_) passage.clean = false;
}

}  // namespace kt::detect
