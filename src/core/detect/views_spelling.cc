// Views of odd spelling: leet and spaced-out letters. For scores of input texts.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/detect/views_regions.h"

namespace kt::detect::views {
namespace {

// What a sign stands for; kOne: i or l; 0: it is none.
constexpr char kOne = 1;
constexpr std::array<char, 256> kLeetLetters = [] {
  std::array<char, 256> letters{};
  constexpr std::string_view kSigns = "01!|234@5$697+8", kLetters = "o\1\1\1zeaassggttb";
  static_assert(kSigns.size() == kLetters.size());
  for (size_t i = 0; i < kSigns.size(); ++i) {
    letters[static_cast<unsigned char>(kSigns[i])] = kLetters[i];
  }
  return letters;
}();
char LeetLetter(char c) noexcept {
  return kLeetLetters[static_cast<unsigned char>(c)];
}

constexpr uint8_t kLetterKind = 1, kSignKind = 2, kBlankKind = 4, kEitherKind = 8;
constexpr std::array<uint8_t, 256> kKinds = [] {
  std::array<uint8_t, 256> kinds{};
  for (size_t i = 0; i < kinds.size(); ++i) {
    const char c = static_cast<char>(i), letter = kLeetLetters[i];
    if (IsBlank(c)) kinds[i] = kBlankKind;
    if (IsLetter(c)) kinds[i] = kLetterKind;
    if (letter != 0) kinds[i] = kSignKind | (letter == kOne ? kEitherKind : 0);
  }
  return kinds;
}();

// A word of a stretch that may be leet.
struct LeetWord {
  std::string_view text;
  size_t begin = 0, end = 0;  // in it: from the first letter or sign to the last
  uint8_t kinds = 0;          // all that its bytes are of
  bool mixed = false;         // a sign stands before a letter: nobody writes so by accident

