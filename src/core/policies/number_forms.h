// Numbers as people write them: groups of digits and what stands between.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"

namespace kt::policies {

// Numbers of few groups, without memory from the heap: candidates are many in a table of numbers.
class GroupSizes {
 public:
  static constexpr size_t kMost = 48;  // a text with more is cut here: no number has as many
  size_t size() const noexcept { return size_; }
  bool full() const noexcept { return size_ == kMost; }
  size_t operator[](size_t i) const noexcept { return sizes_[i]; }
  size_t& back() noexcept { return sizes_[size_ - 1]; }
  void push_back(size_t size) noexcept { sizes_[size_++] = size; }
  const size_t* begin() const noexcept { return sizes_; }
  const size_t* end() const noexcept { return sizes_ + size_; }

 private:
  size_t sizes_[kMost];
  size_t size_ = 0;
};

class DigitText {
 public:
  static constexpr size_t kMost = 64;  // a text with more is cut here
  bool full() const noexcept { return size_ == kMost; }
  size_t size() const noexcept { return size_; }
  void push_back(char digit) noexcept { bytes_[size_++] = digit; }
  operator std::string_view() const noexcept { return {bytes_, size_}; }

 private:
  char bytes_[kMost];
  size_t size_ = 0;
};

struct DigitGroups {
  DigitText digits;
  GroupSizes sizes, ends;      // of each group; ends are offsets in the text
  bool same_separator = true;  // the first character of every gap is the same
};
DigitGroups SplitDigits(std::string_view text) noexcept;

// How many bytes of `text`, from its begin on, are written like `form`; 0: they are not.
// A form is group sizes and separators: "3-2-4", "3.3.3-2"; `_` stands for a blank or a dash, the
// same one throughout.
size_t WrittenAs(std::string_view form, std::string_view text) noexcept;

// How many digits that has; 0: it is no form.
size_t DigitsOf(std::string_view form) noexcept;

// Does the candidate go on from a number before it, or would the number of `bytes` bytes go on
// behind itself ("1.2.3.", "518 506 716 572")?
bool PartOfMore(const detect::Candidate& candidate, size_t bytes) noexcept;

// How many groups of hexadecimal digits as long as its own first group stand before the candidate,
// each divided from the next by blanks, as in a dump of memory or a table of code points ("8b 05 14
// 31 55 00", "cefc 5429 9224 6521"); at most `most`. *bytes: how far they reach back.
size_t GroupsBefore(const detect::Candidate& candidate, size_t most, size_t* bytes) noexcept;

}  // namespace kt::policies
