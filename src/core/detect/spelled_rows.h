// Rows: a text that is spelled out, unit by unit, with the same divider between its units.
//
//   kCharacters  letters and digits that stand alone, and the signs between them:
//                "j a n e @ x . c o m", "4-1-1-1 1-1-1-1", "['j', 'a', 'n', 'e']", one on each line
//   the others   bytes as numbers: "6a:61:6e", "0x6a, 0x61", "6a61 6e65", "U+006A U+0061" (kHex),
//                "106, 97, 110" (kDecimal), "\152\141" (kOctal),
//                "01101010 01100001" (kBinary)
//
// A divider is told by its signs; any blanks may stand beside them. Where there are blanks in place
// of its signs, or more blanks than at first, a word of the row may end ("breaks").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kt::detect {

// What a row has at least: units that are no signs, and bytes where none is an at sign.
inline constexpr size_t kMinRowUnits = 5, kMinPlainRowBytes = 9;
// Between two units, of one that is a number, and from where one begins to where the next one does.
inline constexpr size_t kMaxRowGapBytes = 15;
inline constexpr size_t kMaxRowNumberBytes = 10;
inline constexpr size_t kMaxRowStepBytes = 16;

enum class RowForm : uint8_t { kCharacters, kHex, kDecimal, kOctal, kBinary };
inline constexpr size_t kRowFormCount = 5;

struct RowUnit {
  uint32_t begin, end;  // of the text that the row is in; of a sign: the gap that it stands in
  char byte;            // a unit of several bytes has one entry for each
  bool breaks;          // a word may have ended before it
};

struct SpelledRow {
  std::vector<RowUnit> units;
  size_t own = 0;       // runs of letters and digits
  size_t last = 0;      // where the last unit that is no sign begins in the text
  bool breaks = false;  // of some unit
  bool open = false;    // what follows the text may be of the row, or take its last unit from it

  void Clear() {
    units.clear();
    own = last = 0;
    breaks = open = false;
  }
  // Whether a value can be so short.
  bool IsLongEnough() const noexcept;
};

// Does a run of letters and digits begin at `at`, glued to nothing before it?
bool BeginsRun(std::string_view text, size_t at) noexcept;
// Where the run that begins at `at` ends, and where the next one begins: text.size() when none.
size_t RunEnd(std::string_view text, size_t at) noexcept;
size_t NextRun(std::string_view text, size_t at) noexcept;

// Reads the row of the form whose first unit begins at `at`; false: none does. A row of fewer units
// than IsLongEnough() is none yet, but may become one when it is open.
// What is glued to a longer word by an underscore or an apostrophe begins none ("EMAIL_1",
// "don't"). Precondition: BeginsRun(text, at).
bool ReadRow(std::string_view text, size_t at, RowForm form, SpelledRow* row);

// A bit (1 << form) for each form of which a run of letters and digits has the shape, or which it
// may divide.
unsigned RowFormsOf(std::string_view run) noexcept;

// Could a run of letters and digits be of a row, or be the beginning of one that can?
// Precondition: not empty.
bool MayBeRowUnit(std::string_view run) noexcept;

// Streams: where the last units that may be of a row begin, at or after `floor`; text.size() when
// the text does not end in one, or behind one.
size_t LastUnitsBegin(std::string_view text, size_t floor) noexcept;

}  // namespace kt::detect
