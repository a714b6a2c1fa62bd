// `dlp-filter`: the user's own expressions and terms, in both directions; from the level `high` on
// also what policies/dlp-filter.yaml says: markings of documents, credentials, personal data.
#pragma once

#include <memory>
#include <string>
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
  bool needs_something_found() const noexcept override { return true; }
  bool judges_matches_only() const noexcept override { return true; }

 private:
  struct RuleInfo {
    std::vector<std::string> types;  // by detect::Match::kind
    bool marking = false;            // of the whole document: cannot be redacted
    bool entity = false;             // of `pii-detector`, whose marks are none
  };

  explicit DlpFilter(config::Action action) : action_(action) {}
  void Add(detect::Rule rule, RuleInfo info, const BuildContext& context);
  void AddOwn(const config::DlpFilter& config, const BuildContext& context);
  Status AddPack(bool restricted, const BuildContext& context);

  config::Action action_;
  std::vector<RuleInfo> rules_;  // from first_rule_ on
  detect::RuleId first_rule_ = 0;
};

}  // namespace kt::policies
