// `dlp-filter`: the user's own expressions and terms, in both directions.
#pragma once

#include <memory>
#include <vector>

#include "core/policies/build_context.h"
#include "core/policy/policy.h"

namespace kt::policies {

class DlpFilter final : public policy::Policy {
 public:
  static Result<std::unique_ptr<DlpFilter>> Build(const config::DlpFilter& config,
                                                  const BuildContext& context);

  std::string_view kind() const noexcept override { return "dlp-filter"; }
  bool RunsIn(policy::Phase) const noexcept override { return true; }
  std::string_view block_message() const noexcept override;
  Status Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                  policy::Evaluation* out) const override;

 private:
  explicit DlpFilter(config::Action action) : action_(action) {}

  config::Action action_;
  std::vector<bool> is_term_;  // by rule, from first_rule_ on
  detect::RuleId first_rule_ = 0;
};

}  // namespace kt::policies
