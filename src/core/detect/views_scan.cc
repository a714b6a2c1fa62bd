// The pass that finds where a look is worth it: 64 bytes at a time as bit masks.
#include <algorithm>
#include <bit>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

// Bit i: byte i of the block is of the class.
struct Masks {
  uint64_t letter = 0, leet = 0, token = 0, escape = 0, zero = 0, x = 0;
};
struct WordMasks {
  uint64_t vowel = 0, ending = 0;  // `ending`: letters that English words end with
};

#if defined(__SSE2__)
__m128i Is(__m128i v, char c) noexcept {
  return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}
__m128i InRange(__m128i v, char first, char count) noexcept {
  const __m128i from = _mm_sub_epi8(v, _mm_set1_epi8(first));
  return _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8(static_cast<char>(count - 1))), from);
}
__m128i Or(__m128i a, __m128i b) noexcept {
  return _mm_or_si128(a, b);
}
uint64_t Bits(__m128i v) noexcept {
  return static_cast<uint32_t>(_mm_movemask_epi8(v));
}

Masks Classify(const char* p) noexcept {
  Masks m;
  for (int part = 0; part < 4; ++part) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * part));
    const __m128i letter = InRange(Or(v, _mm_set1_epi8(0x20)), 'a', 26);
    const __m128i digit = InRange(v, '0', 10);
    const __m128i sign = Or(Or(Is(v, '+'), Is(v, '-')), Or(Is(v, '/'), Is(v, '_')));
    const int shift = 16 * part;
    m.letter |= Bits(letter) << shift;
    m.leet |= Bits(Or(digit, Or(Is(v, '@'), Is(v, '$')))) << shift;
    m.token |= Bits(Or(Or(letter, digit), sign)) << shift;
    m.escape |= Bits(Or(Is(v, '%'), Or(Is(v, '&'), Is(v, '\\')))) << shift;
    m.zero |= Bits(Is(v, '0')) << shift;
    m.x |= Bits(Is(v, 'x')) << shift;
  }
  return m;
}

WordMasks ClassifyWords(const char* p) noexcept {
  WordMasks m;
  for (int part = 0; part < 4; ++part) {
    const __m128i v =
        Or(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * part)), _mm_set1_epi8(0x20));
    const __m128i e = Is(v, 'e');
    m.vowel |= Bits(Or(Or(Or(e, Is(v, 'a')), Or(Is(v, 'i'), Is(v, 'o'))), Is(v, 'u'))) << 16 * part;
    m.ending |= Bits(Or(Or(Or(e, Is(v, 'd')), Or(Is(v, 'n'), Is(v, 'y'))), Is(v, 'r')))
                << 16 * part;
  }
  return m;
}
#else
bool OneOf(char c, std::string_view set) noexcept {
  return set.find(c) != set.npos;
}

