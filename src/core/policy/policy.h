// What a policy is: a judge of single texts. The chain (chain.h) brings the texts, runs the one
// matcher over each, asks every policy in order, and merges what they say. Policies hold no
// per-request state; they see every text as it came (redactions of an earlier policy hide what
// lies wholly inside them from later ones, which the chain sees to).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"
#include "core/openai/text_map.h"
#include "core/policy/reading.h"

namespace kt::policy {

enum class Phase : uint8_t { kInput, kOutput };

// One text that is judged: a whole segment, or in a stream the part of a lane known so far.
struct TextUnit {
  std::string_view text;
  openai::Role role = openai::Role::kUser;
  openai::TextClass text_class = openai::TextClass::kText;
  Phase phase = Phase::kInput;
  const Reading* reading = nullptr;  // set by the chain before Evaluate
};

enum class Effect : uint8_t {
  kFlag,    // recorded only
  kRedact,  // [begin, end) becomes `replacement`
  kBlock,
  kEscalate,  // as block, with the code `escalation_required`
};

struct Finding {
  size_t begin = 0, end = 0;  // bytes of the text; equal: the text as a whole (a score)
  Effect effect = Effect::kFlag;
  std::string_view type;         // "EMAIL", "violence": static or owned by the policy
  std::string replacement;       // kRedact only; plain text, the caller escapes it for its place
  std::string_view reason_code;  // "pii_detector.redacted"; static or owned by the policy
  bool restorable = false;       // the replacement is "[LABEL]", and the caller may number it and
                                 // put the value back into the answer
  size_t shown = 0;  // bytes at the end of the span that the replacement repeats as they are
};

struct Evaluation {
  std::vector<Finding> findings;
  double score = -1;  // in [0, 1]; negative: this policy gives no score
};

class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::string_view kind() const noexcept = 0;  // "pii-detector"
  virtual bool RunsIn(Phase phase) const noexcept = 0;
  // The answer to a block, for the client: `response.message` or a default sentence.
  virtual std::string_view block_message() const noexcept = 0;
  // Judges one text. `matches`: this policy's rules only, as spans of the raw text, ordered as
  // Matcher::FindAll gives them; more is in unit.reading.
  // Appends to *out. A failure is handled by the fail mode.
  virtual Status Evaluate(const TextUnit& unit, std::span<const detect::Match> matches,
                          Evaluation* out) const = 0;
  // Does the policy want the classifier's scores of this text, and the views that serve scores?
  virtual bool WantsScores(const TextUnit&) const noexcept { return false; }
  // Of a text whose reading says_nothing() this policy finds nothing, and gives the same score each
  // time: of the deltas of a stream most are such texts, and not asked about.
  virtual bool needs_something_found() const noexcept { return false; }
  // Evaluate looks at the text and its matches, at nothing else of the reading, and gives no score:
  // with the matches of the same text it says the same again.
  virtual bool judges_matches_only() const noexcept { return false; }
  // The policy needs whole answers (its rules have no bounded longest match, or streaming_mode).
  virtual bool needs_whole_answer() const noexcept { return false; }
};

}  // namespace kt::policy
