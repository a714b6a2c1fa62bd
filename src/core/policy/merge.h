// Redactions of several findings and policies into one list of edits.
#pragma once

#include <vector>

#include "core/policy/chain.h"

namespace kt::policy {

// Sorts by begin and joins what overlaps: the union carries the marker of the one that begins
// first (of the one that stood first in the list, where two begin together).
void MergeEdits(std::vector<TextEdit>* edits);

// Does [begin, end) lie wholly inside one of the merged edits?
bool Covers(const std::vector<TextEdit>& merged, size_t begin, size_t end) noexcept;

}  // namespace kt::policy
