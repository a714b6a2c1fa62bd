// Views where words come out: rot13 and reversed text. For scores of input texts.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/base/byte_sets.h"
#include "core/base/text.h"
#include "core/detect/features.h"
#include "core/detect/utf8.h"
#include "core/detect/views_regions.h"

namespace kt::detect::views {
namespace {

using namespace byte_sets;

constexpr size_t kWindowBytes = kWindowBlocks * kBlockBytes;

struct Language {
  size_t words = 0, known = 0;
  // Does it read as one, and the other does not? Or, where a decoded phrase stands amid plain
  // text: more than chance gives ("saw" is "was")?
  bool Beats(const Language& other) const noexcept {
    return known >= 2 &&
           ((known > other.known && known * 4 >= words) || (known >= 3 && known * 12 >= words));
  }
};

// A piece's letters in lower case, 0 for all else, so that words are found and looked up by eights.
class Letters {
 public:
  static constexpr size_t kMaxBytes = 256;

  // Precondition: piece.size() <= kMaxBytes.
  explicit Letters(std::string_view piece) noexcept {
    size_t at = 0;
    for (; at + kStep <= piece.size(); at += kStep) Set(at, piece.data() + at);
    if (at < piece.size()) {
      char padded[kStep] = {};
      std::memcpy(padded, piece.data() + at, piece.size() - at);
      Set(at, padded);
      at += kStep;
    }
    // What is looked at beside the piece holds no letters.
    std::memset(bytes_.data(), 0, kMaxPackedBytes);
    std::memset(&At(at), 0, kMaxPackedBytes);
  }

  // Counts the words as kRead, one of the functions below, gives them.
  template <auto kRead>
  Language Count() const noexcept {
    Language language;
    uint64_t carry = 0;
    for (size_t i = 0; i + 1 < masks_.size(); ++i) {
      const uint64_t now = masks_[i], next = masks_[i + 1];
      // Where three letters begin: "be" is the rot13 of "or".
      uint64_t begins = now & ~(now << 1 | carry);
      begins &= (now >> 1 | next << 63) & (now >> 2 | next << 62);
      carry = now >> 63;
      for (; begins != 0; begins &= begins - 1) {
        const auto bit = static_cast<size_t>(std::countr_zero(begins));
        auto size = static_cast<size_t>(std::countr_one(now >> bit));
        // Of a longer word its size is not asked.
        if (bit + size == 64) size += static_cast<size_t>(std::countr_one(next));
        ++language.words;
        if (size <= kMaxPackedBytes && IsKnownWord((this->*kRead)(i * 64 + bit, size))) {
          ++language.known;
        }
      }
    }
    return language;
  }

  PackedWord Plain(size_t begin, size_t size) const noexcept {
    return {Load(begin) & internal::FirstBytes(size),
            size > 8 ? Load(begin + 8) & internal::FirstBytes(size - 8) : 0};
  }
  PackedWord Reversed(size_t begin, size_t size) const noexcept {
    const size_t end = begin + size;
    return {__builtin_bswap64(Load(end - 8)) & internal::FirstBytes(size),
            size > 8 ? __builtin_bswap64(Load(end - 16)) & internal::FirstBytes(size - 8) : 0};
  }
  PackedWord Rotated(size_t begin, size_t size) const noexcept {
    const PackedWord word = Plain(begin, size);
    return {RotateEight(word.low), RotateEight(word.high)};
  }

