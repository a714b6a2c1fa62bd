// The looks at a block that tell less than a whole scan: where words begin, how many digits a run
// has, where one of a few literals may begin.
#include "core/detect/prefilter_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
// Vectors are handed only to what is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#include "core/detect/wide_vectors.h"

namespace kt::detect {

static_assert(HeadTable::kGroups + kScanAhead + 1 <= 8);

void HeadTable::Add(std::string_view folded, unsigned number) {
  const auto group = static_cast<uint8_t>(1u << number % kGroups);
  for (size_t i = 0; i < kBytes; ++i) {
    if (i < folded.size()) {
      // Folded bytes have this bit; the others that fold to them have not.
      const auto byte = static_cast<unsigned char>(folded[i]);
      low_[i][byte & 15] |= group;
      high_[i][byte >> 4] |= group;
      high_[i][(byte & ~0x20u) >> 4] |= group;
      continue;
    }
    for (unsigned half = 0; half < 16; ++half) {
      low_[i][half] |= group;
      high_[i][half] |= group;
    }
  }
}

void HeadTable::AddSorted(std::span<const uint64_t> folded) {
  constexpr unsigned kHead = 64 - 8 * kBytes;
  unsigned last_group = kGroups;
  for (size_t i = 0; i < folded.size(); ++i) {
    const auto group = static_cast<unsigned>(i * kGroups / folded.size());
    // Most begin as the one before.
    if (group == last_group && folded[i] >> kHead == folded[i - 1] >> kHead) continue;
    last_group = group;
    char bytes[kBytes];
    size_t size = 0;
    for (; size < kBytes && (folded[i] << 8 * size) >> 56 != 0; ++size) {
      bytes[size] = static_cast<char>(folded[i] >> (56 - 8 * size));
    }
    Add({bytes, size}, group);
  }
}

// A group for each of the bytes: that one is foreign, the others are any.
void HeadTable::AddForeign() {
  for (size_t foreign = 0; foreign < kBytes; ++foreign) {
    const auto group = static_cast<uint8_t>(1u << (kGroups + foreign));
    for (size_t i = 0; i < kBytes; ++i) {
      for (unsigned half = 0; half < 16; ++half) {
        low_[i][half] |= group;
        if (i != foreign || half >= 8) high_[i][half] |= group;
      }
    }
  }
}

bool HeadTable::MayBegin(const char* bytes) const noexcept {
  unsigned groups = 0xFF;
  for (size_t i = 0; i < kBytes; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    groups &= low_[i][byte & 15] & high_[i][byte >> 4];
  }
  return groups != 0;
}

struct Looks {
  struct Words {
    uint64_t word, leads;
  };
  static Words PortableWords(const char* block) noexcept {
    Words words{0, 0};
    for (unsigned i = 0; i < kScanBlock; ++i) {
      const auto byte = static_cast<unsigned char>(block[i]);
      if (IsAsciiWord(byte)) words.word |= uint64_t{1} << i;
      if (byte >= 0xC0) words.leads |= uint64_t{1} << i;
    }
    return words;
  }

#if defined(__x86_64__)
  __attribute__((target("avx2"))) static Words Avx2Words(const char* block) noexcept {
    const auto at_most = [](__m256i x, char n) __attribute__((target("avx2"), always_inline)) {
      return _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(n)), x);
    };
    Words words{0, 0};
    for (int i = 0; i < 2; ++i) {
      const auto bits = [&](__m256i x) __attribute__((target("avx2"), always_inline)) {
        return static_cast<uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(x))) << (32 * i);
      };
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32 * i));
      const __m256i lower = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
      const __m256i letters = at_most(_mm256_sub_epi8(lower, _mm256_set1_epi8('a')), 25);
      const __m256i digits = at_most(_mm256_sub_epi8(v, _mm256_set1_epi8('0')), 9);
      const __m256i low = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('_'));
      words.word |= bits(_mm256_or_si256(_mm256_or_si256(letters, digits), low));
      words.leads |= bits(v) & ~bits(at_most(v, static_cast<char>(0xBF)));
    }
    return words;
  }

  // What is not in the run and what is a digit, a bit for each byte of the block.
  struct RunBits {
    uint64_t others = 0, digits = 0;
  };
  __attribute__((target("avx2"), always_inline)) static RunBits Avx2RunBits(
      const TokenTable& table, const char* block) noexcept {
    const __m256i half = _mm256_set1_epi8(15);
    const __m256i lows =
        _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.low_)));
    const __m256i highs =
        _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.high_)));
    uint64_t others = 0, digits = 0, foreign = 0;
    for (int i = 0; i < 2; ++i) {
      const auto bits = [&](__m256i x) __attribute__((target("avx2"), always_inline)) {
        return static_cast<uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(x))) << (32 * i);
      };
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32 * i));
      const __m256i low = _mm256_shuffle_epi8(lows, _mm256_and_si256(v, half));
      const __m256i high =
          _mm256_shuffle_epi8(highs, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));
      others |= bits(_mm256_cmpeq_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256()));
      foreign |= bits(v);
      const __m256i from_zero = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
      digits |= bits(_mm256_cmpeq_epi8(_mm256_min_epu8(from_zero, _mm256_set1_epi8(9)), from_zero));
    }
    if (table.foreign_) others &= ~foreign;
    return {others, digits};
  }

  __attribute__((target("avx2"))) static int Avx2DigitsOfRun(const TokenTable& table,
                                                             const char* block,
                                                             bool* goes_on) noexcept {
    const auto [others, digits] = Avx2RunBits(table, block);
    *goes_on = others == 0;
    return __builtin_popcountll(digits & (others ^ (others - 1)));
  }

  __attribute__((target("avx2"))) static TokenTable::Fit Avx2RunFits(const TokenTable& table,
                                                                     const char* block,
                                                                     size_t bytes,
                                                                     int wanted) noexcept {
    const auto [others, digits] = Avx2RunBits(table, block);
    const uint64_t run = others ^ (others - 1);  // and what ends it
    const size_t length = others == 0 ? kScanBlock : static_cast<size_t>(__builtin_ctzll(others));
    if (length >= bytes && __builtin_popcountll(digits & run) >= wanted) {
      return TokenTable::Fit::kYes;
    }
    return others == 0 ? TokenTable::Fit::kGoesOn : TokenTable::Fit::kNo;
  }

  // Where one of the literals may begin.
  __attribute__((target("avx2"))) static uint64_t Avx2Heads(const HeadTable& heads,
                                                            const char* block) noexcept {
    const auto twice = [](const uint8_t* half) __attribute__((target("avx2"), always_inline)) {
      return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(half)));
    };
    const __m256i half = _mm256_set1_epi8(15);
    uint64_t none = 0;
    for (int i = 0; i < 2; ++i) {
      __m256i groups = _mm256_set1_epi8(-1);
      for (size_t k = 0; k < HeadTable::kBytes; ++k) {
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32 * i + k));
        const __m256i low = _mm256_shuffle_epi8(twice(heads.low_[k]), _mm256_and_si256(v, half));
        const __m256i high = _mm256_shuffle_epi8(twice(heads.high_[k]),
                                                 _mm256_and_si256(_mm256_srli_epi16(v, 4), half));
        groups = _mm256_and_si256(groups, _mm256_and_si256(low, high));
      }
      const int bits = _mm256_movemask_epi8(_mm256_cmpeq_epi8(groups, _mm256_setzero_si256()));
      none |= static_cast<uint64_t>(static_cast<unsigned>(bits)) << (32 * i);
    }
    return ~none;
  }

  KT_WIDE static uint64_t WideHeads(const HeadTable& heads, const char* block,
                                    Words* words) noexcept {
    const __m512i v = _mm512_loadu_si512(block);
    *words = {wide::WordBytes(v),
              _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8(static_cast<char>(0xC0)))};
    return wide::PlacesOfGroups(heads.low_, heads.high_, block);
  }

  // From `at` on, 16 places at a time, while all of their bytes are before `size`: the first place
  // where one of the literals may begin, or the first that was not looked at.
  __attribute__((target("ssse3"))) static size_t FindHead(const HeadTable& heads, const char* text,
                                                          size_t at, size_t end, size_t size) {
    const __m128i half = _mm_set1_epi8(15);
    for (; at < end && at + 16 + kScanAhead <= size; at += 16) {
      __m128i groups = _mm_set1_epi8(-1);
      for (size_t k = 0; k < HeadTable::kBytes; ++k) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at + k));
        const __m128i low =
            _mm_shuffle_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(heads.low_[k])),
                             _mm_and_si128(bytes, half));
        const __m128i high =
            _mm_shuffle_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(heads.high_[k])),
                             _mm_and_si128(_mm_srli_epi16(bytes, 4), half));
        groups = _mm_and_si128(groups, _mm_and_si128(low, high));
      }
      const int none = _mm_movemask_epi8(_mm_cmpeq_epi8(groups, _mm_setzero_si128()));
      if (none != 0xFFFF)
        return at + static_cast<size_t>(__builtin_ctz(~static_cast<unsigned>(none)));
    }
    return at;
  }
