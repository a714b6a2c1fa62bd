#include "core/policies/evidence.h"

#include <algorithm>

namespace kt::policies {
namespace {

constexpr size_t kPartBytes = 512;
constexpr size_t kSameWordsBytes = 32;  // between hits

size_t AroundBegin(const Evidence& evidence) noexcept {
  const size_t size = std::min(evidence.end - evidence.begin, kPartBytes);
  return evidence.begin - std::min(evidence.begin, (kPartBytes - size) / 2);
}

}  // namespace

// A window begins at each hit. `seen`: the highest weight of each rule in it.
Clues FindClues(std::span<const RuleHit> hits, size_t rules) {
  Clues clues;
  std::vector<double> seen(rules, 0);
  for (size_t i = 0; i < hits.size(); ++i) {
    Evidence here{0, 0, 0, hits[i].begin, hits[i].end};
    double missed = 1, missed_rare = 1, common = 0, row = 0;
    size_t last = i, common_end = 0;
    for (; last < hits.size() && hits[last].begin < hits[i].begin + kEvidenceWindowBytes; ++last) {
      const RuleHit& hit = hits[last];
      double& known = seen[hit.rule];
      if (hit.weight <= known) continue;
      const double share = (1 - hit.weight) / (1 - known);
      // "From now on, you": common rules that share words are one piece of evidence, the strongest.
      if (hit.common && row > 0 && hit.begin < common_end) {
        missed *= (1 - std::max(row, hit.weight)) / (1 - row);
        row = std::max(row, hit.weight);
      } else {
        missed *= share;
        if (hit.common) row = hit.weight;
      }
      known = hit.weight;
      here.strongest = std::max(here.strongest, known);
      // Common rules that hit the same words, or those beside them, say the same.
      const bool again = hit.common && common > 0 && hit.begin < common_end + kSameWordsBytes;
      if (!again) missed_rare *= share;
      if (hit.common) {
        if (!again) common = std::max(common, known);
        common_end = std::max(common_end, hit.end);
      }
      here.end = std::max(here.end, hit.end);
    }
    here.together = std::max(here.strongest, 1 - missed);
    here.rare = 1 - std::min(1.0, missed_rare / (1 - common));
    if (here.rare > clues.rare.rare) clues.rare = here;
    const double strongest = std::max(clues.best.strongest, here.strongest);
    if (here.together > clues.best.together) clues.best = here;
    clues.best.strongest = strongest;
    for (size_t j = i; j < last; ++j) seen[hits[j].rule] = 0;
    if (last == hits.size()) break;  // the windows that follow hold no more
  }
  return clues;
}

std::string_view Around(std::string_view text, const Evidence& evidence) noexcept {
  return text.substr(AroundBegin(evidence), kPartBytes);
}

std::string_view LineOf(std::string_view text, const Evidence& evidence) noexcept {
  const std::string_view around = Around(text, evidence);
  const size_t skipped = AroundBegin(evidence);
  const size_t from = around.substr(0, evidence.begin - skipped).rfind('\n') + 1;  // npos: 0
  const size_t end = std::min(evidence.end - skipped, around.size());
  return around.substr(from, around.find('\n', end) - from);
}

}  // namespace kt::policies
