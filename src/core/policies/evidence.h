// What the rules of prompt-injection have found in one text, and where it is strongest.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace kt::policies {

// Evidence further apart than this does not add up: a long conversation is not an attack because
// of its length.
inline constexpr size_t kEvidenceWindowBytes = 1200;

struct RuleHit {
  size_t begin, end;
  size_t rule;  // which
  double weight;
  bool common;  // harmless texts have it as well
};

// Of one window of a text.
struct Evidence {
  double strongest = 0;       // the weight of the strongest hit, of all windows
  double together = 0;        // noisy or of different rules; >= those of the window
  double rare = 0;            // the same, without the strongest of the common rules
  size_t begin = 0, end = 0;  // of the hits
};

// The windows of a text with most evidence, and with most of the rare kind: often the same.
struct Clues {
  Evidence best, rare;
};

// `hits` by ascending begin; `rules`: above every RuleHit::rule.
Clues FindClues(std::span<const RuleHit> hits, size_t rules);

// The parts of a text that the classifier judges with the evidence in it: what stands around it,
// and its own line, since an attack that was pasted in between says nothing of its neighbours.
std::string_view Around(std::string_view text, const Evidence& evidence) noexcept;
std::string_view LineOf(std::string_view text, const Evidence& evidence) noexcept;  // of Around

}  // namespace kt::policies
