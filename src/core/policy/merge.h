// Redactions of several findings and policies into one list of edits.
#pragma once

#include <vector>

#include "core/policy/chain.h"

namespace kt::policy {

// Sorts by begin and joins what overlaps: the union carries the marker of the one that begins
// first (of the one that stood first in the list, where two begin together). What that marker would
// show of its value is masked where another one takes some of it away. Of what goes on from another
// text there is no marker: what begins within it begins behind it.
void MergeEdits(std::vector<TextEdit>* edits);

// Does [begin, end) lie wholly inside one of the merged edits, and not in what its marker shows?
bool Hides(const std::vector<TextEdit>& merged, size_t begin, size_t end) noexcept;

}  // namespace kt::policy
