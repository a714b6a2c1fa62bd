// The view of leet ("1gn0r3"). For scores of input texts.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "core/base/byte_sets.h"
#include "core/detect/features.h"
#include "core/detect/views_regions.h"

namespace kt::detect::views {
namespace {

using namespace byte_sets;

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
constexpr auto kSigns = [](Lane lane) {
  return lane.In('0', '9') | lane.Is('!') | lane.Is('|') | lane.Is('@') | lane.Is('$') |
         lane.Is('+');
};
constexpr auto kBlanks = [](Lane lane) { return lane.Is(' ') | lane.In('\t', '\r'); };

char LeetLetter(char c) noexcept {
  return kLeetLetters[static_cast<unsigned char>(c)];
}

constexpr uint64_t FirstBits(size_t n) noexcept {
  return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1;
}

// A stretch of text with a bit for each byte of its words.
class Stretch {
 public:
  static constexpr size_t kBits = 64;

  void Assign(std::string_view text) {
    text_ = text;
    blocks_.resize(text.size() / kBits + 2);
    blocks_.back() = {~uint64_t{0}, 0, 0, 0};  // blanks
    words_ = 0;
    uint64_t blank_before = 1;
    for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
      const size_t at = i * kBits;
      Block& block = blocks_[i];
      block.blank = MaskAt<kBits>(text, at, kBlanks) | ~FirstBits(text.size() - at);
      block.letter = MaskAt<kBits>(text, at, kLetters);
      block.sign = MaskAt<kBits>(text, at, kSigns);
      block.mixed = block.sign & block.letter >> 1;
      if (i > 0) blocks_[i - 1].mixed |= blocks_[i - 1].sign & block.letter << 63;
      words_ +=
          static_cast<size_t>(std::popcount(~block.blank & (block.blank << 1 | blank_before)));
      blank_before = block.blank >> 63;
    }
  }
  size_t words() const noexcept { return words_; }

  // A word with a sign.
  struct Word {
    size_t begin, end;
    size_t first, last;  // its letters and signs, and what is between them, are in [first, last)
    bool letters;        // some of them
    bool mixed;          // a sign stands before a letter: nobody writes so by accident
    bool whole;          // letters and signs alone, from the first one to the last
    uint64_t signs;      // of it, from `first` on
  };
  template <typename Visit>
  void ForWords(const Visit& visit) const {
    size_t done = 0;
    for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
      const size_t at = i * kBits;
      uint64_t signs = blocks_[i].sign;
      if (done > at) signs &= ~FirstBits(done - at);
      while (signs != 0) {
        const auto sign = static_cast<size_t>(std::countr_zero(signs));
        Word word;
        if (!WordWithin(i, sign, &word)) word = WordAround(at + sign, done);
        visit(word);
        done = word.end;
        signs &= ~FirstBits(done - at);
      }
    }
  }
  template <typename Visit>
  void ForSigns(size_t begin, size_t end, const Visit& visit) const {
    for (size_t at = begin; at < end; at += kBits) {
      uint64_t signs = Window(&Block::sign, at) & FirstBits(end - at);
      for (; signs != 0; signs &= signs - 1) {
        visit(at + static_cast<size_t>(std::countr_zero(signs)));
      }
    }
  }

 private:
  struct Block {
    uint64_t blank, letter, sign, mixed;
  };

