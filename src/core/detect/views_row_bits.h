// Whether blocks of 64 bytes hold a row of single characters or numbers (spelled_rows.h), from the
// bits of their bytes. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/detect/spelled_rows.h"

namespace kt::detect::views {

// The runs of letters and digits of a block.
struct Runs {
  uint64_t unit = 0, number = 0;  // letters and digits; digits and "x"
};

// Where runs begin that a row may have (spelled_rows.h): single characters and numbers.
template <typename Mask>
[[gnu::always_inline]] inline Mask RowRuns(Mask unit, Mask number) noexcept {
  return unit & ~(unit << 1) & (number | ~(unit >> 1));
}

// Those of `runs` that come next after one of `before`: the sums carry a bit over a run, and then
// over a gap.
template <typename Mask>
[[gnu::always_inline]] inline Mask NextRuns(Mask unit, Mask before, Mask runs) noexcept {
  return (~unit + ((unit + before) & ~unit)) & runs;
}

// Are there kMinRowUnits in a row, in the last block and this one?
inline bool HasRow(Runs last, Runs now) noexcept {
  using Mask = unsigned __int128;
  const Mask unit = Mask{now.unit} << 64 | last.unit;
  const Mask runs = RowRuns(unit, Mask{now.number} << 64 | last.number);
  Mask at = runs;
  for (size_t i = 1; i < kMinRowUnits && at != 0; ++i) at = NextRuns(unit, at, runs);
  return at != 0;
}

// Of kMinRowUnits in two blocks, three are the last ones of the first block or the first ones of
// the second, or all are in one. `third`: where the third of a row or a later one begins; `open`:
// the last block ended so. Both by value, for the loops to keep their state in registers.
struct RowFound {
  bool row, open;
};
[[gnu::noinline]] inline RowFound JudgeRow(Runs last, Runs now, uint64_t third,
                                           bool open) noexcept {
  static_assert(kMinRowUnits == 5);
  const uint64_t unit = now.unit, runs = RowRuns(unit, now.number), begins = unit & ~(unit << 1);
  const auto two_on = [&](uint64_t from) {
    return NextRuns(unit, NextRuns(unit, from, runs), runs);
  };
  const bool may = open || two_on(third) != 0 || two_on(begins & -begins & runs) != 0;
  return {may && HasRow(last, now), third > (begins & ~third)};
}

}  // namespace kt::detect::views
