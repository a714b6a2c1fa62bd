// How many different bytes stand behind a place, for places that ascend: each byte of a text is
// looked at twice at most, however many places ask. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/detect/regex_bytes.h"

namespace kt::detect {

class KindsWindow {
 public:
  // Whether the bytes of `alphabet` that stand in a row from text[begin] on, `most` of them at the
  // utmost, are of `least` kinds. One text and one alphabet; no `begin` is less than the last one.
  bool Reaches(std::string_view text, size_t begin, size_t most, const ByteSet& alphabet,
               unsigned least) noexcept {
    if (begin >= end_) {
      while (begin_ < end_) Drop(text[begin_++]);
      begin_ = end_ = begin;
    }
    while (begin_ < begin) Drop(text[begin_++]);
    while (kinds_ < least && end_ < text.size() && end_ - begin_ < most &&
           alphabet[static_cast<unsigned char>(text[end_])]) {
      if (counts_[static_cast<unsigned char>(text[end_++])]++ == 0) ++kinds_;
    }
    return kinds_ >= least;
  }

 private:
  void Drop(char byte) noexcept {
    if (--counts_[static_cast<unsigned char>(byte)] == 0) --kinds_;
  }
  size_t begin_ = 0, end_ = 0;  // what is counted
  unsigned kinds_ = 0;
  uint16_t counts_[256] = {};
};

}  // namespace kt::detect
