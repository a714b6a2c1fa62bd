#include "core/policies/dlp_filter.h"

#include <set>
#include <utility>

#include "core/detect/spelled_rows.h"
#include "core/policies/other_spellings.h"
#include "core/policies/pii_marker.h"
#include "core/policies/pii_rules.h"
#include "core/policies/rule_pack.h"

namespace kt::policies {
namespace {

constexpr std::string_view kPackName = "dlp-filter.yaml";
constexpr std::string_view kHigh = "high", kRestricted = "restricted";
// Blanks and folded letters make the bound of a phrase far longer than any real one.
constexpr size_t kMaxMarkingBytes = 512;

// ReadPiiRules takes the names for those of a configuration; here they are the pack's own.
Status OfPack(const Status& status) {
  constexpr std::string_view kTaken = "policy.pii-detector.entities";
  if (!status.message().starts_with(kTaken)) return status;
  return Status::InvalidArgument(std::string(kPackName) + ": entities." + std::string(kHigh) +
                                 status.message().substr(kTaken.size()));
}

}  // namespace

void DlpFilter::Add(detect::Rule rule, RuleInfo info, const BuildContext& context) {
  rule.output = context.output;
  const detect::RuleId id = context.rules->Add(std::move(rule));
  if (rules_.empty()) first_rule_ = id;
  rules_.push_back(std::move(info));
}

void DlpFilter::AddOwn(const config::DlpFilter& config, const BuildContext& context) {
  for (size_t i = 0; i < config.detect_patterns.size(); ++i) {
    detect::Rule rule;
    rule.id = "policy.dlp-filter.detect_patterns[" + std::to_string(i) + "]";
    rule.pattern = config.detect_patterns[i];
    for (detect::Rule& spelling : WithOtherSpellings(std::move(rule))) {
      Add(std::move(spelling), {{"DLP_PATTERN"}, false}, context);
    }
  }
  const uint32_t distance = config.fuzzy_matching ? config.max_distance : 0;
  for (size_t i = 0; i < config.blocked_terms.size(); ++i) {
    std::string id = "policy.dlp-filter.blocked_terms[" + std::to_string(i) + "]";
    for (detect::Rule& rule : TermRules(std::move(id), config.blocked_terms[i], distance)) {
      rule.spelled = rule.fuzzy_distance == 0 && !rule.respelled &&
                     config.blocked_terms[i].size() >= detect::kMinPlainRowBytes;
      Add(std::move(rule), {{"BLOCKED_TERM"}, false}, context);
    }
  }
}

Status DlpFilter::AddPack(bool restricted, const BuildContext& context) {
  Result<config::YamlNode> root = ReadPack(context.options.packs, kPackName);
  if (!root.ok()) return root.status();
  PackMap pack(root.value());
  config::PiiDetector entities;
  if (const config::YamlNode* node = pack.Map("entities")) {
    PackMap map(*node);
    entities.entities = map.Strings(kHigh);
    if (Status status = map.Finish(); !status.ok()) return status;
  }
  std::set<std::string> ids;
  for (const config::YamlNode& node : pack.List("markings")) {
    PackMap map(node);
    detect::Rule rule;
    rule.trusted = AreShipped(context.options.packs);
    rule.id = "dlp." + map.String("id");
    if (!ids.insert(rule.id).second) map.Fail("another marking has its id");
    rule.pattern = ExpandBlanks(map.String("pattern"));
    rule.max_match_bytes = kMaxMarkingBytes;
    rule.finite = true;
    const std::string level = map.String("level");
    if (level != kHigh && level != kRestricted) map.Fail("\"level\" is high or restricted");
    if (Status status = map.Finish(); !status.ok()) return status;
    if (level == kHigh || restricted) Add(std::move(rule), {{"MARKING"}, true}, context);
  }
  if (Status status = pack.Finish(); !status.ok()) return status;
  if (restricted) entities.entities.clear();  // the default set
  Result<std::vector<PiiRule>> rules = ReadPiiRules(entities, context.options.packs);
  if (!rules.ok()) return OfPack(rules.status());
  for (PiiRule& entity : rules.value()) {
    RuleInfo info;
    info.entity = true;
    for (PiiKind& kind : entity.kinds) info.types.push_back(std::move(kind.type));
    entity.rule.id.insert(0, "dlp.");
    Add(std::move(entity.rule), std::move(info), context);
  }
  return Status::Ok();
}

Result<std::unique_ptr<DlpFilter>> DlpFilter::Build(const config::DlpFilter& config,
                                                    const BuildContext& context) {
  std::unique_ptr<DlpFilter> policy(new DlpFilter(config.action));
  policy->AddOwn(config, context);
  const bool restricted = config.sensitivity_level == kRestricted;
  if (restricted || config.sensitivity_level == kHigh) {
    if (Status status = policy->AddPack(restricted, context); !status.ok()) return status;
  }
  return policy;
}

std::string_view DlpFilter::block_message() const noexcept {
  return "The content holds data that must not leave.";
}

Status DlpFilter::Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                           policy::Evaluation* out) const {
  size_t reach = 0;
  for (const detect::Match& match : matches) {
    const RuleInfo& info = rules_[match.rule - first_rule_];
    if (info.entity && IsHashOfMark(unit.text, match.begin, match.end)) continue;
    // What lies inside one that is treated alike changes nothing, and hundreds of rules may find
    // the same place.
    if (!info.marking) {
      if (match.end <= reach) continue;
      reach = match.end;
    }
    policy::Finding finding;
    finding.begin = match.begin;
    finding.end = match.end;
    finding.type = info.types[match.kind];
    const bool redact = action_ == config::Action::kRedact && !info.marking;
    if (redact) {
      finding.effect = policy::Effect::kRedact;
      finding.replacement = "[REDACTED]";
      finding.reason_code = "dlp_filter.redacted";
    } else if (action_ == config::Action::kLog) {
      finding.effect = policy::Effect::kFlag;
      finding.reason_code = "dlp_filter.flagged";
    } else {
      finding.effect = policy::Effect::kBlock;
      finding.reason_code = info.marking ? "dlp_filter.marking" : "dlp_filter.blocked";
    }
    out->findings.push_back(std::move(finding));
  }
  return Status::Ok();
}

}  // namespace kt::policies
