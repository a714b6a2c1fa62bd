// The view of leet ("1gn0r3"). For scores of input texts.
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

}  // namespace

void Unleet(std::string_view text, const Candidates& candidates, Sink* out) {
  ForRegions(text, candidates, kLeet, kBlockBytes, [&](ByteSpan region) {
    const std::string plain = ReadLeet(text.substr(region.begin, region.end - region.begin));
    if (plain.empty()) return;
    out->Divide();
    out->Add(PartOrigin::kSame, region.begin, region.end, plain);
  });
}

}  // namespace kt::detect::views
