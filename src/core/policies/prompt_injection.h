// `prompt-injection`: instructions that try to take over the model, as a score in [0, 1]. Its
// rules are policies/prompt-injection*.yaml: each has a weight, and those that hit within one
// window of the text are combined as independent evidence (noisy or), which joins the classifier's
// score of that window as score_mix.h says. What a text says once decoded is scored in the same
// way.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/policies/build_context.h"
#include "core/policies/injection_pack.h"
#include "core/policies/score_mix.h"
#include "core/policy/policy.h"

namespace kt::policies {

class PromptInjection final : public policy::Policy {
 public:
  static Result<std::unique_ptr<PromptInjection>> Build(const config::PromptInjection& config,
                                                        const BuildContext& context);
  std::string_view kind() const noexcept override { return "prompt-injection"; }
  bool RunsIn(policy::Phase phase) const noexcept override {
    return phase == policy::Phase::kInput;
  }
  std::string_view block_message() const noexcept override { return message_; }
  bool WantsScores(const policy::TextUnit& unit) const noexcept override {
    return ScansPhrases(unit.role) && unit.text_class == openai::TextClass::kText;
  }
  Status Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                  policy::Evaluation* out) const override;
  bool needs_something_found() const noexcept override { return true; }

  // What the rules find in a user's text, written plainly or in its main view: for the trainer,
  // which calibrates the classifier beside it.
  Clues CluesOf(const policy::Reading& reading) const;

 private:
  enum class RuleKind : uint8_t {
    kPhrase,    // what an attacker says: in the scanned roles only
    kBoundary,  // forged turns and delimiters, hidden characters: in every role that a model reads
    kUser,      // attack_patterns: certain
  };
  struct RuleInfo {
    RuleKind kind = RuleKind::kPhrase;
    double weight = 1;
    bool common = false;     // harmless texts have it as well
    bool of_family = false;  // a match may begin with the quote in front of the phrase
  };

  explicit PromptInjection(const config::PromptInjection& config);
  Status AddPack(const std::vector<PhraseRule>& pack, const config::PromptInjection& config,
                 const BuildContext& context);
  void Add(detect::Rule rule, RuleInfo info, const BuildContext& context);
  bool Owns(detect::RuleId rule) const noexcept {
    return rule >= first_rule_ && rule < first_rule_ + rules_.size();
  }
  // Which rules count in a text: those of the configuration, also the boundaries, all.
  enum class Heard : uint8_t { kOwn, kBoundaries, kAll };
  Heard HeardOf(openai::Role role) const noexcept;
  bool ScansPhrases(openai::Role role) const noexcept;
  using Mentions = std::optional<std::vector<size_t>>;  // nullopt: not known
  Mentions MentionsOf(std::string_view text, std::span<const detect::Match> matches) const;
  double ShareOf(std::string_view text, const RuleHit& hit, const Mentions& known) const;
  bool CountsAll(const policy::Reading& reading) const noexcept {
    return !reading.folded() || (normalize_unicode_ && detect_homoglyphs_);
  }
  std::string_view Unfolded(std::string_view raw, detect::NormalizedText* buffer) const;
  bool Counts(const policy::Reading& reading, const detect::Match& match) const;
  Clues Find(std::string_view text, std::span<const detect::Match> matches, Heard heard) const;
  Clues FindPlain(const policy::Reading& reading, Heard heard) const;
  double Hear(const policy::Reading& reading, std::string_view text, double head,
              const Clues& clues) const;
  double HearPart(const policy::Reading& reading, std::string_view text, double head,
                  const Evidence& rules) const;
  double HearUnfolded(const policy::Reading& reading, const Evidence& rules) const;
  double ScorePlain(const policy::Reading& reading, bool phrases, const Clues& clues) const;
  double ScoreViews(const policy::Reading& reading, Heard heard) const;
  Status AddHidden(const policy::Reading& reading, Evidence* rules) const;

  double threshold_;
  config::Action action_;
  bool decode_base64_, normalize_unicode_, detect_homoglyphs_;
  std::set<std::string, std::less<>> scan_roles_;
  std::string message_;
  // Characters that nobody sees are no part of the normalised text: matched in the raw one.
  std::unique_ptr<const detect::Matcher> hidden_;
  std::vector<double> hidden_weights_;
  // What speaks about attacks takes weight from phrases near it, and is looked for only there.
  std::unique_ptr<const detect::Matcher> mentions_;
  std::vector<double> mention_weights_;
  bool short_mentions_ = false;  // none is longer than what is looked through
  std::vector<RuleInfo> rules_;  // from first_rule_ on
  detect::RuleId first_rule_ = 0;
};

}  // namespace kt::policies
