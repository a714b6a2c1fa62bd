// Words that are looked for before a candidate. Context is looked for backward only and over 40
// characters, so that a stream and a whole text agree.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"

namespace kt::policies {

// Lists of words, looked for together: what that costs depends on the text before the candidate,
// not on how many words there are. Immutable once built.
class ContextWords {
 public:
  // Words as they are written in a rule pack, or Prepared.
  explicit ContextWords(const std::vector<std::vector<std::string>>& lists);

  // Says of each list where the last of its words ends, as a distance from the beginning of the
  // context, plus one, in `last`, which holds zeros: so it stays where none stands there as a word
  // of its own ("taxId", "tax_id" and "tax-id" hold "tax id"). A name belongs to what follows on
  // its line, or to the next line when it ends its own. False: no list has one.
  bool Find(const detect::Candidate& candidate, std::span<uint16_t> last) const noexcept {
    return Find(candidate.before(detect::kContextBytes), last);
  }
  // Whether a word of any list stands there.
  bool AnyBefore(const detect::Candidate& candidate) const noexcept {
    return Find(candidate.before(detect::kContextBytes), {});
  }

  // A word as it is compared: lower case, with blanks, without accents.
  static std::vector<std::string> Prepared(std::vector<std::string> words);

 private:
  struct Word {
    uint16_t pair, list;
    std::string text;
  };
  static uint16_t PairOf(char first, char second) noexcept {
    return static_cast<uint16_t>((first & 31) << 5 | (second & 31));
  }
  // A pair and the byte behind it: all of the bits, or a hash of them where there are few words.
  static constexpr unsigned kHeadBits = 15, kFewHeadBits = 12;
  static constexpr size_t kFewWords = 24;
  size_t HeadOf(char first, char second, char third) const noexcept {
    const uint32_t head =
        uint32_t{PairOf(first, second)} << 5 | (static_cast<uint32_t>(third) & 31);
    return heads_.size() == size_t{1} << (kHeadBits - 6)
               ? head
               : head * 0x9E3779B1u >> (32 - kFewHeadBits);
  }
  bool IsHead(char first, char second, char third) const noexcept {
    const size_t head = HeadOf(first, second, third);
    return (heads_[head / 64] >> (head % 64) & 1) != 0;
  }
  void AddHeads(const std::string& word);
  bool MayHold(std::string_view text) const noexcept;
  bool Find(std::string_view before, std::span<uint16_t> last) const noexcept;
  static bool IsWord(std::string_view context, size_t begin, size_t end) noexcept;

  std::vector<Word> words_;      // by pair
  std::vector<uint64_t> heads_;  // bits: what they begin with
  // By byte of the text: whether a word begins like it.
  std::array<bool, 256> first_{};
  bool all_have_letters_ = true, letters_begin_ = true;
};

}  // namespace kt::policies
