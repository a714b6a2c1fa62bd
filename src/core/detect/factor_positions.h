// Which bytes may stand at each of the places around one of an expression: for what begins with a
// digit or is nothing but a long run, whose first byte tells next to nothing. Private to detect/.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/detect/regex_tree.h"

namespace kt::detect {

struct Positions {
  static constexpr size_t kBehind = 3, kAhead = 16;
  ByteSet behind[kBehind];  // the nearest first
  ByteSet ahead[kAhead];    // from the place on
};

// Where items[first] of a sequence begins, in a match of it. Beyond the match anything may stand.
Positions PositionsAt(std::span<const RegexNode> items, size_t first);

}  // namespace kt::detect
