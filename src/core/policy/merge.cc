#include "core/policy/merge.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"

namespace kt::policy {
namespace {

// The marker, with all of its characters masked.
std::string Masked(std::string_view marker) {
  return std::string(CodePoints(marker), '*');
}

}  // namespace

void MergeEdits(std::vector<TextEdit>* edits) {
  std::stable_sort(edits->begin(), edits->end(), [](const TextEdit& a, const TextEdit& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.continues && !b.continues;
  });
  size_t kept = 0;
  for (size_t i = 1; i < edits->size(); ++i) {
    TextEdit& last = (*edits)[kept];
    TextEdit& next = (*edits)[i];
    if (last.continues && !next.continues && next.begin < last.end && next.end > last.end) {
      next.begin = last.end;
      next.shown = std::min(next.shown, next.end - next.begin);
    }
    if (next.begin < last.end) {
      if (next.end > last.end - last.shown) {
        if (last.shown > 0) last.replacement = Masked(last.replacement);
        last.shown = 0;
      }
      last.end = std::max(last.end, next.end);
      if (last.rest.empty()) last.rest = std::move(next.rest);
    } else if (++kept != i) {
      (*edits)[kept] = std::move(next);
    }
  }
  if (!edits->empty()) edits->resize(kept + 1);
}

bool Hides(const std::vector<TextEdit>& merged, size_t begin, size_t end) noexcept {
  const auto after =
      std::upper_bound(merged.begin(), merged.end(), begin,
                       [](size_t value, const TextEdit& edit) { return value < edit.begin; });
  if (after == merged.begin()) return false;
  const TextEdit& edit = *std::prev(after);
  return edit.end >= end && begin < edit.end - edit.shown;
}

}  // namespace kt::policy