  bool has(uint8_t kind) const noexcept { return (kinds & kind) != 0; }
};

LeetWord WordAt(std::string_view text, size_t at) noexcept {
  LeetWord word;
  uint8_t before = 0;
  size_t end = at, last = at, first = text.npos;
  for (; end < text.size(); ++end) {
    const uint8_t kind = kKinds[static_cast<unsigned char>(text[end])];
    if (kind == kBlankKind) break;
    word.kinds |= kind;
    word.mixed |= (before & kSignKind) != 0 && kind == kLetterKind;
    before = kind;
    if (kind == 0) continue;
    first = std::min(first, end);
    last = end + 1;
  }
  word.text = text.substr(at, end - at);
  word.begin = std::min(first, last) - at;
  word.end = last - at;
  return word;
}

// How a word of letters and signs is read.
struct LeetReading {
  char one = 'l';      // what stands for a sign that may be two letters
  bool known = false;  // it gives a known word,
  bool shout = false;  // which ends before the last sign: "n0w!"
};

LeetReading ReadLeetWord(const LeetWord& word) noexcept {
  LeetReading reading;
  char lower[kMaxPackedBytes];
  const size_t size = word.end - word.begin;
  for (const char one : {'l', 'i'}) {
    reading.one = one;
    if (size <= sizeof lower) {
      for (size_t i = 0; i < size; ++i) {
        const char c = word.text[word.begin + i], letter = LeetLetter(c);
        lower[i] = letter == 0 ? static_cast<char>(IsLetter(c) ? c | 0x20 : c)
                               : (letter == kOne ? one : letter);
      }
      const std::string_view all(lower, size);
      const bool letter = !word.has(kLetterKind) && (all == "a" || all == "i");
      reading.shout = word.text.back() == '!' && IsKnownWord(all.substr(0, size - 1));
      reading.known = letter || reading.shout || IsKnownWord(all);
    }
    // Without a sign that may be either letter there is no second way.
    if (reading.known || !word.has(kEitherKind)) break;
  }
  return reading;
}

// Words of signs alone ("15", "70") are read where they give a known word.
bool MayBeWord(std::string_view signs) noexcept {
  return signs.size() <= 4;
}

// The stretch with letters for signs.
std::string WriteLeet(std::string_view text, bool signs_too) {
  std::string plain(text);
  for (size_t at = 0; at < text.size(); ++at) {
    const LeetWord word = WordAt(text, at);
    const size_t begin = at;
    at += word.text.size();
    if (!word.has(kSignKind)) continue;
    const LeetReading reading = ReadLeetWord(word);
    const bool known = reading.known && signs_too && MayBeWord(word.text);
    if (!word.has(kLetterKind) && !known) continue;
    for (size_t i = begin; i < at; ++i) {
      const char letter = LeetLetter(text[i]);
      if (letter != 0) plain[i] = letter == kOne ? reading.one : letter;
    }
    if (reading.shout) plain[at - 1] = '!';
  }
  return plain;
}

// A stretch read as leet; empty where it is none.
std::string ReadLeet(std::string_view text) {
  size_t words = 0, mixed = 0, known = 0, known_signs = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const LeetWord word = WordAt(text, at);
    at += word.text.size();
    if (word.text.empty()) continue;
    ++words;
    mixed += word.mixed ? 1 : 0;
    if (!word.has(kSignKind)) continue;
    const bool letters = word.has(kLetterKind);
    if (!letters && !MayBeWord(word.text)) continue;
    if (ReadLeetWord(word).known) ++(letters ? known : known_signs);
  }
  const bool signs_too = mixed >= 2;
  if (signs_too) known += known_signs;
  const bool leet = known >= 2 || (known == 1 && mixed * 3 >= words);
  return leet ? WriteLeet(text, signs_too) : std::string();
}

bool IsUnit(char c) noexcept {
  return IsLetter(c) || (c >= '0' && c <= '9');
}

// A letter or digit with none beside it.
bool IsSingle(std::string_view text, size_t at) noexcept {
  const auto alone = [&](size_t i) { return i >= text.size() || !IsUnit(text[i]); };
  return at < text.size() && IsUnit(text[at]) && (at == 0 || alone(at - 1)) && alone(at + 1);
}

// What stands between two letters of a row that is divided by `divider`: nothing when it is one
// divider, signs that were spaced out as well (" , "), or else the end of a word.
std::string ReadGap(std::string_view gap, char divider) {
  std::string signs;
  bool regular = gap.size() % 2 == 1;
  for (size_t i = 0; i < gap.size() && regular; i += 2) {
    regular = gap[i] == divider;
    if (i + 1 < gap.size()) signs.push_back(gap[i + 1]);
  }
  if (!regular) return " ";
  std::string out;
  for (const char c : signs) {
    const bool divides = IsBlank(c) || c == '/' || c == '|' || c == '_';
    if (!divides) out.push_back(c);
    if (divides && (out.empty() || out.back() != ' ')) out.push_back(' ');
  }
  return out;
}

// The row of single letters and digits that begins at `at`.
struct Row {
  std::string text;
  size_t letters = 0;
  size_t end = 0;
};
Row ReadRow(std::string_view text, size_t at) {
  constexpr size_t kMaxGap = 9;
  Row row;
  const char divider = at + 1 < text.size() ? text[at + 1] : '\0';
  while (IsSingle(text, at)) {
    row.text.push_back(text[at]);
    row.letters += IsLetter(text[at]) ? 1 : 0;
    row.end = ++at;
    size_t next = at;
    while (next < text.size() && next - at < kMaxGap && !IsUnit(text[next]) &&
           static_cast<unsigned char>(text[next]) < 0x80) {
      ++next;
    }
    if (next == at || !IsSingle(text, next)) break;
    row.text += ReadGap(text.substr(at, next - at), divider);
    at = next;
  }
  return row;
}

// "ignoreallprevious" as words: the cheapest way to cut it, where letters of no known word cost
// most and short words more than long ones.
std::string Segment(std::string_view letters) {
  constexpr size_t kMaxWord = 16, kUnknown = 5, kShort = 3, kLong = 2;
  const std::string lower = ToLower(letters);
  std::vector<uint32_t> cost(letters.size() + 1, 0), size(letters.size() + 1, 1);
  for (size_t end = 1; end <= letters.size(); ++end) {
    cost[end] = cost[end - 1] + kUnknown;
    for (size_t n = 2; n <= std::min(end, kMaxWord); ++n) {
      if (!IsKnownWord(std::string_view(lower).substr(end - n, n))) continue;
      const auto here = static_cast<uint32_t>(cost[end - n] + (n < 4 ? kShort : kLong));
      if (here > cost[end]) continue;
      cost[end] = here;
      size[end] = static_cast<uint32_t>(n);
    }
  }
  std::vector<size_t> cuts;
  for (size_t end = letters.size(); end > 0; end -= size[end]) cuts.push_back(end);
  std::string out;
  size_t begin = 0;
  bool open = false;  // letters of no known word stand at the end
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); begin = *cut++) {
    const bool known = *cut - begin > 1;
    if (!out.empty() && (known || !open)) out.push_back(' ');
    out.append(letters, begin, *cut - begin);
    open = !known;
  }
  return out;
}

// Cuts the words of a row that are too long to be one, or stand for all of it.
std::string Words(std::string_view row) {
  constexpr size_t kLongWord = 13;
  const bool whole = row.find(' ') == row.npos;
  std::string out;
  for (size_t at = 0; at < row.size();) {
    size_t end = at;
    while (end < row.size() && IsLetter(row[end])) ++end;
    const std::string_view word = row.substr(at, end - at);
    const bool cut = word.size() > kLongWord || (whole && !IsKnownWord(ToLower(word)));
    if (cut) out += Segment(word);
    if (!cut) out += word;
    if (end < row.size()) out.push_back(row[end++]);
    at = end;
  }
  return out;
}

}  // namespace

void Unleet(std::string_view text, const Candidates& candidates, Sink* out) {
  ForRegions(text, candidates, kLeet, kBlockBytes, [&](ByteSpan region) {
    const std::string plain = ReadLeet(text.substr(region.begin, region.end - region.begin));
    if (plain.empty()) return;
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
        const std::string words = Words(row.text);
        out->Divide();
        out->Add(PartOrigin::kWhole, at, row.end, words);
      }
      at = done = row.end;
    }
  }
}

}  // namespace kt::detect::views