  // The bits from `at` on. Precondition: at < text_.size().
  uint64_t Window(uint64_t Block::*bits, size_t at) const noexcept {
    const Block* const block = &blocks_[at / kBits];
    const size_t by = at % kBits;
    return block->*bits >> by | block[1].*bits << 1 << (kBits - 1 - by);
  }
  // Where the word that `at` is in begins. Precondition: not before `floor`.
  size_t BeginOf(size_t at, size_t floor) const noexcept {
    size_t i = at / kBits;
    uint64_t blanks = blocks_[i].blank & FirstBits(at % kBits);
    while (blanks == 0 && i * kBits > floor) blanks = blocks_[--i].blank;
    return blanks == 0 ? floor : i * kBits + kBits - static_cast<size_t>(std::countl_zero(blanks));
  }
  // The word around bit `at` of a block, where it has a blank on either side of it; the rest is
  // WordAround()'s.
  bool WordWithin(size_t i, size_t at, Word* word) const noexcept {
    const Block& block = blocks_[i];
    const uint64_t behind = block.blank >> at, before = block.blank << (kBits - 1 - at);
    if (behind == 0 || before == 0) return false;
    const size_t begin = at + 1 - static_cast<size_t>(std::countl_zero(before));
    const size_t end = at + static_cast<size_t>(std::countr_zero(behind));
    const uint64_t inside = (uint64_t{1} << end) - (uint64_t{1} << begin);
    const uint64_t letters = block.letter & inside, signs = block.sign & inside;
    const auto first = static_cast<size_t>(std::countr_zero(letters | signs));
    const size_t last = kBits - static_cast<size_t>(std::countl_zero(letters | signs));
    const uint64_t kinds = (letters | signs) >> first;
    const size_t offset = i * kBits;
    *word = {offset + begin,
             offset + end,
             offset + first,
             offset + last,
             letters != 0,
             (block.mixed & inside) != 0,
             (kinds & (kinds + 1)) == 0,
             signs >> first};
    return true;
  }
  Word WordAround(size_t at, size_t floor) const noexcept {
    const size_t begin = std::max(BeginOf(at, floor), floor);
    Word word{begin, begin, 0, begin, false, false, true, 0};
    for (size_t size = kBits; size == kBits && word.end < text_.size(); word.end += size) {
      size = static_cast<size_t>(std::countr_zero(Window(&Block::blank, word.end)));
      const uint64_t inside = FirstBits(size);
      const uint64_t letters = Window(&Block::letter, word.end) & inside;
      const uint64_t signs = Window(&Block::sign, word.end) & inside;
      word.letters |= letters != 0;
      word.mixed |= (Window(&Block::mixed, word.end) & inside) != 0;
      const uint64_t kinds = letters | signs;
      if (kinds == 0) continue;
      const auto first = static_cast<size_t>(std::countr_zero(kinds));
      const size_t last = kBits - static_cast<size_t>(std::countl_zero(kinds));
      const bool more = word.last > begin;
      word.whole = !more && kinds >> first == FirstBits(last - first);
      if (!more) word.first = word.end + first, word.signs = signs >> first;
      word.last = word.end + last;
    }
    return word;
  }

  std::string_view text_;
  std::vector<Block> blocks_;  // and one of blanks
  size_t words_ = 0;
};

// How a word of letters and signs is read.
struct LeetReading {
  char one = 'i';      // what stands for a sign that may be two letters
  bool known = false;  // it gives a known word,
  bool shout = false;  // which ends before the last sign: "n0w!"
};

// The bytes of a word as a number, and what stands for its signs.
class LeetLetters {
 public:
  // Precondition: text[word.first, word.last) has letters and signs alone, no more than fit.
  LeetLetters(std::string_view text, const Stretch::Word& word) noexcept
      : size_(word.last - word.first) {
    char padded[kMaxPackedBytes] = {};
    const char* bytes = text.data() + word.first;
    if (text.size() - word.first < sizeof padded) {
      std::memcpy(padded, bytes, text.size() - word.first);
      bytes = padded;
    }
    letters_ = {internal::Load(bytes) | kLower, internal::Load(bytes + 8) | kLower};
    for (uint64_t signs = word.signs; signs != 0; signs &= signs - 1) {
      const auto at = static_cast<size_t>(std::countr_zero(signs));
      const char letter = LeetLetter(bytes[at]);
      const unsigned shift = at % 8 * 8;
      uint64_t& half = at < 8 ? letters_.low : letters_.high;
      half &= ~(uint64_t{0xFF} << shift);
      half |= uint64_t{static_cast<uint8_t>(letter == kOne ? 'l' : letter)} << shift;
      if (letter == kOne) (at < 8 ? ones_.low : ones_.high) |= uint64_t{'l' ^ 'i'} << shift;
    }
  }
  bool has_ones() const noexcept { return (ones_.low | ones_.high) != 0; }
  void TakeOther() noexcept {
    letters_.low ^= ones_.low;
    letters_.high ^= ones_.high;
  }
  // The first n, which may be none.
  PackedWord First(size_t n) const noexcept {
    return {letters_.low & internal::FirstBytes(n),
            n > 8 ? letters_.high & internal::FirstBytes(n - 8) : 0};
  }
  size_t size() const noexcept { return size_; }

