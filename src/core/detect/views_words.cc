// Views by words: leet, spaced letters, rot13 and reversed text. For scores of input texts.
#include <algorithm>

#include "core/base/text.h"
#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

// Text on either side of a candidate block that is looked at with it.
constexpr size_t kAroundBytes = 64;
constexpr size_t kWindowBytes = kWindowBlocks * kBlockBytes;

bool IsLetter(char c) noexcept {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
bool IsBlank(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// [begin, end) widened to whole words, over at most `most` bytes on either side; never before
// `floor`.
ByteSpan Widen(std::string_view text, size_t begin, size_t end, size_t floor, size_t most) {
  const size_t first = std::max(floor, begin - std::min(begin, most));
  while (begin > first && text[begin - 1] != '\n') --begin;
  while (begin > floor && begin > 0 && IsContinuation(text[begin])) --begin;
  const size_t last = std::min(text.size(), end + most);
  end = std::min(end, text.size());
  while (end < last && text[end] != '\n') ++end;
  while (end < text.size() && IsContinuation(text[end])) ++end;
  return {std::min(begin, end), end};
}

// Calls visit for each region of text with the flag: neighbouring candidates make one.
template <typename Visit>
void ForRegions(std::string_view text, const Candidates& candidates, unsigned flag, size_t block,
                Visit visit) {
  size_t done = 0;
  for (size_t i = 0; i < candidates.size();) {
    if ((Flags(candidates[i]) & flag) == 0) {
      ++i;
      continue;
    }
    const size_t begin = BlockBegin(candidates[i]);
    size_t end = begin + block;
    for (++i; i < candidates.size(); ++i) {
      if ((Flags(candidates[i]) & flag) == 0) continue;
      if (BlockBegin(candidates[i]) > end + kAroundBytes) break;
      end = std::max(end, BlockBegin(candidates[i]) + block);
    }
    if (end <= done) continue;
    const ByteSpan region = Widen(text, std::max(begin, done), end, done, kAroundBytes);
    if (region.end > region.begin) visit(region);
    done = std::max(done, region.end);
  }
}

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

char LeetLetter(char c, char one) noexcept {
  switch (c) {
    case '0':
      return 'o';
    case '1':
    case '!':
    case '|':
      return one;
    case '2':
      return 'z';
    case '3':
      return 'e';
    case '4':
    case '@':
      return 'a';
    case '5':
    case '$':
      return 's';
    case '6':
    case '9':
      return 'g';
    case '7':
    case '+':
      return 't';
    case '8':
      return 'b';
    default:
      return '\0';
  }
}

// Turns one word into letters, the way that gives a known word where there is one; counts those.
// Only a word of both letters and signs is leet.
void UnleetWord(std::string* word, size_t* known) {
  bool letters = false, signs = false;
  for (const char c : *word) {
    letters = letters || IsLetter(c);
    signs = signs || LeetLetter(c, 'i') != '\0';
  }
  if (!letters || !signs) return;
  std::string plain;
  for (const char one : {'l', 'i'}) {
    plain = *word;
    for (char& c : plain) {
      if (LeetLetter(c, one) != '\0') c = LeetLetter(c, one);
    }
    // Punctuation behind a word may be a sign as well: "n0w!".
    std::string_view letters_only = plain;
    while (!letters_only.empty() && !IsLetter(letters_only.back())) letters_only.remove_suffix(1);
    while (!letters_only.empty() && !IsLetter(letters_only.front())) letters_only.remove_prefix(1);
    const std::string lower = ToLower(letters_only);
    const bool shorter =
        word->back() == '!' && IsKnownWord(std::string_view(lower).substr(0, lower.size() - 1));
    if (IsKnownWord(lower) || shorter) {
      if (shorter) plain.back() = '!';
      ++*known;
      break;
    }
  }
  *word = plain;
}

// A letter with neither letter nor digit beside it.
bool IsSingle(std::string_view text, size_t at) noexcept {
  const auto alone = [&](size_t i) {
    return i >= text.size() || !(IsLetter(text[i]) || (text[i] >= '0' && text[i] <= '9'));
  };
  return at < text.size() && IsLetter(text[at]) && (at == 0 || alone(at - 1)) && alone(at + 1);
}

// The row of single letters that begins at `at`: divided by one and the same sign; two and more
// blanks, or another sign, divide words.
struct Row {
  std::string text;
  size_t letters = 0;
  size_t end = 0;
};
Row ReadRow(std::string_view text, size_t at) {
  Row row;
  const char divider = at + 1 < text.size() ? text[at + 1] : '\0';
  while (IsSingle(text, at)) {
    row.text.push_back(text[at]);
    ++row.letters;
    row.end = ++at;
    size_t next = at;
    while (next < text.size() && next - at < 4 && !IsLetter(text[next]) &&
           static_cast<unsigned char>(text[next]) < 0x80) {
      ++next;
    }
    if (next == at || !IsSingle(text, next)) break;
    if (next - at > 1 || text[at] != divider) row.text.push_back(' ');
    at = next;
  }
  return row;
}

// "ignoreallprevious" as words.
std::string Segment(std::string_view letters) {
  std::string out;
  const std::string lower = ToLower(letters);
  bool open = false;  // letters of no known word stand at the end
  for (size_t at = 0; at < letters.size();) {
    const size_t size = lower[at] == ' ' ? 1 : KnownPrefix(std::string_view(lower).substr(at));
    if (size == 0) {
      if (!open && !out.empty() && out.back() != ' ') out.push_back(' ');
      out.push_back(letters[at++]);
      open = true;
      continue;
    }
    if (lower[at] != ' ' && !out.empty() && out.back() != ' ') out.push_back(' ');
    out.append(letters, at, size);
    at += size;
    open = false;
  }
  return out;
}

}  // namespace

void Unleet(std::string_view text, const Candidates& candidates, Sink* out) {
  ForRegions(text, candidates, kLeet, kBlockBytes, [&](ByteSpan region) {
    std::string plain, word;
    size_t known = 0;
    for (size_t at = region.begin; at <= region.end; ++at) {
      if (at < region.end && !IsBlank(text[at])) {
        word.push_back(text[at]);
        continue;
      }
      if (!word.empty()) UnleetWord(&word, &known);
      plain += word;
      word.clear();
      if (at < region.end) plain.push_back(text[at]);
    }
    if (known < 2) return;
    out->Divide();
    out->Add(PartOrigin::kSame, region.begin, region.end, plain);
  });
}

void Unspace(std::string_view text, const Candidates& candidates, Sink* out) {
  constexpr size_t kMinLetters = 5;
  size_t done = 0;
  for (const uint64_t candidate : candidates) {
    if ((Flags(candidate) & kSpaced) == 0) continue;
    const size_t block = BlockBegin(candidate);
    const size_t stop = std::min(block + kBlockBytes, text.size());
    for (size_t at = std::max(done, block - std::min<size_t>(block, 8)); at < stop; ++at) {
      if (!IsSingle(text, at)) continue;
      const Row row = ReadRow(text, at);
      if (row.letters >= kMinLetters) {
        const std::string words = Segment(row.text);
        out->Divide();
        out->Add(PartOrigin::kWhole, at, row.end, words);
      }
      at = done = row.end;
    }
  }
}

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