Masks Classify(const char* p) noexcept {
  Masks m;
  for (int i = 0; i < 64; ++i) {
    const uint64_t bit = uint64_t{1} << i;
    const bool letter = (p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z';
    if (letter) m.letter |= bit;
    if (OneOf(p[i], "0123456789@$")) m.leet |= bit;
    if (IsTokenChar(p[i])) m.token |= bit;
    if (OneOf(p[i], "%&\\")) m.escape |= bit;
    if (p[i] == '0') m.zero |= bit;
    if (p[i] == 'x') m.x |= bit;
  }
  return m;
}

WordMasks ClassifyWords(const char* p) noexcept {
  WordMasks m;
  for (int i = 0; i < 64; ++i) {
    const char c = static_cast<char>(p[i] | 0x20);
    if (OneOf(c, "aeiou")) m.vowel |= uint64_t{1} << i;
    if (OneOf(c, "ednyr")) m.ending |= uint64_t{1} << i;
  }
  return m;
}
#endif

// Counts that tell language from its rot13 or mirror image, over two blocks in a row.
struct Window {
  unsigned letters = 0, vowels = 0, begins = 0, ends = 0;

  Window operator+(const Window& other) const noexcept {
    return {letters + other.letters, vowels + other.vowels, begins + other.begins,
            ends + other.ends};
  }
  unsigned Flags(unsigned wanted) const noexcept {
    unsigned flags = 0;
    if (letters < 10) return 0;
    // English has 38 % vowels, its rot13 21 %.
    if (vowels * 100 < letters * 29) flags |= kRot13;
    if (begins * 2 >= ends) flags |= kReversed;
    return flags & wanted;
  }
};

class Scanner {
 public:
  Scanner(unsigned wanted, std::vector<uint64_t>* out) : wanted_(wanted), out_(*out) {}

  // `next_letter`: is the byte behind the block a letter?
  void Block(size_t at, const char* p, bool next_letter) {
    const Masks m = Classify(p);
    unsigned flags = 0;
    if (HasRun(m.token)) flags |= kToken;
    if ((m.escape | (m.x & (m.zero << 1 | (last_zero_ ? 1u : 0u)))) != 0) flags |= kEscape;
    last_zero_ = m.zero >> 63;
    if ((wanted_ & ~(kToken | kEscape)) != 0) flags |= Words(p, m, next_letter);
    flags &= wanted_;
    if (flags != 0) out_.push_back(at << 8 | flags);
    all_ |= flags;
    if ((wanted_ & (kRot13 | kReversed)) != 0) EndWindow(at);
  }

  unsigned found() const noexcept { return all_; }

 private:
  unsigned Words(const char* p, const Masks& m, bool next_letter) noexcept {
    unsigned flags = 0;
    const uint64_t before = m.letter << 1 | (last_letter_ ? 1u : 0u);
    const uint64_t after = m.letter >> 1 | static_cast<uint64_t>(next_letter) << 63;
    last_letter_ = m.letter >> 63;
    if ((before & m.leet & after) != 0) flags |= kLeet;
    const uint64_t single = m.letter & ~before & ~after;
    const uint64_t row = single << 6 | singles_ >> 58;
    singles_ = single;
    if ((row & row >> 2 & row >> 4 & row >> 6) != 0 ||
        (single & single >> 2 & single >> 4 & single >> 6) != 0) {
      flags |= kSpaced;
    }
    if ((wanted_ & (kRot13 | kReversed)) != 0) {
      window_ = {};
      Count(p, m.letter, before, after);
    }
    return flags;
  }

  // Does a run of at least 16 set bits lie in, or end in, this block?
  bool HasRun(uint64_t token) noexcept {
    const auto low = static_cast<size_t>(std::countr_one(token));
    bool found = low > 0 && run_ + low >= kMinTokenBytes;
    uint64_t x = token & token >> 1;
    x &= x >> 2;
    x &= x >> 4;
    x &= x >> 8;
    found = found || x != 0;
    run_ = low == 64 ? run_ + 64 : static_cast<size_t>(std::countl_one(token));
    return found;
  }

  void Count(const char* p, uint64_t letter, uint64_t before, uint64_t after) noexcept {
    const WordMasks w = ClassifyWords(p);
    window_.letters += static_cast<unsigned>(std::popcount(letter));
    window_.vowels += static_cast<unsigned>(std::popcount(w.vowel & letter));
    window_.begins += static_cast<unsigned>(std::popcount(w.ending & letter & ~before & after));
    window_.ends += static_cast<unsigned>(std::popcount(w.ending & letter & before & ~after));
  }

  void EndWindow(size_t at) {
    const unsigned flags = (window_ + last_window_).Flags(wanted_);
    last_window_ = window_;
    if (flags == 0) return;
    out_.push_back((at - std::min(at, kBlockBytes)) << 8 | flags);
    all_ |= flags;
  }

  const unsigned wanted_;
  std::vector<uint64_t>& out_;
  unsigned all_ = 0;
  size_t run_ = 0;
  bool last_letter_ = false, last_zero_ = false;
  uint64_t singles_ = 0;
  Window window_, last_window_;
};

}  // namespace

unsigned FindCandidates(std::string_view text, unsigned wanted, std::vector<uint64_t>* candidates) {
  Scanner scanner(wanted, candidates);
  size_t at = 0;
  const auto is_letter = [&](size_t i) {
    return i < text.size() && (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z';
  };
  for (; at + kBlockBytes <= text.size(); at += kBlockBytes) {
    scanner.Block(at, text.data() + at, is_letter(at + kBlockBytes));
  }
  if (at < text.size()) {
    char tail[kBlockBytes] = {};
    std::memcpy(tail, text.data() + at, text.size() - at);
    scanner.Block(at, tail, false);
  }
  return scanner.found();
}

}  // namespace kt::detect::views