 private:
  static constexpr uint64_t kLower = 0x20 * kOnes;
  const size_t size_;
  PackedWord letters_, ones_;  // `ones_`: what makes i of l, where that may be
};

// Precondition: text[word.first, word.last) has letters and signs alone.
LeetReading ReadWord(std::string_view text, const Stretch::Word& word) noexcept {
  LeetReading reading;
  if (word.last - word.first > kMaxPackedBytes) return reading;
  LeetLetters letters(text, word);
  const size_t size = letters.size();
  const bool shouts = word.last == word.end && text[word.last - 1] == '!';
  for (const char one : {'l', 'i'}) {
    const PackedWord all = letters.First(size);
    const bool letter = !word.letters && (all.low == 'a' || all.low == 'i') && size == 1;
    reading.one = one;
    reading.shout = shouts && IsKnownWord(letters.First(size - 1));
    reading.known = letter || reading.shout || IsKnownWord(all);
    // Without a sign that may be either letter there is no second way.
    if (reading.known || !letters.has_ones()) break;
    letters.TakeOther();
  }
  return reading;
}

class Leet {
 public:
  // A stretch read as leet, where it is.
  void Decode(std::string_view text, size_t offset, Sink* out) {
    stretch_.Assign(text);
    said_.clear();
    size_t mixed = 0, known = 0, known_signs = 0;
    stretch_.ForWords([&](const Stretch::Word& word) {
      // Words of signs alone ("15", "70") are read where they give a known word.
      constexpr size_t kMaxSigns = 4;
      mixed += word.mixed ? 1 : 0;
      if (!word.letters && word.end - word.begin > kMaxSigns) return;
      const LeetReading reading = word.whole ? ReadWord(text, word) : LeetReading();
      if (reading.known) ++(word.letters ? known : known_signs);
      if (reading.known || word.letters) {
        said_.push_back({static_cast<uint32_t>(word.begin), static_cast<uint32_t>(word.end),
                         reading, word.letters});
      }
    });
    const bool signs_too = mixed >= 2;
    if (signs_too) known += known_signs;
    if (known < 2 && (known != 1 || mixed * 3 < stretch_.words())) return;
    out->Divide();
    char* const plain = out->Add(PartOrigin::kSame, offset, offset + text.size(), text);
    for (const Said& word : said_) {
      if (!word.letters && !signs_too) continue;
      stretch_.ForSigns(word.begin, word.end, [&](size_t i) {
        const char letter = LeetLetter(text[i]);
        plain[i] = letter == kOne ? word.reading.one : letter;
      });
      if (word.reading.shout) plain[word.end - 1] = '!';
    }
  }

 private:
  struct Said {
    uint32_t begin, end;
    LeetReading reading;
    bool letters;
  };
  Stretch stretch_;
  std::vector<Said> said_;
};

}  // namespace

void Unleet(std::string_view text, const Candidates& candidates, Sink* out) {
  Leet leet;
  ForRegions(text, candidates, kLeet, kBlockBytes, [&](ByteSpan region) {
    leet.Decode(text.substr(region.begin, region.end - region.begin), region.begin, out);
  });
}

}  // namespace kt::detect::views
