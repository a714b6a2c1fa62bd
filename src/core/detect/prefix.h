// From an expression R to the expression of all beginnings of its matches, and to the length of
// its longest match. This is what makes hold-back possible in streams: RE2 has no partial-match
// interface, but "some suffix of the text begins a match of R" is itself regular.
//
//   pre(c) = c      pre(AB) = pre(A) | A pre(B)      pre(A|B) = pre(A) | pre(B)
//   pre(A{m,n}) = A{0,n-1} pre(A)      pre(\b) = pre(^) = nothing
//
// Understands the RE2 syntax that rules need: literals, escapes (\d \s \w \b \p{..} \x{..} \Q..\E
// not), classes, groups (also named and (?i:…)), alternation, * + ? {m,n} and their lazy forms,
// anchors. Anything else is kInvalidArgument: such a rule cannot be streamed.
//
// Both forms are loose: a repeat above kLooseRepeat counts as endless, because exact counters make
// automata of thousands of states. They match more than R, never less; what `pattern` lets run on
// is bounded by `max_bytes`, and what `loose` finds is checked with R itself.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/detect/regex_tree.h"

namespace kt::detect {

inline constexpr int kLooseRepeat = 4;

struct PrefixForm {
  std::string pattern;  // matches every non-empty beginning of a match, and every whole match;
                        // empty: no match of R has a byte
  std::string loose;    // matches wherever R does
  // Bytes of the longest match of R (UTF-8); nullopt: not bounded.
  std::optional<size_t> max_bytes;
};

// With `ignore_case` the pattern is read as (?i:pattern); the forms carry their flags themselves.
Result<PrefixForm> DerivePrefix(std::string_view pattern, bool ignore_case = false);
// The same of a tree that was parsed with that `ignore_case`.
Result<PrefixForm> DerivePrefix(const RegexNode& tree, bool ignore_case);

}  // namespace kt::detect
