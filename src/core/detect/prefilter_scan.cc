#include "core/detect/prefilter_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
// Vectors are handed only to what is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#include "core/detect/wide_vectors.h"

namespace kt::detect {

void TokenTable::Add(const ByteSet& set) {
  set_ |= set & (~ByteSet() >> 128);
  foreign_ |= (set >> 128).any();
  for (unsigned byte = 0; byte < 0x80; ++byte) {
    if (set[byte]) low_[byte & 15] |= static_cast<uint8_t>(1u << (byte >> 4));
  }
}

void InsideTable::Add(std::string_view folded) {
  const auto group = static_cast<uint8_t>(1u << (literals_++ % 8));
  const auto add = [&](size_t i, unsigned byte) {
    groups_[i][byte] |= group;
    low_[i][byte & 15] |= group;
    high_[i][byte >> 4] |= group;
  };
  for (size_t i = 0; i < kBytes; ++i) {
    if (i < folded.size()) {
      // Folded bytes have this bit; the others that fold to them have not.
      const auto byte = static_cast<unsigned char>(folded[i]);
      add(i, byte);
      add(i, byte & ~0x20u);
      continue;
    }
    for (unsigned byte = 0; byte < 256; ++byte) add(i, byte);
  }
}

struct Scans {
  // The places of a block from what its bytes are.
  static void Join(uint64_t word, uint64_t digit, uint64_t always, const BlockScan& sets,
                   char before, BlockScan* out) noexcept {
    const auto last = static_cast<unsigned char>(before);
    const uint64_t word_before = word << 1 | (IsAsciiWord(last) ? 1 : 0);
    const uint64_t digit_before = digit << 1 | (IsAsciiDigit(last) ? 1 : 0);
    const uint64_t numbers = digit & ~digit_before, signs = (always & ~word) | sets.leads;
    out->places = (word & ~word_before) | numbers | signs;
    out->numbers = numbers;
    out->signs = signs;
    out->digits = digit;
    out->leads = sets.leads;
    out->blanks = sets.blanks;
    out->tokens = sets.tokens;
    out->capitals = sets.capitals;
    out->inside = sets.inside;
  }

