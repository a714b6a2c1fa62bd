// The units of rows that are bytes as numbers (spelled_rows.h), each by itself. Private to detect/.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/detect/spelled_rows.h"

namespace kt::detect {

// What a number says.
struct RowNumber {
  char bytes[4];
  size_t size = 0;
};

// Reads a run of letters and digits as a number of the form, which is not kCharacters: printable
// ASCII, or a blank. False: it is none, and *out is of no use.
bool ReadRowNumber(std::string_view run, RowForm form, RowNumber* out) noexcept;

// The forms of RowFormsOf(run) in which the run says something, or may divide what does.
unsigned RowFormsSaid(std::string_view run) noexcept;

// What belongs to the divider of numbers: "U+006A".
inline bool IsGapWord(std::string_view run) noexcept {
  return run.size() == 1 && (run[0] | 0x20) == 'u';
}

}  // namespace kt::detect
