// How rules and the classifier become one score: the one place for these numbers, and the reason
// for each. Measured with `kt policy scan` on texts that the classifier did not learn.
#pragma once

#include <algorithm>
#include <string_view>

#include "core/detect/decode_views.h"

namespace kt::policies {

// Below this share the head says nothing: its score of harmless texts lies there.
inline constexpr double kHeadFloor = 0.5;
// Evidence of the head beside a rule, at most: it confirms, and does not decide.
inline constexpr double kHeadShare = 0.6;

// A few words say little: of a greeting the head gives 0.7, of a short question at times 0.82.
// Short texts need this much more of it to be refused without a rule.
inline constexpr size_t kShortBytes = 80;
inline constexpr double kShortShare = 0.92;

// A few words over and over are no language, and any sum of weights comes out of them: beyond
// kShortBytes the head is heard only where there are as many different words as this.
inline constexpr size_t kMinWords = 12;
bool HasWords(std::string_view text) noexcept;

// `rules`: noisy or of the phrases within a window; `head`: 0.8 is its own operating point.
// In a long text both may speak of different places: then they do not add up.
inline double MixInjection(double rules, double head, size_t bytes, bool one_window) noexcept {
  const double evidence = std::clamp((head - kHeadFloor) / (1 - kHeadFloor), 0.0, 1.0) * kHeadShare;
  const double together = one_window && rules > 0 ? 1 - (1 - rules) * (1 - evidence) : rules;
  return std::max(together, bytes < kShortBytes ? head * kShortShare : head);
}

// Views in which the head may speak by itself: whole texts that somebody has taken pains to hide.
inline bool ViewSpeaks(detect::ViewKind kind) noexcept {
  return kind == detect::ViewKind::kBase64 || kind == detect::ViewKind::kHex ||
         kind == detect::ViewKind::kTags || kind == detect::ViewKind::kSpaced ||
         kind == detect::ViewKind::kRot13 || kind == detect::ViewKind::kReversed;
}

// What is decoded is cut out of its sentence: below kShortBytes only rules may refuse it.
inline constexpr double kHearsayShare = 0.75;
inline double MixInjectionView(bool speaks, double rules, double head, size_t bytes) noexcept {
  if (!speaks) return rules;
  if (rules > 0 || bytes >= kShortBytes) return MixInjection(rules, head, bytes, true);
  return head * kHearsayShare;
}

// Terms have a severity, which decides by itself; the head is a score of the text as a whole.
inline double MixSafety(double terms, double head) noexcept {
  return std::max(terms, head);
}

// From which score on a text is refused that no term of its mode has refused. 0.8 is the head's
// operating point (at most 1 % of harmless requests); only `strict` goes there.
inline double SafetyThreshold(std::string_view mode) noexcept {
  if (mode == "strict") return 0.8;
  return mode == "permissive" || mode == "law_enforcement" ? 0.97 : 0.9;
}

}  // namespace kt::policies
