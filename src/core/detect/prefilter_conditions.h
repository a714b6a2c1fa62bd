// What must stand near a literal for a match to be possible (Condition), made ready for the search.
// Private to detect/.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/prefilter_factors.h"

namespace kt::detect {

class PrefilterConditions {
 public:
  // The number of the condition; equal ones share it.
  uint32_t Add(const Condition& condition);
  void Finish() noexcept;  // after the last Add
  // Whether it may hold for a literal at text[at].
  bool Hold(uint32_t number, std::string_view text, size_t at) const noexcept;

 private:
  struct Literal {
    uint64_t bytes, mask;  // folded
  };
  struct Ready {
    ByteSet first;  // what literals begin with, folded away: raw bytes; of a run: its bytes
    uint32_t back = 0, ahead = 0;
    uint32_t run_bytes = 0;  // 0: literals
    bool words = false;      // no word byte is before any of the literals
    uint32_t first_literal = 0, end_literal = 0;
  };
  bool HasRun(const Ready& ready, std::string_view text, size_t begin, size_t end) const noexcept;
  bool HasLiteral(const Ready& ready, std::string_view text, size_t begin,
                  size_t end) const noexcept;

  std::vector<Ready> ready_;
  std::vector<Literal> literals_;
  std::map<std::string, uint32_t> known_;
};

// The same for equal conditions.
std::string KeyOf(const Condition& condition);

// Eight bytes from `at` on, zeros behind the end of the text.
uint64_t LoadFolded(std::string_view text, size_t at) noexcept;

}  // namespace kt::detect
