// `prompt-injection`: instructions that try to take over the model, as a score in [0, 1]. Its
// rules are policies/prompt-injection.yaml: each has a weight, and those that hit within one
// window of the text are combined as independent evidence (noisy or).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/config/yaml_tree.h"
#include "core/policies/build_context.h"
#include "core/policy/policy.h"

namespace kt::policies {

class PromptInjection final : public policy::Policy {
 public:
  static Result<std::unique_ptr<PromptInjection>> Build(const config::PromptInjection& config,
                                                        const BuildContext& context);
  // Decoded views are matched by the policy itself. Before the first Evaluate; not owned.
  void UseMatcher(const detect::Matcher* matcher) { matcher_ = matcher; }

  std::string_view kind() const noexcept override { return "prompt-injection"; }
  bool RunsIn(policy::Phase phase) const noexcept override {
    return phase == policy::Phase::kInput;
  }
  std::string_view block_message() const noexcept override { return message_; }
  Status Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                  policy::Evaluation* out) const override;

 private:
  enum class RuleKind : uint8_t {
    kPhrase,    // what an attacker says: in the scanned roles only
    kBoundary,  // forged turns and delimiters, hidden characters: in every role
    kUser,      // attack_patterns: certain
    kMention,   // speaks about attacks: takes weight from phrases near it
  };
  struct RuleInfo {
    RuleKind kind = RuleKind::kPhrase;
    double weight = 1;
  };

  struct Hit {
    size_t begin, end;
    size_t rule;  // index in rules_
    double weight;
  };

  explicit PromptInjection(const config::PromptInjection& config);
  Status AddPack(const config::YamlNode& pack, const config::PromptInjection& config,
                 const BuildContext& context);
  void Add(detect::Rule rule, RuleInfo info, const BuildContext& context);
  bool ScansPhrases(openai::Role role) const noexcept;
  void Discount(std::string_view text, const std::vector<const detect::Match*>& mentions,
                std::vector<Hit>* hits) const;
  double Score(std::string_view text, std::span<const detect::Match> matches, bool phrases) const;
  Status ScoreDecoded(std::string_view text, double* score) const;

  double threshold_;
  config::Action action_;
  bool decode_base64_;
  std::set<std::string, std::less<>> scan_roles_;
  std::string message_;
  const detect::Matcher* matcher_ = nullptr;
  std::vector<RuleInfo> rules_;  // from first_rule_ on
  detect::RuleId first_rule_ = 0;
};

}  // namespace kt::policies
