// Whether facts say the same, also of what they share.
#pragma once

#include <algorithm>

#include "core/detect/rule_facts.h"

namespace kt::detect {

inline bool SamePositions(const Positions* a, const Positions* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return std::equal(std::begin(a->behind), std::end(a->behind), std::begin(b->behind)) &&
         std::equal(std::begin(a->ahead), std::end(a->ahead), std::begin(b->ahead)) &&
         a->opening == b->opening;
}

inline bool SameFactors(const std::vector<Factor>& a, const std::vector<Factor>& b);

inline bool SameCondition(const Condition* a, const Condition* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return SameFactors(a->any_of, b->any_of) && a->run == b->run && a->run_bytes == b->run_bytes &&
         a->back == b->back && a->ahead == b->ahead;
}

inline bool SameFactor(const Factor& a, const Factor& b) {
  return a.bytes == b.bytes && a.start == b.start && a.word_ends == b.word_ends &&
         a.odd_blank == b.odd_blank && a.before == b.before && a.min_before == b.min_before &&
         a.max_before == b.max_before && a.min_digits == b.min_digits &&
         a.lead_digits == b.lead_digits && a.min_run == b.min_run && a.run == b.run &&
         std::equal(a.conditions.begin(), a.conditions.end(), b.conditions.begin(),
                    b.conditions.end(),
                    [](const auto& x, const auto& y) { return SameCondition(x.get(), y.get()); }) &&
         SamePositions(a.positions.get(), b.positions.get()) &&
         SameCondition(a.witness.get(), b.witness.get());
}

inline bool SameFactors(const std::vector<Factor>& a, const std::vector<Factor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameFactor);
}

inline bool SameGroups(const std::vector<FactorGroup>& a, const std::vector<FactorGroup>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return SameFactor(x.base, y.base) && x.texts == y.texts;
  });
}

inline bool SameFacts(const RuleFacts& a, const RuleFacts& b) {
  if (a.required.has_value() != b.required.has_value()) return false;
  if (a.beginnings.has_value() != b.beginnings.has_value()) return false;
  return a.derived == b.derived && a.longest == b.longest && a.alphabet == b.alphabet &&
         a.head.pattern == b.head.pattern && a.head.group_bytes == b.head.group_bytes &&
         a.head.escape == b.head.escape && (!a.required || SameFactors(*a.required, *b.required)) &&
         (!a.beginnings || SameGroups(*a.beginnings, *b.beginnings));
}

}  // namespace kt::detect
