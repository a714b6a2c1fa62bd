#include "core/policies/dlp_filter.h"

#include <utility>

#include "core/policies/rule_pack.h"

namespace kt::policies {

Result<std::unique_ptr<DlpFilter>> DlpFilter::Build(const config::DlpFilter& config,
                                                    const BuildContext& context) {
  std::unique_ptr<DlpFilter> policy(new DlpFilter(config.action));
  const auto add = [&](const char* key, size_t index, std::string pattern, bool is_term) {
    detect::Rule rule;
    rule.id = std::string("policy.dlp-filter.") + key + "[" + std::to_string(index) + "]";
    rule.pattern = std::move(pattern);
    rule.ignore_case = is_term;
    rule.output = context.output;
    const detect::RuleId id = context.rules->Add(std::move(rule));
    if (policy->is_term_.empty()) policy->first_rule_ = id;
    policy->is_term_.push_back(is_term);
  };
  for (size_t i = 0; i < config.detect_patterns.size(); ++i) {
    add("detect_patterns", i, config.detect_patterns[i], false);
  }
  for (size_t i = 0; i < config.blocked_terms.size(); ++i) {
    add("blocked_terms", i, LiteralPattern(config.blocked_terms[i]), true);
  }
  return policy;
}

std::string_view DlpFilter::block_message() const noexcept {
  return "The content holds data that must not leave.";
}

Status DlpFilter::Evaluate(const policy::TextUnit&, std::span<const detect::Match> matches,
                           policy::Evaluation* out) const {
  for (const detect::Match& match : matches) {
    policy::Finding finding;
    finding.begin = match.begin;
    finding.end = match.end;
    finding.type = is_term_[match.rule - first_rule_] ? "BLOCKED_TERM" : "DLP_PATTERN";
    switch (action_) {
      case config::Action::kRedact:
        finding.effect = policy::Effect::kRedact;
        finding.replacement = "[REDACTED]";
        finding.reason_code = "dlp_filter.redacted";
        break;
      case config::Action::kLog:
        finding.effect = policy::Effect::kFlag;
        finding.reason_code = "dlp_filter.flagged";
        break;
      case config::Action::kEscalate:
        finding.effect = policy::Effect::kEscalate;
        finding.reason_code = "dlp_filter.blocked";
        break;
      case config::Action::kBlock:
        finding.effect = policy::Effect::kBlock;
        finding.reason_code = "dlp_filter.blocked";
        break;
    }
    out->findings.push_back(std::move(finding));
  }
  return Status::Ok();
}

}  // namespace kt::policies
