// The part of RE2's syntax that rules need, as a tree: what prefix.cc computes on. RE2 itself
// stays the judge of what is valid; this parser refuses what it does not know.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/detect/regex_bytes.h"

namespace kt::detect {

struct RegexNode {
  enum class Kind {
    kAssert,  // consumes nothing: ^ $ \b …
    kAtom,    // one code point
    kConcat,
    kAlternate,
    kRepeat,  // one child
  };
  static constexpr int kNoMax = -1;

  Kind kind = Kind::kConcat;
  std::string text;      // atoms and assertions: RE2 source, with its flags where they differ from
                         // those that the tree was parsed with
  size_t max_bytes = 0;  // atoms: UTF-8 bytes of the longest code point
  ByteSet first;         // atoms: the bytes that the code point may begin with
  // Atoms that are one of a few code points: these, one behind the other, in every case that they
  // match in (but for ASCII letters). Empty: not known.
  std::string choices;
  int min = 0, max = 0;  // repeats
  std::vector<RegexNode> children;
};

// kInvalidArgument: not in the subset (or too large: 4 KiB, nesting of 50). What is made from the
// nodes' text must be read with the same `ignore_case`.
Result<RegexNode> ParseRegex(std::string_view pattern, bool ignore_case = false);

}  // namespace kt::detect
