// The words before a candidate. Context is looked for backward only and over 40 characters, so
// that a stream and a whole text agree (CONTRACT 2.3).
#pragma once

#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"

namespace kt::policies {

class ContextWords {
 public:
  explicit ContextWords(const detect::Candidate& candidate);

  // Where the last of `words` ends, as a distance from the beginning of the context, plus one;
  // 0 when none stands there as a word of its own ("taxId", "tax_id" and "tax-id" hold "tax id").
  // `words` are lower case, with blanks (see Prepared).
  size_t LastOf(const std::vector<std::string>& words) const;

  // Words of a rule pack in the form that LastOf compares.
  static std::vector<std::string> Prepared(std::vector<std::string> words);

 private:
  static constexpr size_t kPairs = 1024;
  static size_t PairOf(char first, char second) noexcept {
    return (static_cast<size_t>(first) & 31) << 5 | (static_cast<size_t>(second) & 31);
  }
  bool MayHold(const std::string& word) const noexcept;

  std::string context_;
  std::bitset<kPairs> pairs_;  // of neighbours in it: most words are told by these
};

}  // namespace kt::policies
