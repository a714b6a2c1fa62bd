#include "core/policies/safety_filter.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/policies/rule_pack.h"
#include "core/policies/score_mix.h"

namespace kt::policies {
namespace {

constexpr std::string_view kPackName = "safety-filter.yaml";
constexpr std::string_view kBlockedTerm = "blocked_term";
// Blanks and folded letters make the bound of a phrase far longer than any real one.
constexpr size_t kMaxPhraseBytes = 512;

// From which severity on each category acts in a mode.
struct Thresholds {
  double general = 1;
  std::vector<std::pair<std::string, double>> special;
  double Of(const std::string& category) const {
    for (const auto& [name, threshold] : special) {
      if (name == category) return threshold;
    }
    return general;
  }
};

// Records hold the name of a category, as a part of their reason code.
bool IsReason(std::string_view name) noexcept {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Status ReadMode(const config::YamlNode* modes, const std::string& mode, Thresholds* out) {
  const config::YamlNode* node = modes == nullptr ? nullptr : modes->Find(mode);
  if (node == nullptr) {
    return Status::InvalidArgument(std::string(kPackName) + ": no mode \"" + mode + "\"");
  }
  PackMap map(*node);
  out->general = map.Number("default", 1);
  for (const auto& [key, value] : node->members) {
    if (key.scalar != "default") out->special.emplace_back(key.scalar, map.Number(key.scalar, 1));
  }
  return map.Finish();
}

// All modes, also those that are not in use: what is misspelt in them would never act.
Status CheckModes(const config::YamlNode& modes, const std::vector<std::string>& categories) {
  PackMap map(modes);
  for (const std::string_view name : config::kSafetyModes) {
    const config::YamlNode* node = map.Map(name);
    if (node == nullptr) continue;
    PackMap mode(*node);
    mode.Number("default", 1);
    for (const std::string& category : categories) mode.Number(category, 1);
    if (Status s = mode.Finish(); !s.ok()) return s;
  }
  return map.Finish();
}

// The classifier's score of what a request says, in whatever form.
double HeadOfRequest(const policy::TextUnit& unit) {
  const policy::Reading& reading = *unit.reading;
  const bool plain = reading.scores() && reading.main_view() == nullptr;
  double head = plain ? reading.scores()->safety : 0;
  if (!HasWords(reading.plain(), head)) head = 0;
  for (const policy::ViewReading& view : reading.views()) {
    const bool speaks = &view == reading.main_view() || ViewSpeaks(view.kinds);
    if (speaks && view.text.size() >= kShortBytes)
      head = std::max<double>(head, view.scores.safety);
  }
  return head;
}

// Of an answer: by windows as a stream shows them, so that nothing hangs on the whole.
double HeadOfAnswer(const policy::TextUnit& unit) {
  return unit.reading->scores() ? unit.reading->scores()->safety : 0;
}

}  // namespace

size_t SafetyFilter::CategoryOf(const std::string& name) {
  const auto known = std::find_if(categories_.begin(), categories_.end(),
                                  [&](const Category& category) { return category.name == name; });
  if (known != categories_.end()) return static_cast<size_t>(known - categories_.begin());
  categories_.push_back({name, "safety_filter." + name});
  return categories_.size() - 1;
}

void SafetyFilter::Add(detect::Rule rule, RuleInfo info, const BuildContext& context) {
  rule.ignore_case = true;
  rule.output = context.output;
  const detect::RuleId id = context.rules->Add(std::move(rule));
  if (rules_.empty()) first_rule_ = id;
  rules_.push_back(info);
}

Status SafetyFilter::AddPack(const config::YamlNode& root, const config::SafetyFilter& config,
                             const BuildContext& context) {
  PackMap pack(root);
  Thresholds thresholds;
  if (Status s = ReadMode(pack.Map("modes"), config.mode, &thresholds); !s.ok()) return s;
  std::vector<std::string> categories;
  std::set<std::string> ids;
  for (const config::YamlNode& category : pack.List("categories")) {
    PackMap map(category);
    const std::string name = map.String("name");
    if (!IsReason(name)) map.Fail("\"name\" is small letters, digits and underscores");
    categories.push_back(name);
    for (const config::YamlNode& node : map.List("rules")) {
      PackMap entry(node);
      detect::Rule rule;
      rule.trusted = AreShipped(context.options.packs);
      rule.id = "safety." + name + "." + entry.String("id");
      if (!ids.insert(rule.id).second) entry.Fail("another rule of this category has its id");
      rule.pattern = ExpandBlanks(entry.String("pattern"));
      rule.max_match_bytes = kMaxPhraseBytes;
      rule.finite = true;
      RuleInfo info{CategoryOf(name), entry.Number("severity"), false};
      if (info.severity < 0 || info.severity > 1) entry.Fail("\"severity\" must be in [0, 1]");
      info.acts = info.severity >= thresholds.Of(name);
      if (Status s = entry.Finish(); !s.ok()) return s;
      Add(std::move(rule), info, context);
    }
    if (Status s = map.Finish(); !s.ok()) return s;
  }
  if (Status s = CheckModes(*pack.Map("modes"), categories); !s.ok()) return s;
  return pack.Finish();
}

Result<std::unique_ptr<SafetyFilter>> SafetyFilter::Build(const config::SafetyFilter& config,
                                                          const BuildContext& context) {
  std::unique_ptr<SafetyFilter> policy(new SafetyFilter());
  policy->action_ = config.action;
  policy->threshold_ = SafetyThreshold(config.mode);
  Result<config::YamlNode> pack = ReadPack(context.options.packs, kPackName);
  if (!pack.ok()) return pack.status();
  if (Status s = policy->AddPack(pack.value(), config, context); !s.ok()) return s;
  for (size_t i = 0; i < config.block_if.size(); ++i) {
    std::string id = "policy.safety-filter.block_if[" + std::to_string(i) + "]";
    const uint32_t distance = config.fuzzy_matching ? config.max_distance : 0;
    const RuleInfo info{policy->CategoryOf(std::string(kBlockedTerm)), 1, true};
    for (detect::Rule& rule : TermRules(std::move(id), config.block_if[i], distance)) {
      policy->Add(std::move(rule), info, context);
    }
  }
  return policy;
}

std::string_view SafetyFilter::block_message() const noexcept {
  return "The content was refused by the safety policy.";
}

Status SafetyFilter::Evaluate(const policy::TextUnit& unit, std::span<const detect::Match> matches,
                              policy::Evaluation* out) const {
  const policy::Effect effect = action_ == config::Action::kLog        ? policy::Effect::kFlag
                                : action_ == config::Action::kEscalate ? policy::Effect::kEscalate
                                                                       : policy::Effect::kBlock;
  double terms = 0;
  for (const detect::Match& match : matches) {
    const RuleInfo& info = rules_[match.rule - first_rule_];
    terms = std::max(terms, info.severity);
    if (!info.acts) continue;
    out->findings.push_back({match.begin, match.end, effect, categories_[info.category].name, "",
                             categories_[info.category].reason_code});
  }
  const bool output = unit.phase == policy::Phase::kOutput;
  const double score = MixSafety(terms, output ? HeadOfAnswer(unit) : HeadOfRequest(unit));
  out->score = std::max(out->score, score);
  if (unit.reading->scores() && out->findings.empty() && score >= threshold_) {
    const std::string_view type = output ? "harmful_answer" : "harmful_request";
    out->findings.push_back(
        {0, 0, effect, type, "",
         output ? "safety_filter.harmful_answer" : "safety_filter.harmful_request"});
  }
  return Status::Ok();
}

}  // namespace kt::policies
