#include "core/policies/registry.h"

#include <algorithm>
#include <utility>

#include "core/detect/fuzzy.h"
#include "core/policies/dlp_filter.h"
#include "core/policies/other_spellings.h"
#include "core/policies/pii_detector.h"
#include "core/policies/prompt_injection.h"
#include "core/policies/rule_pack.h"
#include "core/policies/safety_filter.h"

namespace kt::policies {
namespace {

constexpr std::string_view kAuditLogger = "audit-logger";
constexpr std::string_view kWeights = "classifier.bin";

Result<std::unique_ptr<const policy::Policy>> BuildPolicy(const std::string& kind,
                                                          const config::PolicyConfig& config,
                                                          const BuildContext& context) {
  const auto unwrap = [](auto result) -> Result<std::unique_ptr<const policy::Policy>> {
    if (!result.ok()) return result.status();
    return std::unique_ptr<const policy::Policy>(std::move(result).value());
  };
  if (kind == "prompt-injection") {
    return unwrap(PromptInjection::Build(config.prompt_injection, context));
  }
  if (kind == "pii-detector") return unwrap(PiiDetector::Build(config.pii_detector, context));
  if (kind == "safety-filter") return unwrap(SafetyFilter::Build(config.safety_filter, context));
  if (kind == "dlp-filter") return unwrap(DlpFilter::Build(config.dlp_filter, context));
  return Status::InvalidArgument("policies.chain: unknown policy kind \"" + kind + "\"");
}

policy::ChainEntry EntryOf(const config::ChainEntry& from) {
  policy::ChainEntry entry;
  entry.when = {from.when.path, from.when.headers, from.when.models};
  entry.input = from.stage != config::Stage::kOutput;
  entry.output = from.stage != config::Stage::kInput;
  entry.buffered = from.buffered;
  return entry;
}

bool InChain(const config::PolicyConfig& config, std::string_view kind) {
  return std::any_of(config.chain.begin(), config.chain.end(),
                     [kind](const config::ChainEntry& entry) { return entry.kind == kind; });
}

Status CheckTerms(const config::PolicyConfig& config) {
  const std::pair<std::string, const std::vector<std::string>*> lists[] = {
      {"safety-filter.block_if", &config.safety_filter.block_if},
      {"dlp-filter.blocked_terms", &config.dlp_filter.blocked_terms}};
  for (const auto& [path, terms] : lists) {
    if (!InChain(config, path.substr(0, path.find('.')))) continue;
    const std::vector<std::string> errors = TermErrors("policy." + path, *terms);
    if (!errors.empty()) return Status::InvalidArgument(errors.front());
  }
  return Status::Ok();
}

// The weights of the kinds that score; null when the chain has none of them. A directory of rules
// need not bring its own.
Result<std::unique_ptr<const detect::Classifier>> ReadClassifier(const config::PolicyConfig& config,
                                                                 const PackReader& packs) {
  if (!InChain(config, "prompt-injection") && !InChain(config, "safety-filter")) {
    return std::unique_ptr<const detect::Classifier>();
  }
  std::optional<std::string> bytes = packs(kWeights);
  if (!bytes) bytes = ReadEmbeddedPack(kWeights);
  const std::string name(kWeights);
  if (!bytes) return Status::NotFound("rule pack \"" + name + "\" is missing");
  auto classifier = detect::Classifier::Parse(*bytes);
  if (!classifier.ok()) {
    return Status::InvalidArgument(name + ": " + std::string(classifier.status().message()));
  }
  return classifier;
}

void WarnOfShortTerms(const std::string& key, const std::vector<std::string>& terms,
                      std::vector<std::string>* warnings) {
  for (size_t i = 0; i < terms.size(); ++i) {
    if (detect::FuzzyDistance(terms[i], 1) > 0) continue;
    warnings->push_back(key + "[" + std::to_string(i) +
                        "]: has fewer than four letters: fuzzy_matching leaves it exact");
  }
}

void WarnOfNeverFound(const std::string& key, const std::vector<std::string>& patterns,
                      std::vector<std::string>* warnings) {
  for (size_t i = 0; i < patterns.size(); ++i) {
    for (const std::string& why : NeverFound(patterns[i])) {
      warnings->push_back(key + "[" + std::to_string(i) + "]: " + why);
    }
  }
}

void WarnOfPatterns(const config::PolicyConfig& config, std::vector<std::string>* warnings) {
  const std::pair<std::string_view, const std::vector<std::string>*> lists[] = {
      {"prompt-injection.attack_patterns", &config.prompt_injection.attack_patterns},
      {"pii-detector.detect_patterns", &config.pii_detector.detect_patterns},
      {"dlp-filter.detect_patterns", &config.dlp_filter.detect_patterns}};
  for (const auto& [path, patterns] : lists) {
    if (!InChain(config, path.substr(0, path.find('.')))) continue;
    WarnOfNeverFound("policy." + std::string(path), *patterns, warnings);
  }
}

void Warn(const config::PolicyConfig& config, const BuildOptions& options,
          const detect::Matcher& matcher, std::vector<std::string>* warnings) {
  WarnOfPatterns(config, warnings);
  for (const detect::RuleId id : matcher.unbounded()) {
    if (matcher.rule(id).respelled) continue;  // as the rule before it
    warnings->push_back(matcher.rule(id).id +
                        ": the longest match is not bounded by 256 bytes: streamed answers are "
                        "buffered whole");
  }
  if (config.pii_detector.marker_format == config::MarkerFormat::kHash &&
      options.pii_hash_key.empty()) {
    warnings->push_back(
        "policy.pii-detector.redaction.hash_key_ref: has no value: labels stand instead of hashes");
  }
  const config::SafetyFilter& safety = config.safety_filter;
  if (safety.fuzzy_matching && safety.max_distance > 0 && InChain(config, "safety-filter")) {
    WarnOfShortTerms("policy.safety-filter.block_if", safety.block_if, warnings);
  }
  const config::DlpFilter& dlp = config.dlp_filter;
  if (dlp.fuzzy_matching && dlp.max_distance > 0 && InChain(config, "dlp-filter")) {
    WarnOfShortTerms("policy.dlp-filter.blocked_terms", dlp.blocked_terms, warnings);
  }
}

}  // namespace

Result<std::unique_ptr<const policy::Chain>> BuildChain(const config::PolicyConfig& config,
                                                        const BuildOptions& options,
                                                        std::vector<std::string>* warnings) {
  if (Status status = CheckTerms(config); !status.ok()) return status;
  detect::Matcher::Builder builder(options.facts);
  RuleSink rules(&builder);
  std::vector<policy::ChainEntry> entries;
  for (const config::ChainEntry& from : config.chain) {
    if (from.kind == kAuditLogger) continue;
    policy::ChainEntry entry = EntryOf(from);
    const BuildContext context{options, entry.output, &rules};
    entry.first_rule = static_cast<detect::RuleId>(rules.size());
    auto policy = BuildPolicy(from.kind, config, context);
    if (!policy.ok()) return policy.status();
    entry.policy = std::move(policy).value();
    entry.end_rule = static_cast<detect::RuleId>(rules.size());
    entries.push_back(std::move(entry));
  }
  auto matcher = std::move(builder).Build();
  if (!matcher.ok()) return matcher.status();
  auto classifier = ReadClassifier(config, options.packs);
  if (!classifier.ok()) return classifier.status();
  if (warnings != nullptr) Warn(config, options, *matcher.value(), warnings);
  return std::make_unique<const policy::Chain>(std::move(entries), std::move(matcher).value(),
                                               std::move(classifier).value());
}

}  // namespace kt::policies
