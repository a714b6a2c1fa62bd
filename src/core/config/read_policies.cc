#include <algorithm>

#include "core/config/sections.h"

namespace kt::config {

namespace {

constexpr size_t kMaxPatterns = 1000;
constexpr TextRule kPattern = {.max_bytes = 4096};
constexpr TextRule kMessage = {.max_bytes = 1000, .multiline = true};

constexpr Choice<Action> kJudgeActions[] = {
    {"block", Action::kBlock}, {"log", Action::kLog}, {"escalate", Action::kEscalate}};
constexpr Choice<Action> kEditActions[] = {
    {"redact", Action::kRedact}, {"block", Action::kBlock}, {"log", Action::kLog}};
constexpr Choice<std::string_view> kRoles[] = {{"user", "user"},
                                               {"tool", "tool"},
                                               {"system", "system"},
                                               {"developer", "developer"},
                                               {"assistant", "assistant"}};
constexpr Choice<std::string_view> kLogLevels[] = {{"debug", "debug"},   {"info", "info"},
                                                   {"notice", "notice"}, {"warn", "warn"},
                                                   {"warning", "warn"},  {"error", "error"}};
constexpr Choice<std::string_view> kSensitivityLevels[] = {
    {"standard", "standard"}, {"high", "high"}, {"restricted", "restricted"}};

void ReadFlags(const Value& value, const std::vector<std::pair<std::string_view, bool*>>& flags) {
  value.Map([&flags](MapReader& map) {
    for (const auto& [key, out] : flags) map.Get(key).Bool(out);
  });
}

void ReadRoles(const Value& value, std::vector<std::string>* roles) {
  constexpr std::string_view kWhose = "name the roles whose texts are scored";
  if (value.present() && value.node().kind == YamlNode::Kind::kNull) {
    return value.Fail("must not be empty", std::string(kWhose));
  }
  std::vector<std::string> read;
  bool valid = true;
  const bool is_list = value.List(16, [&](const Value& item) {
    std::string_view role;
    valid = item.OneOf(kRoles, &role) && valid;
    if (std::find(read.begin(), read.end(), role) == read.end()) read.emplace_back(role);
  });
  if (!is_list || !valid) return;
  if (read.empty()) return value.Fail("must not be empty", std::string(kWhose));
  *roles = std::move(read);
}

void ReadEncoding(const Value& encoding, PromptInjection* policy) {
  encoding.Map([policy](MapReader& map) {
    map.Get("decode_base64").Bool(&policy->decode_base64);
    map.Get("normalize_unicode").Bool(&policy->normalize_unicode);
    const Value homoglyphs = map.Get("detect_homoglyphs");
    if (homoglyphs.Bool(&policy->detect_homoglyphs) && policy->detect_homoglyphs &&
        !policy->normalize_unicode) {
      homoglyphs.Warn("has no effect: normalize_unicode is off");
    }
  });
}

void ReadPromptInjection(MapReader& map, PromptInjection* policy, Places* places) {
  Value threshold = map.Get("threshold", "embedding_threshold");
  Value action = map.Get("action");
  Value patterns = map.Get("attack_patterns");
  Value message;
  map.Get("detection").Map([&](MapReader& detection) {
    threshold = Either(threshold, detection.Get("embedding_threshold"));
    patterns = Either(patterns, detection.Get("attack_patterns"));
  });
  map.Get("response").Map([&](MapReader& response) {
    action = Either(action, response.Get("action"));
    message = response.Get("message");
    message.Text(&policy->message, kMessage);
    std::string_view level;
    if (response.Get("log_level").OneOf(kLogLevels, &level)) policy->log_level = level;
  });
  if (threshold.Number(0, 1, &policy->threshold) && policy->threshold == 0) {
    threshold.Warn("0 acts on every text, since all have a score of 0 or more",
                   "remove the policy from the chain to act on none");
  }
  action.OneOf(kJudgeActions, &policy->action);
  if (message.present() && policy->action == Action::kLog) {
    message.Warn("has no effect: action is log, so nobody is told");
  }
  patterns.Texts(&policy->attack_patterns, kMaxPatterns, kPattern);
  NotePlaces(patterns, "policy.prompt-injection.attack_patterns", places);
  ReadRoles(map.Get("scan_roles"), &policy->scan_roles);
  ReadEncoding(map.Get("encoding"), policy);
  ReadFlags(map.Get("boundaries"), {{"enforce_delimiters", &policy->enforce_delimiters},
                                    {"reject_fake_boundaries", &policy->reject_fake_boundaries}});
}

// Whole words, or whatever stands there.
void ReadTerms(const Value& value, std::vector<std::string>* terms) {
  const auto blank = [](const std::string& term) {
    return term.find_first_not_of(" \t\n\r") == std::string::npos;
  };
  if (!value.Texts(terms, kMaxPatterns, {.max_bytes = 256})) return;
  if (std::any_of(terms->begin(), terms->end(), blank)) {
    value.Fail("holds a term of nothing but blanks", "it would be found in every text");
  }
}

void ReadFuzzyMatching(MapReader& map, const std::vector<std::string>& terms, bool* fuzzy_matching,
                       uint32_t* max_distance) {
  const Value fuzzy = map.Get("fuzzy_matching"), distance = map.Get("max_distance");
  fuzzy.Bool(fuzzy_matching);
  if (distance.Whole(0u, 8u, max_distance) && !*fuzzy_matching) {
    distance.Warn("has no effect: fuzzy_matching is not on");
  } else if (*fuzzy_matching && *max_distance == 0) {
    fuzzy.Warn("has no effect: max_distance is 0, so terms are matched exactly");
  } else if (*fuzzy_matching && terms.empty()) {
    fuzzy.Warn("has no effect: there are no terms of yours, and patterns are matched exactly");
  }
}

void ReadSafetyFilter(MapReader& map, SafetyFilter* policy, Places* places) {
  const Value mode = map.Get("mode");
  const size_t chosen = mode.Choose({std::begin(kSafetyModes), std::end(kSafetyModes)});
  if (chosen < std::size(kSafetyModes)) policy->mode = kSafetyModes[chosen];
  const Value block_if = map.Get("block_if");
  ReadTerms(block_if, &policy->block_if);
  NotePlaces(block_if, "policy.safety-filter.block_if", places);
  map.Get("action").OneOf(kJudgeActions, &policy->action);
  ReadFuzzyMatching(map, policy->block_if, &policy->fuzzy_matching, &policy->max_distance);
  uint32_t max_age = 0;
  const Value age = map.Get("max_age");
  if (age.Whole(1u, 150u, &max_age)) {
    policy->max_age = max_age;
    age.Warn("has no effect: a request does not say how old its user is",
             "mode: education is meant for minors");
  }
}

void ReadDlpFilter(MapReader& map, DlpFilter* policy, Places* places) {
  const Value patterns = map.Get("detect_patterns"), terms = map.Get("blocked_terms");
  patterns.Texts(&policy->detect_patterns, kMaxPatterns, kPattern);
  ReadTerms(terms, &policy->blocked_terms);
  NotePlaces(patterns, "policy.dlp-filter.detect_patterns", places);
  NotePlaces(terms, "policy.dlp-filter.blocked_terms", places);
  map.Get("action").OneOf(kEditActions, &policy->action);
  ReadFuzzyMatching(map, policy->blocked_terms, &policy->fuzzy_matching, &policy->max_distance);
  std::string_view level;
  if (map.Get("sensitivity_level").OneOf(kSensitivityLevels, &level)) {
    policy->sensitivity_level = level;
  }
}

void ReadAuditLogger(MapReader& map, AuditLogger* audit) {
  const Value immutable = map.Get("immutable");
  immutable.Bool(&audit->immutable);
  map.Get("retention_days").Whole(1u, 36500u, &audit->retention_days);
  map.Get("log_all_access").Bool(&audit->log_all_access);
  map.Get("hipaa_audit_controls").Bool(&audit->hipaa_audit_controls);
  if (audit->hipaa_audit_controls && !audit->immutable) {
    immutable.Warn(
        "contradicts hipaa_audit_controls: what a full log cannot take is served "
        "without a record",
        "remove it");
  }
}

void ReadBlock(std::string_view kind, const Value& block, PolicyConfig* config) {
  block.Map([kind, config](MapReader& map) {
    Places* const places = &config->places;
    if (kind == "prompt-injection") ReadPromptInjection(map, &config->prompt_injection, places);
    if (kind == "pii-detector") ReadPiiDetector(map, &config->pii_detector, places);
    if (kind == "safety-filter") ReadSafetyFilter(map, &config->safety_filter, places);
    if (kind == "dlp-filter") ReadDlpFilter(map, &config->dlp_filter, places);
    if (kind == "audit-logger") ReadAuditLogger(map, &config->audit_logger);
  });
}

void WarnAtEntry(const ChainEntry& entry, std::string reason, Diagnostics* diagnostics) {
  YamlNode at;
  at.file = entry.mark.file;
  at.line = entry.mark.line;
  at.column = entry.mark.column;
  diagnostics->Warn(at, "policy." + entry.kind, std::move(reason));
}

void WarnOfDefaults(const Value& blocks, const PolicyConfig& config, Diagnostics* diagnostics) {
  const DlpFilter& dlp = config.dlp_filter;
  for (const ChainEntry& entry : config.chain) {
    if (!blocks.present() || blocks.node().Find(entry.kind) == nullptr) {
      WarnAtEntry(entry, "is not given: the policy runs on its defaults", diagnostics);
    }
    if (entry.kind == "pii-detector" && entry.stage == Stage::kOutput &&
        config.pii_detector.marker_format == MarkerFormat::kReversible) {
      WarnAtEntry(entry,
                  "reversible markers have no effect: they are made in requests, and stage is "
                  "output",
                  diagnostics);
    }
    if (entry.kind == "dlp-filter" && dlp.detect_patterns.empty() && dlp.blocked_terms.empty() &&
        dlp.sensitivity_level == "standard") {
      WarnAtEntry(entry,
                  "finds nothing: neither detect_patterns nor blocked_terms are given, and "
                  "sensitivity_level is standard",
                  diagnostics);
    }
  }
}

}  // namespace

void NotePlaces(const Value& list, const std::string& path, Places* places) {
  if (!list.present()) return;
  const std::vector<YamlNode>& items = list.node().items;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string index = "[" + std::to_string(i) + "]";
    places->emplace(path + index,
                    Place{list.path() + index, {items[i].file, items[i].line, items[i].column}});
  }
}

void ReadPolicyBlocks(MapReader& root, PolicyConfig* config) {
  const Value blocks = root.Get("policy");
  Diagnostics* const diagnostics = root.diagnostics();
  blocks.Map([config, diagnostics](MapReader& map) {
    map.Each([config, diagnostics](const YamlNode& key, const Value& block) {
      const std::string& kind = key.scalar;
      if (IsLaterPolicyKind(kind)) {
        return diagnostics->Error(key, block.path(), "this policy kind is not supported yet");
      }
      if (!IsPolicyKind(kind)) {
        return diagnostics->Error(key, block.path(), "unknown policy kind",
                                  std::string(NearestPolicyKind(kind)));
      }
      ReadBlock(kind, block, config);
      const bool runs = std::any_of(config->chain.begin(), config->chain.end(),
                                    [&kind](const ChainEntry& e) { return e.kind == kind; });
      if (!runs) diagnostics->Warn(key, block.path(), "never runs: it is not in policies.chain");
    });
  });
  WarnOfDefaults(blocks, *config, diagnostics);
}

}  // namespace kt::config
