// `pii-detector`: personal data and secrets by shape, check digit and context. Its rules are
// policies/pii-*.yaml and policies/secrets.yaml; the checks they name are in pii_checks.h.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/policies/build_context.h"
#include "core/policies/pii_marker.h"
#include "core/policies/pii_rules.h"
#include "core/policy/policy.h"

namespace kt::policies {

class PiiDetector final : public policy::Policy {
 public:
  static Result<std::unique_ptr<PiiDetector>> Build(const config::PiiDetector& config,
                                                    const BuildContext& context);

  std::string_view kind() const noexcept override { return "pii-detector"; }
  bool RunsIn(policy::Phase) const noexcept override { return true; }
  std::string_view block_message() const noexcept override;
  Status Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                  policy::Evaluation* out) const override;
  bool needs_something_found() const noexcept override { return true; }
  bool judges_matches_only() const noexcept override { return true; }

 private:
  PiiDetector(const config::PiiDetector& config, std::string hash_key);
  std::vector<const detect::Match*> Distinct(std::span<const detect::Match> matches) const;
  void Redact(const PiiKind& entity, std::string_view raw, policy::Finding* finding) const;
  void Add(PiiRule rule, const BuildContext& context);
  const PiiKind& KindOf(const detect::Match& match) const;

  config::Action action_;
  MarkerWriter markers_;
  std::vector<std::vector<PiiKind>> kinds_;  // by rule, from first_rule_ on
  detect::RuleId first_rule_ = 0;
};

}  // namespace kt::policies
