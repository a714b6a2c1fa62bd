#include "core/detect/prefilter_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
// Vectors are handed only to what is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

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

void HeadTable::Add(std::string_view folded) {
  const auto group = static_cast<uint8_t>(1u << (literals_++ % 8));
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

bool HeadTable::MayBegin(const char* bytes) const noexcept {
  unsigned groups = 0xFF;
  for (size_t i = 0; i < kBytes; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    groups &= low_[i][byte & 15] & high_[i][byte >> 4];
  }
  return groups != 0;
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

  __attribute__((target("avx2"))) static int Avx2DigitsOfRun(const TokenTable& table,
                                                             const char* block,
                                                             bool* goes_on) noexcept {
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
    *goes_on = others == 0;
    return __builtin_popcountll(digits & (others ^ (others - 1)));
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
  __attribute__((target("avx512f,avx512bw"))) static void Avx512(const char* block, char before,
                                                                 const ScanTables& tables,
                                                                 BlockScan* out) noexcept {
    const auto four_times =
        [](const uint8_t* half) __attribute__((target("avx512f,avx512bw"), always_inline)) {
      // With a mask of all: the form without one warns in some compilers.
      return _mm512_maskz_broadcast_i32x4(0xFFFF,
                                          _mm_load_si128(reinterpret_cast<const __m128i*>(half)));
    };
    const __m512i half = _mm512_set1_epi8(15);
    const auto load = [&](size_t k) __attribute__((target("avx512f,avx512bw"), always_inline)) {
      return _mm512_loadu_si512(block + k);
    };
    const auto high_half = [&](__m512i x)
        __attribute__((target("avx512f,avx512bw"), always_inline)) {
      return _mm512_and_si512(_mm512_srli_epi16(x, 4), half);
    };
    const __m512i v = load(0), low = _mm512_and_si512(v, half), high = high_half(v);
    const __m512i lower = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
    const uint64_t letters =
        _mm512_cmple_epu8_mask(_mm512_sub_epi8(lower, _mm512_set1_epi8('a')), _mm512_set1_epi8(25));
    const uint64_t digit =
        _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(9));
    const uint64_t word = letters | digit | _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('_'));
    // As signed numbers bytes above ASCII are below all others.
    const uint64_t always = _mm512_cmpgt_epi8_mask(v, _mm512_set1_epi8(0x20));
    BlockScan sets{};
    sets.leads = _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8(static_cast<char>(0xC0)));
    sets.blanks = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' '));
    const auto in = [&](const TokenTable& set)
        __attribute__((target("avx512f,avx512bw"), always_inline)) {
      return _mm512_test_epi8_mask(_mm512_shuffle_epi8(four_times(set.low_), low),
                                   _mm512_shuffle_epi8(four_times(set.high_), high));
    };
    sets.tokens = in(tables.tokens);
    sets.capitals = in(tables.capitals);
    const InsideTable& inside = tables.inside;
    __m512i groups = _mm512_and_si512(_mm512_shuffle_epi8(four_times(inside.low_[0]), low),
                                      _mm512_shuffle_epi8(four_times(inside.high_[0]), high));
    for (size_t k = 1; k < InsideTable::kBytes; ++k) {
      const __m512i bytes = load(k);
      // All three at once: 0x80 is the and of them.
      groups = _mm512_ternarylogic_epi32(
          groups, _mm512_shuffle_epi8(four_times(inside.low_[k]), _mm512_and_si512(bytes, half)),
          _mm512_shuffle_epi8(four_times(inside.high_[k]), high_half(bytes)), 0x80);
    }
    sets.inside = _mm512_test_epi8_mask(groups, groups);
    Join(word, digit, always, sets, before, out);
  }
#endif
};

uint64_t WordStarts(const char* block, char before) noexcept {
#if defined(__x86_64__)
  static const bool kAvx2 = __builtin_cpu_supports("avx2");
  const Scans::Words words = kAvx2 ? Scans::Avx2Words(block) : Scans::PortableWords(block);
#else
  const Scans::Words words = Scans::PortableWords(block);
#endif
  const uint64_t last = IsAsciiWord(static_cast<unsigned char>(before)) ? 1 : 0;
  return (words.word & ~(words.word << 1 | last)) | words.leads;
}

uint64_t WordStartsAt(std::string_view text, size_t at) noexcept {
  char copy[kScanBlock];
  const char* block = text.data() + at;
  if (text.size() - at < kScanBlock) {
    std::memset(copy, 0, sizeof copy);
    std::memcpy(copy, block, text.size() - at);
    block = copy;
  }
  return WordStarts(block, at == 0 ? ' ' : text[at - 1]);
}

int TokenTable::DigitsOfRun(const char* block, bool* goes_on) const noexcept {
#if defined(__x86_64__)
  static const bool kAvx2 = __builtin_cpu_supports("avx2");
  if (kAvx2) return Scans::Avx2DigitsOfRun(*this, block, goes_on);
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

size_t HeadTable::Find(std::string_view text, size_t begin, size_t end) const noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("ssse3")) {
    begin = Scans::FindHead(*this, text.data(), begin, end, text.size());
  }
#endif
  // What the end of the text cuts is for the caller to judge.
  while (begin < end && begin + kBytes <= text.size() && !MayBegin(text.data() + begin)) ++begin;
  return begin < end ? begin : end;
}

ScanFunction ScanOf(ScanKind kind) noexcept {
  if (kind == ScanKind::kPortable) return &Scans::Portable;
#if defined(__x86_64__)
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
  if (kind == ScanKind::kAvx512 && avx512) return &Scans::Avx512;
  if (kind == ScanKind::kAvx2 && __builtin_cpu_supports("avx2")) return &Scans::Avx2;
  if (kind == ScanKind::kSsse3 && __builtin_cpu_supports("ssse3")) return &Scans::Ssse3;
#endif
  return nullptr;
}

ScanFunction BestScan() noexcept {
  for (const ScanKind kind : {ScanKind::kAvx512, ScanKind::kAvx2, ScanKind::kSsse3}) {
    if (const ScanFunction scan = ScanOf(kind)) return scan;
  }
  return ScanOf(ScanKind::kPortable);
}

}  // namespace kt::detect
