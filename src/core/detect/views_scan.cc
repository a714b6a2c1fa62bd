// The pass that finds where a look is worth it: 64 bytes at a time as bit masks, by AVX-512 or
// AVX2 where the processor has it; the same result without.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
// Vectors are handed only to what is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#include "core/detect/views_internal.h"
#include "core/detect/views_row_bits.h"
#include "core/detect/wide_vectors.h"

namespace kt::detect::views {
namespace {

// Bit i: byte i of the block is of the class. `ending`: letters that English words end with; it and
// `vowel` hold other bytes too, where `letter` does not.
struct Masks {
  uint64_t letter = 0, leet = 0, token = 0, escape = 0, digit = 0, x = 0, vowel = 0, ending = 0;
};

// Counts over one block or two in a row, which tell language from its rot13 and its mirror image.
struct Counts {
  unsigned letters = 0, vowels = 0, begins = 0, ends = 0;
};

// What is carried from block to block. A copy in the loops stays in registers.
struct State {
  size_t run = 0;
  uint64_t last_letter = 0, last_digit = 0, singles = 0;
  Runs last_runs;
  bool open = false;  // the last block may end within a row
  Counts last;
};

// What follows is inlined, so that it is compiled for the processor that its caller is compiled
// for.

// Does a run of at least 16 set bits lie in, or end in, this block?
[[gnu::always_inline]] inline bool HasRun(uint64_t token, State* state) noexcept {
  uint64_t x = token & token >> 1;
  x &= x >> 2;
  x &= x >> 4;
  x &= x >> 8;
  const bool across = (token & 1) != 0 &&
                      state->run + static_cast<size_t>(std::countr_one(token)) >= kMinTokenBytes;
  const auto high = static_cast<size_t>(std::countl_one(token));
  state->run = high == 64 ? state->run + 64 : high;
  return x != 0 || across;
}

[[gnu::always_inline]] inline unsigned TokenFlags(const Masks& m, State* state) noexcept {
  unsigned flags = HasRun(m.token, state) ? kToken : 0;
  // Of "0x" any digit will do: others before an "x" are rare.
  if ((m.escape | (m.x & (m.digit << 1 | state->last_digit))) != 0) flags |= kEscape;
  state->last_digit = m.digit >> 63;
  return flags;
}

[[gnu::always_inline]] inline unsigned RowFlags(const Masks& m, State* state) noexcept {
  const Runs now{m.letter | m.digit, m.digit | m.x};
  const uint64_t runs = RowRuns(now.unit, now.number);
  const uint64_t third = NextRuns(now.unit, NextRuns(now.unit, runs, runs), runs);
  unsigned flags = 0;
  if (third != 0 || state->open) {
    const RowFound found = JudgeRow(state->last_runs, now, third, state->open);
    flags = found.row ? kSpelled : 0;
    state->open = found.open;
  }
  state->last_runs = now;
  return flags;
}

// Do four single letters in a row, each two bytes behind the last, end in this block?
inline bool HasSpaced(uint64_t single, uint64_t last) noexcept {
  const uint64_t row = single << 6 | last >> 58;
  return ((row & row >> 2 & row >> 4 & row >> 6) |
          (single & single >> 2 & single >> 4 & single >> 6)) != 0;
}

// `next_letter`: is the byte behind the block a letter?
[[gnu::always_inline]] inline unsigned WordFlags(const Masks& m, bool next_letter, State* state,
                                                 Counts* counts) noexcept {
  unsigned flags = 0;
  const uint64_t before = m.letter << 1 | state->last_letter;
  const uint64_t after = m.letter >> 1 | static_cast<uint64_t>(next_letter) << 63;
  state->last_letter = m.letter >> 63;
  if ((before & m.leet & after) != 0) flags |= kLeet;
  const uint64_t single = m.letter & ~before & ~after;
  // Two of them side by side are rare.
  const uint64_t row = single << 2 | state->singles >> 62;
  if ((row & single) != 0 && HasSpaced(single, state->singles)) flags |= kSpaced;
  state->singles = single;
  const auto count = [](uint64_t bits) __attribute__((always_inline)) {
    return static_cast<unsigned>(std::popcount(bits));
  };
  const uint64_t ending = m.ending & m.letter;
  *counts = {count(m.letter), count(m.vowel & m.letter), count(ending & ~before & after),
             count(ending & before & ~after)};
  return flags;
}

[[gnu::always_inline]] inline unsigned WindowFlags(const Counts& now, State* state) noexcept {
  const unsigned letters = now.letters + state->last.letters;
  // English has 38 % vowels, its rot13 21 %.
  const bool rot13 = (now.vowels + state->last.vowels) * 100 < letters * 29;
  // One English word in ten begins like this, every other ends so.
  const bool reversed = (now.begins + state->last.begins) * 4 >= (now.ends + state->last.ends) * 3;
  state->last = now;
  return letters < 10 ? 0 : (rot13 ? kRot13 : 0) | (reversed ? kReversed : 0);
}

struct Scanner {
  unsigned wanted;
  std::vector<uint64_t>* out;
  unsigned found = 0;
  State state;

