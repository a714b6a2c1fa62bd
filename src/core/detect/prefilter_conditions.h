// What must stand near a literal for a match to be possible (Condition), made ready for the search.
// Private to detect/.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/prefilter_factors.h"
#include "core/detect/prefilter_scan.h"

namespace kt::detect {

class PrefilterConditions {
 public:
  // The number of the condition; equal ones share it.
  uint32_t Add(const Condition& condition);
  void Finish() noexcept;  // after the last Add
  // What one pass over one text has found out, so that no stretch of it is looked at twice for the
  // same condition.
  class Memo {
   private:
    friend class PrefilterConditions;
    struct Known {
      size_t begin = 0, end = 0;  // nothing begins in [begin, end)
      size_t hit = SIZE_MAX;      // but here something does
    };
    std::vector<Known> known_;  // by condition
  };
  // Whether it may hold for a literal at text[at]. The memo is of this text.
  bool Hold(uint32_t number, std::string_view text, size_t at, Memo* memo) const {
    if (memo->known_.empty()) memo->known_.resize(ready_.size());
    const Memo::Known& known = memo->known_[number];
    const Ready& ready = ready_[number];
    const size_t begin = at < ready.back ? 0 : at - ready.back, end = at + ready.ahead;
    if (begin <= known.hit && known.hit <= end) return true;
    if (known.begin <= begin && end < known.end) return false;
    return Search(number, text, begin, end, memo);
  }

 private:
  struct Literal {
    uint64_t bytes, mask;  // folded
  };
  struct Ready {
    ByteSet run;
    uint32_t heads = 0;  // of literals: in heads_
    uint32_t back = 0, ahead = 0;
    uint32_t run_bytes = 0;  // 0: literals
    bool words = false;      // no word byte is before any of the literals
    uint32_t first_literal = 0, end_literal = 0;
  };
  bool Search(uint32_t number, std::string_view text, size_t begin, size_t end, Memo* memo) const;
  // Where the first one begins in [begin, end]; kNowhere: none does.
  static constexpr size_t kNowhere = SIZE_MAX;
  size_t FindRun(const Ready& ready, std::string_view text, size_t begin,
                 size_t end) const noexcept;
  size_t FindLiteral(const Ready& ready, std::string_view text, size_t begin,
                     size_t end) const noexcept;

  std::vector<Ready> ready_;
  std::vector<Literal> literals_;
  std::vector<HeadTable> heads_;
  std::map<std::string, uint32_t> known_;
};

// The same for equal conditions.
std::string KeyOf(const Condition& condition);

// Eight bytes from `at` on, zeros behind the end of the text.
uint64_t LoadFolded(std::string_view text, size_t at) noexcept;

}  // namespace kt::detect
