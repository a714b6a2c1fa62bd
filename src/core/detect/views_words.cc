// Views where words come out: rot13 and reversed text. For scores of input texts.
#include <algorithm>

#include "core/base/text.h"
#include "core/detect/utf8.h"
#include "core/detect/views_regions.h"

namespace kt::detect::views {
namespace {

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

// Counts words of letters as `Letter(i)`, i in [0, size), gives them in lower case, or 0.
template <typename Letter>
Language Read(size_t size, Letter letter) {
  Language language;
  char word[16];
  size_t have = 0;
  for (size_t i = 0; i <= size; ++i) {
    const char c = i < size ? letter(i) : '\0';
    if (c != '\0') {
      if (have < sizeof word) word[have] = c;
      ++have;
      continue;
    }
    if (have >= 3) {  // "be" is the rot13 of "or"
      ++language.words;
      if (have <= sizeof word && IsKnownWord({word, have})) ++language.known;
    }
    have = 0;
  }
  return language;
}

char Lower(char c) noexcept {
  return IsLetter(c) ? static_cast<char>(c | 0x20) : '\0';
}
char Rotate(char c) noexcept {
  if (!IsLetter(c)) return c;
  const int base = c & 0x20 ? 'a' : 'A';
  return static_cast<char>(base + (c - base + 13) % 26);
}

// The end of the piece of [begin, end) that is judged by itself: a line, or some words of it.
size_t PieceEnd(std::string_view text, size_t begin, size_t end) noexcept {
  constexpr size_t kPieceBytes = 256;
  const std::string_view piece = text.substr(begin, std::min(end - begin, kPieceBytes));
  const size_t line = piece.find('\n');
  if (line != piece.npos) return begin + line + 1;
  if (piece.size() < kPieceBytes) return end;
  size_t cut = piece.rfind(' ');
  if (cut == piece.npos || cut == 0) cut = CutUtf8(piece, piece.size()).size();
  while (cut < piece.size() && cut > 1 && IsContinuation(piece[cut])) --cut;
  return begin + std::max<size_t>(cut, 1);
}

// Calls found for each stretch of text that reads as language by `reads`, but not as it is.
template <typename Reads, typename Found>
void ForLanguage(std::string_view text, const Candidates& candidates, unsigned flag, Reads reads,
                 Found found) {
  ByteSpan open{0, 0};
  ForRegions(text, candidates, flag, kWindowBytes, [&](ByteSpan region) {
    for (size_t at = region.begin; at < region.end;) {
      const ByteSpan piece{at, PieceEnd(text, at, region.end)};
      at = piece.end;
      const Language decoded = reads(piece);
      if (decoded.known < 2) continue;
      const Language plain =
          Read(piece.end - piece.begin, [&](size_t i) { return Lower(text[piece.begin + i]); });
      if (!decoded.Beats(plain)) continue;
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
  const auto reads = [&](ByteSpan part) {
    return Read(part.end - part.begin,
                [&](size_t i) { return Lower(Rotate(text[part.begin + i])); });
  };
  ForLanguage(text, candidates, kRot13, reads, [&](ByteSpan found) {
    std::string plain(text.substr(found.begin, found.end - found.begin));
    for (char& c : plain) c = Rotate(c);
    out->Divide();
    out->Add(PartOrigin::kSame, found.begin, found.end, plain);
  });
}

void Unreverse(std::string_view text, const Candidates& candidates, Sink* out) {
  const auto reads = [&](ByteSpan part) {
    return Read(part.end - part.begin, [&](size_t i) { return Lower(text[part.end - 1 - i]); });
  };
  ForLanguage(text, candidates, kReversed, reads, [&](ByteSpan found) {
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
