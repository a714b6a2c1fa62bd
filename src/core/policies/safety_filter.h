// `safety-filter`: harmful content by terms and phrases. Its pack, policies/safety-filter.yaml,
// gives each rule a category and a severity; the mode says from which severity on a category acts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/yaml_tree.h"
#include "core/policies/build_context.h"
#include "core/policy/policy.h"

namespace kt::policies {

class SafetyFilter final : public policy::Policy {
 public:
  static Result<std::unique_ptr<SafetyFilter>> Build(const config::SafetyFilter& config,
                                                     const BuildContext& context);

  std::string_view kind() const noexcept override { return "safety-filter"; }
  bool RunsIn(policy::Phase) const noexcept override { return true; }
  std::string_view block_message() const noexcept override;
  bool WantsScores(const policy::TextUnit& unit) const noexcept override {
    return unit.text_class == openai::TextClass::kText &&
           (unit.phase == policy::Phase::kOutput || unit.role == openai::Role::kUser ||
            unit.role == openai::Role::kTool);
  }
  Status Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                  policy::Evaluation* out) const override;
  bool needs_something_found() const noexcept override { return true; }

 private:
  struct RuleInfo {
    size_t category = 0;
    double severity = 0;
    bool acts = false;  // severe enough for the mode
  };
  struct Category {
    std::string name, reason_code;
  };

  SafetyFilter() = default;
  Status AddPack(const config::YamlNode& pack, const config::SafetyFilter& config,
                 const BuildContext& context);
  void Add(detect::Rule rule, RuleInfo info, const BuildContext& context);
  size_t CategoryOf(const std::string& name);

  config::Action action_ = config::Action::kBlock;
  double threshold_ = 1;  // of the score: from here on it acts
  std::vector<Category> categories_;
  std::vector<RuleInfo> rules_;  // from first_rule_ on
  detect::RuleId first_rule_ = 0;
};

}  // namespace kt::policies
