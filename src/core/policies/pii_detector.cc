#include "core/policies/pii_detector.h"

#include <algorithm>
#include <utility>

#include "core/detect/utf8.h"
#include "core/policies/other_spellings.h"

namespace kt::policies {
PiiDetector::PiiDetector(const config::PiiDetector& config, std::string hash_key)
    : action_(config.action), markers_(config, std::move(hash_key)) {}

void PiiDetector::Add(PiiRule rule, const BuildContext& context) {
  rule.rule.output = context.output;
  const detect::RuleId id = context.rules->Add(std::move(rule.rule));
  if (kinds_.empty()) first_rule_ = id;
  kinds_.push_back(std::move(rule.kinds));
}

const PiiKind& PiiDetector::KindOf(const detect::Match& match) const {
  return kinds_[match.rule - first_rule_][match.kind];
}

Result<std::unique_ptr<PiiDetector>> PiiDetector::Build(const config::PiiDetector& config,
                                                        const BuildContext& context) {
  std::unique_ptr<PiiDetector> policy(new PiiDetector(config, context.options.pii_hash_key));
  Result<std::vector<PiiRule>> rules = ReadPiiRules(config, context.options.packs);
  if (!rules.ok()) return rules.status();
  for (PiiRule& rule : rules.value()) policy->Add(std::move(rule), context);
  for (size_t i = 0; i < config.detect_patterns.size(); ++i) {
    detect::Rule own;
    own.id = "policy.pii-detector.detect_patterns[" + std::to_string(i) + "]";
    own.pattern = config.detect_patterns[i];
    for (detect::Rule& rule : WithOtherSpellings(std::move(own))) {
      policy->Add({std::move(rule), {{"CUSTOM", "CUSTOM", false}}}, context);
    }
  }
  return policy;
}

std::string_view PiiDetector::block_message() const noexcept {
  return "The content holds personal data or a secret.";
}

// What lies inside a match that is kept is the same value, seen partly; strong types come first.
std::vector<const detect::Match*> PiiDetector::Distinct(
    std::span<const detect::Match> matches) const {
  std::vector<const detect::Match*> kept;
  const auto add = [&](bool weak, size_t strong) {
    size_t reach = 0;
    for (const detect::Match& match : matches) {
      if (KindOf(match).weak != weak || match.end <= reach) continue;
      // Begins and ends of the strong ones ascend together.
      const auto last = kept.begin() + static_cast<std::ptrdiff_t>(strong);
      const auto after =
          std::upper_bound(kept.begin(), last, match.begin,
                           [](size_t begin, const detect::Match* m) { return begin < m->begin; });
      if (after != kept.begin() && (*std::prev(after))->end >= match.end) continue;
      reach = match.end;
      kept.push_back(&match);
    }
  };
  add(false, 0);
  add(true, kept.size());
  return kept;
}

void PiiDetector::Redact(const PiiKind& entity, std::string_view raw,
                         policy::Finding* finding) const {
  const std::string value = detect::PairHalves(raw);
  finding->effect = policy::Effect::kRedact;
  finding->reason_code = "pii_detector.redacted";
  finding->replacement = markers_.Write(entity.type, entity.label, value);
  finding->restorable = markers_.Restorable(entity.type, entity.label);
  finding->shown = markers_.Shown(entity.type, entity.label, value);
  // Halves of pairs take more bytes in the text than they do in the marker.
  if (finding->shown > 0 && value.size() != raw.size()) finding->shown = raw.size();
}

Status PiiDetector::Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                             policy::Evaluation* out) const {
  for (const detect::Match* match : Distinct(matches)) {
    if (markers_.Wrote(unit.text, match->begin, match->end)) continue;
    const PiiKind& entity = KindOf(*match);
    policy::Finding finding;
    finding.begin = match->begin;
    finding.end = match->end;
    finding.type = entity.type;
    switch (action_) {
      case config::Action::kRedact:
        Redact(entity, unit.text.substr(match->begin, match->end - match->begin), &finding);
        break;
      case config::Action::kLog:
        finding.effect = policy::Effect::kFlag;
        finding.reason_code = "pii_detector.flagged";
        break;
      case config::Action::kEscalate:
        finding.effect = policy::Effect::kEscalate;
        finding.reason_code = "pii_detector.blocked";
        break;
      case config::Action::kBlock:
        finding.effect = policy::Effect::kBlock;
        finding.reason_code = "pii_detector.blocked";
        break;
    }
    out->findings.push_back(std::move(finding));
  }
  return Status::Ok();
}

}  // namespace kt::policies