  bool words() const noexcept { return (wanted & ~(kToken | kEscape | kSpelled)) != 0; }
  // `window`: flags of the block at `at` and the one before it.
  void Add(size_t at, unsigned flags, unsigned window) {
    const auto add = [&](size_t begin, unsigned wanted_flags) {
      if (wanted_flags == 0) return;
      out->push_back(begin << 8 | wanted_flags);
      found |= wanted_flags;
    };
    add(at, flags & wanted);
    add(at - std::min(at, kBlockBytes), window & wanted);
  }
};

bool IsAsciiLetter(char c) noexcept {
  return static_cast<unsigned char>((c | 0x20) - 'a') < 26;
}

// Scans whole blocks: `text` has at least blocks * kBlockBytes bytes, `at` is the first one's
// offset in the whole text.
using ScanFunction = void (*)(std::string_view text, size_t at, size_t blocks, Scanner* scanner);

// A bit for each member of Masks.
constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  const auto set = [&](std::string_view bytes, unsigned bit) {
    for (const char c : bytes)
      classes[static_cast<unsigned char>(c)] |= static_cast<uint8_t>(1u << bit);
  };
  constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                             kLower = "abcdefghijklmnopqrstuvwxyz", kDigits = "0123456789";
  for (const unsigned bit : {0u, 2u}) set(kUpper, bit), set(kLower, bit);
  for (const unsigned bit : {1u, 2u}) set(kDigits, bit);
  set("@$", 1);
  set(kTokenSigns, 2);
  set("%&\\", 3);
  set(kDigits, 4);
  set("x", 5);
  set("aeiouAEIOU", 6);
  set("ednyrEDNYR", 7);
  return classes;
}();

// Judges the block of `text` at `from` by its masks.
template <bool kWords>
[[gnu::always_inline]] inline void Step(std::string_view text, size_t at, size_t from,
                                        const Masks& m, State* state, Scanner* scanner) {
  unsigned flags = TokenFlags(m, state) | RowFlags(m, state), window = 0;
  if (kWords) {
    const size_t next = from + kBlockBytes;
    Counts counts;
    flags |= WordFlags(m, next < text.size() && IsAsciiLetter(text[next]), state, &counts);
    window = WindowFlags(counts, state);
  }
  if ((flags | window) != 0) scanner->Add(at + from, flags, window);
}

void ScanPortable(std::string_view text, size_t at, size_t blocks, Scanner* scanner) {
  State state = scanner->state;
  for (size_t from = 0; from < blocks * kBlockBytes; from += kBlockBytes) {
    Masks m;
    for (size_t i = 0; i < kBlockBytes; i += 8) {
      uint64_t classes = 0;
      for (size_t k = 0; k < 8; ++k) {
        classes |= uint64_t{kClasses[static_cast<unsigned char>(text[from + i + k])]} << 8 * k;
      }
      // One bit of each of the eight bytes, side by side.
      const auto bits = [&](unsigned bit) { return BitsOfBytes(classes >> bit & kOnes) << i; };
      m.letter |= bits(0);
      m.leet |= bits(1);
      m.token |= bits(2);
      m.escape |= bits(3);
      m.digit |= bits(4);
      m.x |= bits(5);
      m.vowel |= bits(6);
      m.ending |= bits(7);
    }
    Step<true>(text, at, from, m, &state, scanner);
  }
  scanner->state = state;
}

#if defined(__x86_64__)
// Half bytes look up bits, so that one comparison tells a class of bytes that share a column.
// The highest of them is the one that costs least to ask for.
constexpr char kDigitBit = static_cast<char>(0x80), kSignBit = 2, kLowLineBit = 4, kEscapeBit = 8,
               kBackslashBit = 16, kDollarBit = 32, kAtBit = 64;
alignas(16) constexpr std::array<char, 16> kByHigh = {
    0, 0, kSignBit | kEscapeBit | kDollarBit, kDigitBit, kAtBit, kLowLineBit | kBackslashBit};
alignas(16) constexpr std::array<char, 16> kByLow = [] {
  std::array<char, 16> bits{};
  for (size_t i = 0; i < 10; ++i) bits[i] |= kDigitBit;
  for (const size_t i : {0xB, 0xD, 0xF}) bits[i] |= kSignBit;  // + - /
  for (const size_t i : {0x5, 0x6}) bits[i] |= kEscapeBit;     // % &
  bits[0xF] |= kLowLineBit;
  bits[0xC] |= kBackslashBit;
  bits[0x4] |= kDollarBit;
  bits[0x0] |= kAtBit;
  return bits;
}();
// Of lower-case letters, from '`' and from 'p' on: bit 7 for vowels, bit 6 for endings.
constexpr char kVowel = static_cast<char>(0x80), kEnding = 0x40;
alignas(16) constexpr std::array<char, 16> kFromGrave = {
    0, kVowel, 0, 0, kEnding, kVowel | kEnding, 0, 0, 0, kVowel, 0, 0, 0, 0, kEnding, kVowel};
alignas(16) constexpr std::array<char, 16> kFromP = {0, 0, kEnding, 0, 0, kVowel, 0, 0, 0, kEnding};

// Both halves of a block as one mask.
[[gnu::always_inline]] inline uint64_t Join(uint32_t low, uint32_t high) noexcept {
  return uint64_t{high} << 32 | low;
}

#define KT_AVX2 __attribute__((target("avx2,popcnt,bmi"), always_inline))

template <bool kWords>
__attribute__((target("avx2,popcnt,bmi"))) void ScanAvx2(std::string_view text, size_t at,
                                                         size_t blocks, Scanner* scanner) {
  const auto twice = [](const std::array<char, 16>& half) KT_AVX2 {
    return _mm256_broadcastsi128_si256(
        _mm_load_si128(reinterpret_cast<const __m128i*>(half.data())));
  };
  const __m256i by_low = twice(kByLow), by_high = twice(kByHigh), nibble = _mm256_set1_epi8(15);
  const __m256i from_grave = twice(kFromGrave), from_p = twice(kFromP);
  const auto bits = [](__m256i v)
                        KT_AVX2 { return static_cast<uint32_t>(_mm256_movemask_epi8(v)); };
  const auto lacks = [&](__m256i classes, char of) KT_AVX2 {
    return bits(
        _mm256_cmpeq_epi8(_mm256_and_si256(classes, _mm256_set1_epi8(of)), _mm256_setzero_si256()));
  };
  const auto letters = [&](__m256i lower) KT_AVX2 {
    const __m256i letter = _mm256_sub_epi8(lower, _mm256_set1_epi8('a'));
    return bits(_mm256_cmpeq_epi8(_mm256_min_epu8(letter, _mm256_set1_epi8(25)), letter));
  };
  // Bytes above ASCII have bit 7, for which a shuffle gives 0.
  const auto classify = [&](__m256i v) KT_AVX2 {
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
    return _mm256_and_si256(_mm256_shuffle_epi8(by_low, v), _mm256_shuffle_epi8(by_high, high));
  };
  const auto kinds = [&](__m256i lower) KT_AVX2 {
    return _mm256_blendv_epi8(_mm256_shuffle_epi8(from_grave, lower),
                              _mm256_shuffle_epi8(from_p, lower), _mm256_slli_epi16(lower, 3));
  };
  State state = scanner->state;
  for (size_t from = 0; from < blocks * kBlockBytes; from += kBlockBytes) {
    const auto* data = reinterpret_cast<const __m256i*>(text.data() + from);
    const __m256i a = _mm256_loadu_si256(data), b = _mm256_loadu_si256(data + 1);
    const __m256i blank = _mm256_set1_epi8(0x20);
    const __m256i low_a = _mm256_or_si256(a, blank), low_b = _mm256_or_si256(b, blank);
    const __m256i class_a = classify(a), class_b = classify(b);
    const auto any = [&](char of) KT_AVX2 { return ~Join(lacks(class_a, of), lacks(class_b, of)); };
    const auto is = [&](char c) KT_AVX2 {
      const __m256i same = _mm256_set1_epi8(c);
      return Join(bits(_mm256_cmpeq_epi8(a, same)), bits(_mm256_cmpeq_epi8(b, same)));
    };
    Masks m;
    m.letter = Join(letters(low_a), letters(low_b));
    m.digit = Join(bits(class_a), bits(class_b));
    m.token = m.letter | m.digit | any(kSignBit | kLowLineBit);
    m.escape = any(kEscapeBit | kBackslashBit);
    m.x = is('x');
    if (kWords) {
      m.leet = m.digit | any(kDollarBit | kAtBit);
      const __m256i kind_a = kinds(low_a), kind_b = kinds(low_b);
      m.vowel = Join(bits(kind_a), bits(kind_b));
      m.ending = Join(bits(_mm256_add_epi8(kind_a, kind_a)), bits(_mm256_add_epi8(kind_b, kind_b)));
    }
    Step<kWords>(text, at, from, m, &state, scanner);
  }
  scanner->state = state;
}
#undef KT_AVX2

// The same with a block in one register, each class of bytes as a mask.
template <bool kWords>
__attribute__((target("avx512f,avx512bw,popcnt,bmi"))) void ScanAvx512(std::string_view text,
                                                                       size_t at, size_t blocks,
                                                                       Scanner* scanner) {
  const __m512i by_low = wide::FourTimes(kByLow.data()), by_high = wide::FourTimes(kByHigh.data());
  const __m512i from_grave = wide::FourTimes(kFromGrave.data());
  const __m512i from_p = wide::FourTimes(kFromP.data());
  State state = scanner->state;
  for (size_t from = 0; from < blocks * kBlockBytes; from += kBlockBytes) {
    const __m512i v = _mm512_loadu_si512(text.data() + from);
    // Bytes above ASCII have bit 7, for which a shuffle gives 0.
    const __m512i classes = _mm512_and_si512(_mm512_shuffle_epi8(by_low, v),
                                             _mm512_shuffle_epi8(by_high, wide::HighHalves(v)));
    const auto any = [&](char of) KT_WIDE_INLINE {
      return _mm512_test_epi8_mask(classes, _mm512_set1_epi8(of));
    };
    Masks m;
    m.letter = wide::Letters(v);
    m.digit = static_cast<uint64_t>(_mm512_movepi8_mask(classes));
    m.token = m.letter | m.digit | any(kSignBit | kLowLineBit);
    m.escape = any(kEscapeBit | kBackslashBit);
    m.x = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('x'));
    if (kWords) {
      m.leet = m.digit | any(kDollarBit | kAtBit);
      const __m512i lower = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
      const __m512i kinds = _mm512_mask_shuffle_epi8(
          _mm512_shuffle_epi8(from_grave, lower),
          _mm512_test_epi8_mask(lower, _mm512_set1_epi8(0x10)), from_p, lower);
      m.vowel = static_cast<uint64_t>(_mm512_movepi8_mask(kinds));
      m.ending = _mm512_test_epi8_mask(kinds, _mm512_set1_epi8(kEnding));
    }
    Step<kWords>(text, at, from, m, &state, scanner);
  }
  scanner->state = state;
}
#endif

ScanFunction ScanOf([[maybe_unused]] bool words, [[maybe_unused]] ViewScan kind) noexcept {
#if defined(__x86_64__)
  const bool counts = __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
  if (kind == ViewScan::kBest && counts && wide::AreUsed()) {
    return words ? &ScanAvx512<true> : &ScanAvx512<false>;
  }
  if (kind != ViewScan::kPortable && counts && __builtin_cpu_supports("avx2")) {
    return words ? &ScanAvx2<true> : &ScanAvx2<false>;
  }
#endif
  return &ScanPortable;
}

}  // namespace

unsigned FindCandidates(std::string_view text, unsigned wanted, std::vector<uint64_t>* candidates,
                        ViewScan kind) {
  Scanner scanner{wanted, candidates, 0, {}};
  const ScanFunction scan = ScanOf(scanner.words(), kind);
  const size_t blocks = text.size() / kBlockBytes, at = blocks * kBlockBytes;
  scan(text, 0, blocks, &scanner);
  if (at < text.size()) {
    char tail[kBlockBytes] = {};
    std::memcpy(tail, text.data() + at, text.size() - at);
    scan({tail, kBlockBytes}, at, 1, &scanner);
  }
  return scanner.found;
}

}  // namespace kt::detect::views
