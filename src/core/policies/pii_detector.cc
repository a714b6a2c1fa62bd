#include "core/policies/pii_detector.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/policies/pii_checks.h"
#include "core/policies/rule_pack.h"

namespace kt::policies {
namespace {

constexpr std::string_view kPackName = "pii-detector.yaml";
constexpr size_t kMaxHoldBytes = 4096;

struct Type {
  std::string label;
  bool on = false;
};
using Types = std::map<std::string, Type>;

Status ReadTypes(PackMap* pack, Types* types, std::map<std::string, bool>* defaults) {
  for (const config::YamlNode& node : pack->List("types")) {
    PackMap map(node);
    const std::string name = map.String("name");
    (*types)[name].label = map.String("label");
    (*defaults)[name] = map.Bool("default", true);
    if (Status status = map.Finish(); !status.ok()) return status;
  }
  return Status::Ok();
}

// `entities` names types or their labels.
Status SelectTypes(const config::PiiDetector& config, const std::map<std::string, bool>& defaults,
                   Types* types) {
  if (config.entities.empty()) {
    for (auto& [name, type] : *types) type.on = defaults.at(name);
    return Status::Ok();
  }
  for (size_t i = 0; i < config.entities.size(); ++i) {
    bool known = false;
    for (auto& [name, type] : *types) {
      const bool named = config.entities[i] == name || config.entities[i] == type.label;
      if (named || config.entities[i] == "all") type.on = known = true;
    }
    if (!known) {
      return Status::InvalidArgument("policy.pii-detector.entities[" + std::to_string(i) +
                                     "]: unknown type \"" + config.entities[i] + "\"");
    }
  }
  return Status::Ok();
}

// The named check, and the words that must or must not stand before the candidate.
Check Combine(Check check, std::vector<std::string> needs, std::vector<std::string> unless) {
  if (needs.empty() && unless.empty()) return check;
  return [check = std::move(check), needs = std::move(needs),
          unless = std::move(unless)](const detect::Candidate& c) -> size_t {
    const size_t bytes = check ? check(c) : c.match().size();
    if (bytes == 0 || (!needs.empty() && !NearWord(c, needs))) return 0;
    return unless.empty() || !NearWord(c, unless) ? bytes : 0;
  };
}

struct PackRule {
  detect::Rule rule;
  std::string type;
  bool weak = false;
};

Status ReadRule(const config::YamlNode& node, bool include_private_ips, PackRule* out) {
  PackMap map(node);
  out->rule.trusted = true;
  out->rule.id = "pii." + map.String("id");
  out->type = map.String("type");
  out->rule.pattern = map.String("pattern");
  out->rule.ignore_case = map.Bool("ignore_case", false);
  out->rule.group = static_cast<int>(map.Number("group", 0));
  out->weak = map.Bool("weak", false);
  if (map.Bool("long", false)) out->rule.max_match_bytes = kMaxHoldBytes;
  std::string name = map.String("check", "");
  if (include_private_ips && name.starts_with("public_")) name.erase(0, 7);
  Check check = FindCheck(name);
  if (!name.empty() && !check) map.Fail("unknown check \"" + name + "\"");
  out->rule.validate = Combine(std::move(check), map.Strings("needs"), map.Strings("unless"));
  return map.Finish();
}

}  // namespace

PiiDetector::PiiDetector(const config::PiiDetector& config, std::string hash_key)
    : action_(config.action), markers_(config, std::move(hash_key)) {}

void PiiDetector::Add(detect::Rule rule, Entity entity, const BuildContext& context) {
  rule.output = context.output;
  const detect::RuleId id = context.rules->Add(std::move(rule));
  if (entities_.empty()) first_rule_ = id;
  entities_.push_back(std::move(entity));
}

Status PiiDetector::AddPack(const config::YamlNode& root, const config::PiiDetector& config,
                            const BuildContext& context) {
  PackMap pack(root);
  Types types;
  std::map<std::string, bool> defaults;
  Status status = ReadTypes(&pack, &types, &defaults);
  if (status.ok()) status = SelectTypes(config, defaults, &types);
  if (!status.ok()) return status;
  for (const config::YamlNode& node : pack.List("rules")) {
    PackRule rule;
    status = ReadRule(node, config.include_private_ips, &rule);
    if (!status.ok()) return status;
    const auto type = types.find(rule.type);
    if (type == types.end()) {
      return Status::InvalidArgument(std::string(kPackName) + ":" + std::to_string(node.line) +
                                     ": unknown type \"" + rule.type + "\"");
    }
    if (!type->second.on) continue;
    Add(std::move(rule.rule), {rule.type, type->second.label, rule.weak}, context);
  }
  return pack.Finish();
}

Result<std::unique_ptr<PiiDetector>> PiiDetector::Build(const config::PiiDetector& config,
                                                        const BuildContext& context) {
  std::unique_ptr<PiiDetector> policy(new PiiDetector(config, context.options.pii_hash_key));
  Result<config::YamlNode> pack = ReadPack(context.options.packs, kPackName);
  if (!pack.ok()) return pack.status();
  if (Status status = policy->AddPack(pack.value(), config, context); !status.ok()) return status;
  for (size_t i = 0; i < config.detect_patterns.size(); ++i) {
    detect::Rule rule;
    rule.id = "policy.pii-detector.detect_patterns[" + std::to_string(i) + "]";
    rule.pattern = config.detect_patterns[i];
    policy->Add(std::move(rule), {"CUSTOM", "CUSTOM", false}, context);
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
      if (entities_[match.rule - first_rule_].weak != weak || match.end <= reach) continue;
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

Status PiiDetector::Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                             policy::Evaluation* out) const {
  for (const detect::Match* match : Distinct(matches)) {
    const Entity& entity = entities_[match->rule - first_rule_];
    policy::Finding finding;
    finding.begin = match->begin;
    finding.end = match->end;
    finding.type = entity.type;
    switch (action_) {
      case config::Action::kRedact:
        finding.effect = policy::Effect::kRedact;
        finding.reason_code = "pii_detector.redacted";
        finding.replacement = markers_.Write(
            entity.type, entity.label, unit.text.substr(match->begin, match->end - match->begin));
        finding.restorable = markers_.Restorable(entity.type, entity.label);
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