  static void Portable(const char* block, char before, const ScanTables& tables,
                       BlockScan* out) noexcept {
    uint64_t word = 0, digit = 0, always = 0;
    BlockScan sets{};
    for (unsigned i = 0; i < kScanBlock; ++i) {
      const auto byte = [&](unsigned k) { return static_cast<unsigned char>(block[i + k]); };
      const uint64_t bit = uint64_t{1} << i;
      if (IsAsciiWord(byte(0))) word |= bit;
      if (IsAsciiDigit(byte(0))) digit |= bit;
      if (byte(0) >= 0xC0) sets.leads |= bit;
      if (byte(0) == ' ') sets.blanks |= bit;
      if (byte(0) > 0x20 && byte(0) < 0x80) always |= bit;
      const auto& table = tables.inside.groups_;
      const unsigned groups = table[0][byte(0)] & table[1][byte(1)];
      if (tables.tokens.set_[byte(0)]) sets.tokens |= bit;
      if (tables.capitals.set_[byte(0)]) sets.capitals |= bit;
      if ((groups & table[2][byte(2)]) != 0) sets.inside |= bit;
    }
    Join(word, digit, always, sets, before, out);
  }

#if defined(__x86_64__)
  // Half bytes look up the groups that have such a byte: too many bytes pass, none too few.
  __attribute__((target("ssse3"))) static void Ssse3(const char* block, char before,
                                                     const ScanTables& tables,
                                                     BlockScan* out) noexcept {
    uint64_t word = 0, digit = 0, always = 0;
    BlockScan sets{};
    const auto at_most = [](__m128i x, char n) __attribute__((target("ssse3"), always_inline)) {
      return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(n)), x);
    };
    const __m128i half = _mm_set1_epi8(15);
    for (int i = 0; i < 4; ++i) {
      const auto* at = reinterpret_cast<const __m128i*>(block + 16 * i);
      const auto bits = [&](__m128i x) __attribute__((target("ssse3"), always_inline)) {
        return static_cast<uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(x))) << (16 * i);
      };
      const __m128i v = _mm_loadu_si128(at);
      const __m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));
      const __m128i letters = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 25);
      const __m128i digits = at_most(_mm_sub_epi8(v, _mm_set1_epi8('0')), 9);
      const __m128i low = _mm_cmpeq_epi8(v, _mm_set1_epi8('_'));
      digit |= bits(digits);
      word |= bits(_mm_or_si128(_mm_or_si128(letters, digits), low));
      const uint64_t high = bits(v);
      sets.leads |= high & ~bits(at_most(v, static_cast<char>(0xBF)));
      sets.blanks |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')));
      always |= ~(high | bits(at_most(v, 0x20))) & (uint64_t{0xFFFF} << (16 * i));
      const auto in = [&](__m128i bytes, const uint8_t* lows, const uint8_t* highs)
          __attribute__((target("ssse3"), always_inline)) {
        const __m128i low_half = _mm_shuffle_epi8(
            _mm_load_si128(reinterpret_cast<const __m128i*>(lows)), _mm_and_si128(bytes, half));
        const __m128i high_half =
            _mm_shuffle_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(highs)),
                             _mm_and_si128(_mm_srli_epi16(bytes, 4), half));
        return _mm_and_si128(low_half, high_half);
      };
      const auto set = [&](__m128i x) __attribute__((target("ssse3"), always_inline)) {
        return bits(_mm_cmpeq_epi8(x, _mm_setzero_si128())) ^ (uint64_t{0xFFFF} << (16 * i));
      };
      sets.tokens |= set(in(v, tables.tokens.low_, tables.tokens.high_));
      sets.capitals |= set(in(v, tables.capitals.low_, tables.capitals.high_));
      __m128i groups = _mm_set1_epi8(-1);
      for (size_t k = 0; k < InsideTable::kBytes; ++k) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i + k));
        groups = _mm_and_si128(groups, in(bytes, tables.inside.low_[k], tables.inside.high_[k]));
      }
      sets.inside |= set(groups);
    }
    Join(word, digit, always, sets, before, out);
  }

  __attribute__((target("avx2"))) static void Avx2(const char* block, char before,
                                                   const ScanTables& tables,
                                                   BlockScan* out) noexcept {
    uint64_t word = 0, digit = 0, always = 0;
    BlockScan sets{};
    const auto at_most = [](__m256i x, char n) __attribute__((target("avx2"), always_inline)) {
      return _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(n)), x);
    };
    const auto twice = [](const uint8_t* half) __attribute__((target("avx2"), always_inline)) {
      return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(half)));
    };
    const __m256i half = _mm256_set1_epi8(15);
    for (int i = 0; i < 2; ++i) {
      const auto* at = reinterpret_cast<const __m256i*>(block + 32 * i);
      const auto bits = [&](__m256i x) __attribute__((target("avx2"), always_inline)) {
        return static_cast<uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(x))) << (32 * i);
      };
      const __m256i v = _mm256_loadu_si256(at);
      const __m256i lower = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
      const __m256i letters = at_most(_mm256_sub_epi8(lower, _mm256_set1_epi8('a')), 25);
      const __m256i digits = at_most(_mm256_sub_epi8(v, _mm256_set1_epi8('0')), 9);
      const __m256i low = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('_'));
      digit |= bits(digits);
      word |= bits(_mm256_or_si256(_mm256_or_si256(letters, digits), low));
      const uint64_t high = bits(v);
      sets.leads |= high & ~bits(at_most(v, static_cast<char>(0xBF)));
      sets.blanks |= bits(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(' ')));
      always |= ~(high | bits(at_most(v, 0x20))) & (uint64_t{0xFFFFFFFF} << (32 * i));
      const auto in = [&](__m256i bytes, const uint8_t* lows, const uint8_t* highs)
          __attribute__((target("avx2"), always_inline)) {
        const __m256i low_half = _mm256_shuffle_epi8(twice(lows), _mm256_and_si256(bytes, half));
        const __m256i high_half =
            _mm256_shuffle_epi8(twice(highs), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half));
        return _mm256_and_si256(low_half, high_half);
      };
      const auto set = [&](__m256i x) __attribute__((target("avx2"), always_inline)) {
        return bits(_mm256_cmpeq_epi8(x, _mm256_setzero_si256())) ^
               (uint64_t{0xFFFFFFFF} << (32 * i));
      };
      sets.tokens |= set(in(v, tables.tokens.low_, tables.tokens.high_));
      sets.capitals |= set(in(v, tables.capitals.low_, tables.capitals.high_));
      __m256i groups = _mm256_set1_epi8(-1);
      for (size_t k = 0; k < InsideTable::kBytes; ++k) {
        const __m256i bytes =
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32 * i + k));
        groups = _mm256_and_si256(groups, in(bytes, tables.inside.low_[k], tables.inside.high_[k]));
      }
      sets.inside |= set(groups);
    }
    Join(word, digit, always, sets, before, out);
  }

  // All of a block at once, each class of bytes as a mask.
  KT_WIDE static void Avx512(const char* block, char before, const ScanTables& tables,
                             BlockScan* out) noexcept {
    const __m512i v = _mm512_loadu_si512(block);
    const __m512i low = wide::LowHalves(v), high = wide::HighHalves(v);
    const auto in = [&](const TokenTable& set) KT_WIDE_INLINE {
      return _mm512_test_epi8_mask(_mm512_shuffle_epi8(wide::FourTimes(set.low_), low),
                                   _mm512_shuffle_epi8(wide::FourTimes(set.high_), high));
    };
    // As signed numbers bytes above ASCII are below all others.
    const uint64_t always = _mm512_cmpgt_epi8_mask(v, _mm512_set1_epi8(0x20));
    BlockScan sets{};
    sets.leads = _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8(static_cast<char>(0xC0)));
    sets.blanks = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' '));
    sets.tokens = in(tables.tokens);
    sets.capitals = in(tables.capitals);
    sets.inside = wide::PlacesOfGroups(tables.inside.low_, tables.inside.high_, block);
    Join(wide::WordBytes(v), wide::Digits(v), always, sets, before, out);
  }
#endif
};

ScanFunction ScanOf(ScanKind kind) noexcept {
  if (kind == ScanKind::kPortable) return &Scans::Portable;
#if defined(__x86_64__)
  if (kind == ScanKind::kAvx512 && wide::AreUsed()) return &Scans::Avx512;
  if (kind == ScanKind::kAvx2 && __builtin_cpu_supports("avx2")) return &Scans::Avx2;
  if (kind == ScanKind::kSsse3 && __builtin_cpu_supports("ssse3")) return &Scans::Ssse3;
#endif
  return nullptr;
}

ScanKind BestScanKind() noexcept {
  for (const ScanKind kind : {ScanKind::kAvx512, ScanKind::kAvx2, ScanKind::kSsse3}) {
    if (ScanOf(kind) != nullptr) return kind;
  }
  return ScanKind::kPortable;
}

ScanFunction BestScan() noexcept {
  return ScanOf(BestScanKind());
}

}  // namespace kt::detect
