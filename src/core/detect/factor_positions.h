// Which bytes may stand at each of the places around one of an expression: for what begins with a
// digit or is nothing but a long run, whose first byte tells next to nothing. Private to detect/.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/detect/regex_tree.h"

namespace kt::detect {

// A match opens with a run of these bytes, and then with one that is not among them:
//
//   \b[a-z][a-z0-9]{0,63}@    run [a-z0-9], each [a-z], most 64, next [@]
struct Opening {
  ByteSet run;
  ByteSet each;     // any run of these alone begins a match
  size_t most = 0;  // bytes of the longest run; 0: no opening is known
  ByteSet next;
  bool operator==(const Opening&) const = default;
};

struct Positions {
  static constexpr size_t kBehind = 3, kAhead = 16;
  ByteSet behind[kBehind];  // the nearest first
  ByteSet ahead[kAhead];    // from the place on
  Opening opening;
};

// Where items[first] of a sequence begins, in a match of it. Beyond the match anything may stand.
// The opening is that of all items from there on.
Positions PositionsAt(std::span<const RegexNode> items, size_t first);

}  // namespace kt::detect