#endif
};

namespace {

uint64_t StartsOf(const Looks::Words& words, char before) noexcept {
  const uint64_t last = IsAsciiWord(static_cast<unsigned char>(before)) ? 1 : 0;
  return (words.word & ~(words.word << 1 | last)) | words.leads;
}

}  // namespace

uint64_t HeadTable::Words(const char* block, char before) const noexcept {
  static const ScanKind kBest = BestScanKind();
  return Words(block, before, kBest);
}

uint64_t HeadTable::Words(const char* block, char before,
                          [[maybe_unused]] ScanKind kind) const noexcept {
#if defined(__x86_64__)
  if (kind == ScanKind::kAvx512) {
    Looks::Words words;
    const uint64_t heads = Looks::WideHeads(*this, block, &words);
    return StartsOf(words, before) & heads;
  }
  if (kind == ScanKind::kAvx2) {
    return StartsOf(Looks::Avx2Words(block), before) & Looks::Avx2Heads(*this, block);
  }
#endif
  uint64_t words = 0;
  for (uint64_t left = StartsOf(Looks::PortableWords(block), before); left != 0; left &= left - 1) {
    if (MayBegin(block + __builtin_ctzll(left))) words |= left & -left;
  }
  return words;
}

int TokenTable::DigitsOfRun(const char* block, bool* goes_on) const noexcept {
#if defined(__x86_64__)
  static const bool kAvx2 = __builtin_cpu_supports("avx2");
  if (kAvx2) return Looks::Avx2DigitsOfRun(*this, block, goes_on);
#endif
  int digits = 0;
  *goes_on = false;
  for (size_t i = 0; i < kScanBlock; ++i) {
    const auto byte = static_cast<unsigned char>(block[i]);
    if (!MayHold(byte)) return digits;
    digits += IsAsciiDigit(byte) ? 1 : 0;
  }
  *goes_on = true;
  return digits;
}

TokenTable::Fit TokenTable::RunFits(const char* block, size_t bytes, int digits) const noexcept {
#if defined(__x86_64__)
  static const bool kAvx2 = __builtin_cpu_supports("avx2");
  if (kAvx2) return Looks::Avx2RunFits(*this, block, bytes, digits);
#endif
  for (size_t i = 0; i < kScanBlock; ++i) {
    if (digits <= 0 && i >= bytes) return Fit::kYes;
    const auto byte = static_cast<unsigned char>(block[i]);
    if (!MayHold(byte)) return Fit::kNo;
    digits -= IsAsciiDigit(byte) ? 1 : 0;
  }
  return digits <= 0 && bytes <= kScanBlock ? Fit::kYes : Fit::kGoesOn;
}

size_t HeadTable::Find(std::string_view text, size_t begin, size_t end) const noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("ssse3")) {
    begin = Looks::FindHead(*this, text.data(), begin, end, text.size());
  }
#endif
  // What the end of the text cuts is for the caller to judge.
  while (begin < end && begin + kBytes <= text.size() && !MayBegin(text.data() + begin)) ++begin;
  return begin < end ? begin : end;
}

}  // namespace kt::detect