 private:
  // Bytes are letters or 0, so that no sum carries into the next one.
  static uint64_t AreUsed(uint64_t letters) noexcept {
    return (letters + 0x7F * kOnes) >> 7 & kOnes;
  }
  static uint64_t RotateEight(uint64_t letters) noexcept {
    const uint64_t second_half = (letters + (0x80 - 'n') * kOnes) >> 7 & kOnes;
    return letters + 13 * AreUsed(letters) - 26 * second_half;
  }
  // `at` may lie before the piece.
  char& At(size_t at) noexcept { return bytes_[kMaxPackedBytes + at]; }
  uint64_t Load(size_t at) const noexcept {
    return internal::Load(bytes_.data() + kMaxPackedBytes + at);
  }
  void Set(size_t at, const char* bytes) noexcept {
    for (size_t i = 0; i < kStep; i += Lane::kBytes) {
      const Lane lower = Lane(bytes + i).Lower();
      const Marks letters = lower.In('a', 'z');
      lower.Store(letters, &At(at + i));
      masks_[(at + i) / 64] |= Lane::Bits(letters) << (at + i) % 64;
    }
  }

  static constexpr size_t kStep = 16;
  std::array<char, kMaxPackedBytes + kMaxBytes + kMaxPackedBytes> bytes_;
  // A bit for each byte that is a letter, and none behind them.
  std::array<uint64_t, kMaxBytes / 64 + 1> masks_ = {};
};

char Rotate(char c) noexcept {
  if (!IsLetter(c)) return c;
  const int base = c & 0x20 ? 'a' : 'A';
  return static_cast<char>(base + (c - base + 13) % 26);
}

// The end of the piece of [begin, end) that is judged by itself: a line, or some words of it.
size_t PieceEnd(std::string_view text, size_t begin, size_t end) noexcept {
  constexpr size_t kPieceBytes = Letters::kMaxBytes;
  const std::string_view piece = text.substr(begin, std::min(end - begin, kPieceBytes));
  const size_t line = piece.find('\n');
  if (line != piece.npos) return begin + line + 1;
  if (piece.size() < kPieceBytes) return end;
  size_t cut = piece.rfind(' ');
  if (cut == piece.npos || cut == 0) cut = CutUtf8(piece, piece.size()).size();
  while (cut < piece.size() && cut > 1 && IsContinuation(piece[cut])) --cut;
  return begin + std::max<size_t>(cut, 1);
}

// Calls found for each stretch of text that reads as language when words are read by kRead, of
// Letters, but not as it is.
template <auto kRead, typename Found>
void ForLanguage(std::string_view text, const Candidates& candidates, unsigned flag, Found found) {
  ByteSpan open{0, 0};
  ForRegions(text, candidates, flag, kWindowBytes, [&](ByteSpan region) {
    for (size_t at = region.begin; at < region.end;) {
      const ByteSpan piece{at, PieceEnd(text, at, region.end)};
      at = piece.end;
      const Letters letters(text.substr(piece.begin, piece.end - piece.begin));
      const Language decoded = letters.Count<kRead>();
      if (decoded.known < 2 || !decoded.Beats(letters.Count<&Letters::Plain>())) continue;
      if (open.end == piece.begin && open.end > open.begin) {
        open.end = piece.end;
        continue;
      }
      if (open.end > open.begin) found(open);
      open = piece;
    }
  });
  if (open.end > open.begin) found(open);
}

}  // namespace

void Unrotate(std::string_view text, const Candidates& candidates, Sink* out) {
  ForLanguage<&Letters::Rotated>(text, candidates, kRot13, [&](ByteSpan found) {
    std::string plain(text.substr(found.begin, found.end - found.begin));
    for (char& c : plain) c = Rotate(c);
    out->Divide();
    out->Add(PartOrigin::kSame, found.begin, found.end, plain);
  });
}

void Unreverse(std::string_view text, const Candidates& candidates, Sink* out) {
  ForLanguage<&Letters::Reversed>(text, candidates, kReversed, [&](ByteSpan found) {
    std::string plain;
    plain.reserve(found.end - found.begin);
    for (size_t end = found.end; end > found.begin;) {
      size_t begin = end - 1;
      while (begin > found.begin && IsContinuation(text[begin])) --begin;
      plain.append(text, begin, end - begin);
      end = begin;
    }
    out->Divide();
    out->Add(PartOrigin::kReversed, found.begin, found.end, plain);
  });
}

}  // namespace kt::detect::views
