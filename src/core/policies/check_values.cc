#include "core/policies/check_values.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/config/diagnostics.h"
#include "core/policies/fold_pattern.h"
#include "core/policies/pii_rules.h"
#include "core/policies/rule_pack.h"

namespace kt::policies {
namespace {

constexpr size_t kMaxErrors = 100;  // as the loader

class Checker {
 public:
  Checker(const config::PolicyConfig& config, std::vector<config::Diagnostic>* errors)
      : config_(config), errors_(*errors) {}

  void Patterns(const std::string& path, const std::vector<std::string>& patterns,
                bool ignore_case) {
    for (size_t i = 0; i < patterns.size() && errors_.size() < kMaxErrors; ++i) {
      detect::Rule rule;
      rule.id = path + "[" + std::to_string(i) + "]";
      rule.pattern = patterns[i];
      rule.ignore_case = ignore_case;
      detect::Matcher::Builder builder;
      RuleSink(&builder).Add(std::move(rule));
      const auto matcher = std::move(builder).Build();
      if (!matcher.ok()) Say(matcher.status().message(), {});
    }
  }

  void Terms(const std::string& path, const std::vector<std::string>& terms) {
    for (const std::string& error : TermErrors(path, terms)) Say(error, {});
  }

  // Which types there are is asked once somebody names one.
  void Types(const config::PiiDetector& pii, const PackReader& packs) {
    if (pii.entities.empty() && pii.custom_markers.empty()) return;
    const Result<PiiNames> names = PiiNames::Read(packs);
    if (!names.ok()) return;
    for (size_t i = 0; i < pii.entities.size(); ++i) {
      if (pii.entities[i] == "ALL") continue;
      Type("policy.pii-detector.entities[" + std::to_string(i) + "]", pii.entities[i],
           names->entities);
    }
    for (const auto& [type, ignored] : pii.custom_markers) {
      Type("policy.pii-detector.redaction.custom_markers." + type, type, names->markers);
    }
  }

 private:
  void Type(const std::string& path, const std::string& type,
            const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), type) != known.end()) return;
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    Say(path + ": unknown type \"" + type + "\"", config::Nearest(type, candidates));
  }

  void Say(std::string_view message, std::string_view suggestion) {
    if (errors_.size() >= kMaxErrors) return;
    config::Diagnostic error = config::Located(config_, message);
    error.suggestion = suggestion;
    errors_.push_back(std::move(error));
  }

  const config::PolicyConfig& config_;
  std::vector<config::Diagnostic>& errors_;
};

}  // namespace

config::Diagnostic LocatedInPacks(const config::PolicyConfig& config, const std::string& rules,
                                  std::string_view message) {
  config::Diagnostic diagnostic = config::Located(config, message);
  if (!diagnostic.file.empty() || rules.empty()) return diagnostic;
  diagnostic.file = rules;
  // "secrets.yaml:12: why" or "secrets.yaml: why"
  constexpr std::string_view kEnd = ".yaml";
  const size_t colon = message.find(": "), end = message.find(kEnd);
  if (colon == message.npos || end == message.npos || end > colon) return diagnostic;
  const std::string_view name = message.substr(0, end + kEnd.size());
  if (name.find_first_of(" \"") != name.npos) return diagnostic;
  diagnostic.file += (rules.ends_with('/') ? "" : "/") + std::string(name);
  if (end + kEnd.size() < colon) {
    const std::string_view line = message.substr(name.size() + 1, colon - name.size() - 1);
    std::from_chars(line.data(), line.data() + line.size(), diagnostic.line);
  }
  diagnostic.reason = message.substr(colon + 2);
  return diagnostic;
}

void AddValueErrors(const config::PolicyConfig& config, const BuildOptions& options,
                    const std::vector<std::string>& files,
                    std::vector<config::Diagnostic>* errors) {
  Checker checker(config, errors);
  for (const config::ChainEntry& entry : config.chain) {
    if (entry.kind == "prompt-injection") {
      checker.Patterns("policy.prompt-injection.attack_patterns",
                       config.prompt_injection.attack_patterns, true);
    } else if (entry.kind == "pii-detector") {
      checker.Patterns("policy.pii-detector.detect_patterns", config.pii_detector.detect_patterns,
                       false);
      checker.Types(config.pii_detector, options.packs);
    } else if (entry.kind == "dlp-filter") {
      checker.Patterns("policy.dlp-filter.detect_patterns", config.dlp_filter.detect_patterns,
                       false);
      checker.Terms("policy.dlp-filter.blocked_terms", config.dlp_filter.blocked_terms);
    } else if (entry.kind == "safety-filter") {
      checker.Terms("policy.safety-filter.block_if", config.safety_filter.block_if);
    }
  }
  config::SortByPosition(files, errors);
}

}  // namespace kt::policies
