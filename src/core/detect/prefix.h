// From an expression R to the expression of all beginnings of its matches, and to the length of
// its longest match. This is what makes hold-back possible in streams: RE2 has no partial-match
// interface, but "some suffix of the text begins a match of R" is itself regular.
//
// A beginning is cut by the end of the text, where each part that is left may match nothing: every
// code point and every assertion x becomes (?:x|$). So the expression stays as long as R, whatever
// is nested in it.
//
// Understands the RE2 syntax that rules need: literals, escapes (\d \s \w \b \p{..} \x{..} \Q..\E
// not), classes, groups (also named and (?i:…)), alternation, * + ? {m,n} and their lazy forms,
// anchors. Anything else is kInvalidArgument: such a rule cannot be streamed.
//
// Both forms are loose: a repeat above kLooseRepeat (or a little more) counts as endless, because
// exact counters make automata of thousands of states. They match more than R, never less; what
// `pattern` lets run on is bounded by `max_bytes`, and what `loose` finds is checked with R itself.
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
  std::string pattern;  // matches, up to the end of the text, every beginning of a match and every
                        // whole match; and nothing, where nothing is left
  std::string loose;    // matches wherever R does
  // Bytes of the longest match of R (UTF-8); nullopt: not bounded.
  std::optional<size_t> max_bytes;
};

// With `ignore_case` the pattern is read as (?i:pattern); the forms carry their flags themselves.
Result<PrefixForm> DerivePrefix(std::string_view pattern, bool ignore_case = false);

// PrefixForm::pattern and ::loose alone, of a tree that was parsed with that `ignore_case`.
std::string BeginningsForm(const RegexNode& tree, bool ignore_case);
std::string LooseForm(const RegexNode& tree, bool ignore_case);

}  // namespace kt::detect
