// What can be said of a candidate from where it would begin, before its expression runs: rows of
// numbers, signs and words are told by it at the cost of a few bytes each.
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::policies {

struct FirstLook {
  // As detect::Rule::may_begin; null: nothing is known.
  bool (*may_begin)(std::string_view text, size_t begin) = nullptr;
  // As detect::Rule::min_kinds: entropy of n bits a character takes 2^n different ones.
  unsigned min_kinds = 0;
};

// Of a check that rule packs name (pii_checks.h).
FirstLook FindFirstLook(std::string_view name) noexcept;

}  // namespace kt::policies
