#include "core/policy/merge.h"

#include <algorithm>
#include <utility>

namespace kt::policy {

void MergeEdits(std::vector<TextEdit>* edits) {
  std::stable_sort(edits->begin(), edits->end(),
                   [](const TextEdit& a, const TextEdit& b) { return a.begin < b.begin; });
  size_t kept = 0;
  for (size_t i = 1; i < edits->size(); ++i) {
    TextEdit& last = (*edits)[kept];
    TextEdit& next = (*edits)[i];
    if (next.begin < last.end) {
      last.end = std::max(last.end, next.end);
      if (last.rest.empty()) last.rest = std::move(next.rest);
    } else if (++kept != i) {
      (*edits)[kept] = std::move(next);
    }
  }
  if (!edits->empty()) edits->resize(kept + 1);
}

bool Covers(const std::vector<TextEdit>& merged, size_t begin, size_t end) noexcept {
  const auto after =
      std::upper_bound(merged.begin(), merged.end(), begin,
                       [](size_t value, const TextEdit& edit) { return value < edit.begin; });
  return after != merged.begin() && std::prev(after)->end >= end;
}

}  // namespace kt::policy
