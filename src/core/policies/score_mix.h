// How rules and the classifier become one score: the one place for these numbers, and the reason
// for each. Measured with `kt policy scan` on texts that the classifier did not learn.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/detect/decode_views.h"
#include "core/policies/evidence.h"

namespace kt::policies {

// Rules from this weight on decide alone, whatever the head makes of the text around them: nobody
// shall talk it round with harmless words.
inline constexpr double kCertainRule = 0.8;

// Weaker rules join the head's score in log-odds: each adds -ln(1 - weight) times this. On unseen
// sources 2, 2.5, 3 and 4 find 0.52, 0.56, 0.58 and 0.61 of the attacks at 1 % false positives (the
// head alone 0.29). Not the highest, because the rules were written with those attacks in sight.
inline constexpr double kRuleLogit = 2.5;
inline double EvidenceLogit(double together) noexcept {
  constexpr double kMost = 0.995;
  return kRuleLogit * -std::log(1 - std::min(together, kMost));
}

// The head's score falls with the number of windows judged before, by what it says of harmless
// ones. Where rules of more than kRareRules together point to a place, and not one common rule
// alone, only the harmless windows with as much are its rivals. Of 200,000 windows of the corpora
// and of manuals, licences and source code fewer than ten have it; kRareShare leaves room for texts
// that nobody has looked at.
inline constexpr double kRareRules = 0.48, kRareShare = 0.001;
inline uint32_t RivalWindows(bool rare, uint32_t windows) noexcept {
  return rare ? static_cast<uint32_t>(kRareShare * windows) : windows;
}
inline bool IsRare(const Evidence& rules) noexcept {
  return rules.rare > kRareRules;
}

// A few words say little: of a greeting the head gives 0.7, of a short question at times 0.82.
// Where short texts are about to be refused they need this much more, in log-odds.
inline constexpr size_t kShortBytes = 80;
inline constexpr double kShortLogit = 0.55;

// A few words over and over are no language, and any sum of weights comes out of them: beyond
// kShortBytes the head is heard only where there are as many different words as this, or one for
// each kBytesPerWord of a sentence that has no room for them, and kFewWords at least.
// Scores below kDoubtful decide nothing, and are not asked.
inline constexpr size_t kMinWords = 12, kFewWords = 6, kBytesPerWord = 20;
inline constexpr double kDoubtful = 0.4;
bool HasWords(std::string_view text, double head) noexcept;

// `head`: of the window that holds the evidence, or of the text where there is none; 0.8 is its
// operating point.
inline double MixInjection(const Evidence& rules, double head, size_t bytes) noexcept {
  constexpr double kThreshold = 1.3862944, kTop = 0.98;
  const double sure = std::clamp(head, 1e-6, 1 - 1e-6);
  double logit = std::log(sure / (1 - sure)) + EvidenceLogit(rules.together);
  const double doubtful = kThreshold - kShortLogit;
  if (bytes < kShortBytes && logit > doubtful) {
    logit = std::max(doubtful + (logit - doubtful) / 2, logit - kShortLogit);
  }
  double mixed = 1 / (1 + std::exp(-logit));
  // Certainty is for an operator's own patterns.
  if (mixed > 0.8) mixed = 0.8 + (mixed - 0.8) / 0.2 * (kTop - 0.8);
  return rules.strongest >= kCertainRule ? std::max(rules.strongest, mixed) : mixed;
}

// Views in which the head may speak by itself: whole texts that somebody has taken pains to hide.
// `kinds`: ViewBit of the view, and of the one that it lies in.
inline bool ViewSpeaks(unsigned kinds) noexcept {
  using enum detect::ViewKind;
  using detect::ViewBit;
  constexpr unsigned kHiding = ViewBit(kBase64) | ViewBit(kHex) | ViewBit(kTags) |
                               ViewBit(kSpaced) | ViewBit(kRot13) | ViewBit(kReversed);
  return (kinds & kHiding) != 0;
}

// What is decoded in the middle of a plain text is cut out of its sentence: below kShortBytes only
// rules may refuse it.
inline constexpr double kHearsayShare = 0.75;
inline double MixInjectionPart(bool speaks, const Evidence& rules, double head,
                               size_t bytes) noexcept {
  if (!speaks) return rules.together;
  if (bytes >= kShortBytes) return MixInjection(rules, head, bytes);
  return std::max(rules.together, head * kHearsayShare);
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
