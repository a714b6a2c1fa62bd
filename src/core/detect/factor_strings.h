// The strings that the matches of a sequence may begin with, as far as they are few: folded, cut
// to kFactorBytes. Private to detect/.
//
//   \bwhat\s{1,5}(?:is|was)\b     "what is", "what was", and "what" before a blank that is not one
//                                 single space
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/regex_tree.h"

namespace kt::detect {

inline constexpr size_t kFactorBytes = 8;

// Case, long s and Kelvin sign are folded away: bytes are compared with 0x20 set.
inline char FoldByte(char c) noexcept {
  return static_cast<char>(static_cast<unsigned char>(c) | 0x20);
}

// Up to eight bytes as a number, the first one on top: in the order of strings without zeros.
inline uint64_t KeyOfBytes(std::string_view bytes) noexcept {
  uint64_t key = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    key |= uint64_t{static_cast<unsigned char>(bytes[i])} << (56 - 8 * i);
  }
  return key;
}

class FactorStrings {
 public:
  struct Item {
    uint64_t key = 0;  // the bytes, the first one on top: keys are in the order of the strings
    unsigned char size = 0;
    bool open = true;  // what is appended goes on behind it
    bool word_ends = false;
    bool odd_blank = false;  // a blank follows that is not one single space
    bool blank = false;      // may begin with white space or a control character
    unsigned char byte(size_t i) const noexcept {
      return static_cast<unsigned char>(key >> (56 - 8 * i));
    }
    std::string bytes() const;
    bool operator==(const Item&) const = default;
  };
  explicit FactorStrings(size_t max_strings) : max_(max_strings), items_(1) {}

  void Append(const RegexNode& node);
  bool open() const noexcept;
  // "akia" in place of "akia0", "akia1", …: where nearly any byte may go on what is rare by itself,
  // the strings are more to look for and tell no more. `digits`: also what any digit may follow.
  void JoinSiblings(bool digits);
  std::vector<Item> Take() &&;

 private:
  void Close() noexcept;
  size_t size() const noexcept { return items_.size() + elsewhere_; }
  FactorStrings Opened(size_t max_strings) const;
  void Unite(const std::vector<Item>& more = {});
  void AppendByte(unsigned char byte) noexcept;
  void AppendAtom(const RegexNode& node);
  void AppendRepeat(const RegexNode& node);
  bool AppendBranches(const RegexNode& node, size_t max_of_branch);  // false: nothing is changed
  void AppendAlternatives(const RegexNode& node);
  bool AppendBlank();

  size_t max_;
  size_t elsewhere_ = 0;  // as many more are kept by whom this is a part of
  std::vector<Item> items_;
};

}  // namespace kt::detect
