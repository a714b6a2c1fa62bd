// policy-config.yaml as typed, immutable values: the keys of README.md, defaults filled in.
// Made by config/loader.h only; nothing here refers to YAML.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kt::config {

struct Mark {  // where a value was written, for messages of later stages
  std::string file;
  int line = 0, column = 0;  // 1-based; 0: not known
};

// A value that only a later stage can judge: the path and the place that it was written at.
struct Place {
  std::string path;
  Mark mark;
};
// By the path that later stages know, "policy.prompt-injection.attack_patterns[2]", whichever name
// of the key was written.
using Places = std::map<std::string, Place, std::less<>>;

struct Pack {
  std::string name, version, id, author, description;
  bool enabled = true;
};

struct When {
  std::string path;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::vector<std::string> models;
};

enum class Stage : uint8_t { kBoth, kInput, kOutput };

struct ChainEntry {
  std::string kind;
  When when;
  Stage stage = Stage::kBoth;
  bool buffered = false;  // streaming_mode: buffered
  Mark mark;
};

enum class Action : uint8_t { kBlock, kRedact, kLog, kEscalate };

struct PromptInjection {
  double threshold = 0.8;
  Action action = Action::kBlock;
  std::vector<std::string> attack_patterns;
  std::vector<std::string> scan_roles = {"user", "tool"};
  bool decode_base64 = true, normalize_unicode = true, detect_homoglyphs = true;
  bool enforce_delimiters = true, reject_fake_boundaries = true;
  std::string message;    // empty: default
  std::string log_level;  // empty: default
};

enum class MarkerFormat : uint8_t { kLabel, kAsterisk, kPartial, kHash, kReversible };

// {env} | {file} | {store}: exactly one is set; all empty: no reference.
struct SecretRef {
  std::string env, file, store;
  bool empty() const { return env.empty() && file.empty() && store.empty(); }
};

struct PiiDetector {
  Action action = Action::kRedact;
  std::vector<std::string> entities;  // upper case; empty: the default set; with "ALL": all
  bool healthcare_mode = false, pci_mode = true, include_private_ips = false;
  std::vector<std::string> detect_patterns;
  MarkerFormat marker_format = MarkerFormat::kLabel;
  SecretRef hash_key_ref;
  bool preserve_length = false, include_metadata = true;
  std::map<std::string, std::string> custom_markers;  // upper-case type -> marker
};

inline constexpr std::string_view kSafetyModes[] = {
    "strict",     "moderate",  "permissive",     "critical_infrastructure",
    "automotive", "education", "law_enforcement"};

struct SafetyFilter {
  std::string mode = "critical_infrastructure";
  std::vector<std::string> block_if;
  Action action = Action::kBlock;
  bool fuzzy_matching = false;
  uint32_t max_distance = 1;
  std::optional<uint32_t> max_age;
};

struct DlpFilter {
  std::vector<std::string> detect_patterns, blocked_terms;
  Action action = Action::kRedact;
  bool fuzzy_matching = false;
  uint32_t max_distance = 1;
  std::string sensitivity_level = "standard";
};

struct AuditLogger {
  bool present = false;  // in the chain
  bool immutable = true;
  uint32_t retention_days = 365;
  bool log_all_access = false, hipaa_audit_controls = false;
};

struct Pricing {
  double prompt = 0, completion = 0, cached_prompt = 0;
};  // USD per 1M tokens

struct HealthProbe {
  bool enabled = true;
  std::string path = "/models";
  uint32_t interval_seconds = 10, timeout_seconds = 5, healthy_threshold = 2,
           unhealthy_threshold = 3;
  uint32_t expected_status_min = 200, expected_status_max = 299;
};

struct Url {
  bool tls = true;
  std::string host;  // without brackets
  uint16_t port = 443;
  std::string path;  // "/inference/v1": no trailing slash; may be empty
};

struct Target {
  std::string id;
  std::string provider;       // "fireworks"
  std::string endpoint_type;  // from the shorthand: "chat" | "completion" | "embedding" | ""
  std::string model;          // empty: the client's goes up
  Url base_url;
  bool echo = false;
  SecretRef secret_key_ref;  // the provider's variable filled in; empty: no key needed
  std::string api_key_header = "Authorization", api_key_prefix = "Bearer ";
  std::vector<std::pair<std::string, std::string>> headers;
  double timeout_seconds = 60, stream_timeout_seconds = 60;
  std::optional<double> stream_idle_timeout_seconds;
  std::string description;
  double weight = 1.0;
  std::optional<Pricing> pricing;
  bool stream_usage = true;
  bool allow_plaintext = false;
  std::string client_certificate, client_certificate_key;
  std::optional<HealthProbe> health_probe;
  Mark mark;
};

enum class Strategy : uint8_t {
  kSingle,
  kFallback,
  kWeightedRoundRobin,
  kRoundRobin,
  kLowestLatency,
  kLowestCost,
  kRandom,
};

struct ModelGroup {
  std::string name;
  std::vector<std::string> aliases, targets;
};

struct Fallback {
  bool enabled = true;
  bool rate_limit = true, server_error = true, timeout = true, connect_error = true,
       auth_error = true, model_error = true;
  uint32_t max_fallback_attempts = 3;
  std::optional<double> total_timeout_seconds;  // absent: 2 x the largest of the targets
};

struct Retry {
  uint32_t max_retries = 2, initial_backoff_ms = 100, max_backoff_ms = 2000;
  double multiplier = 2;
  bool jitter = true;
  std::vector<std::string> retry_on = {"connect_error", "rate_limit", "502", "503", "529"};
};

struct CircuitBreaker {
  bool enabled = true;
  uint32_t failure_threshold = 5, cooldown_seconds = 30, half_open_max_requests = 1;
};

struct Providers {
  Strategy strategy = Strategy::kSingle;
  std::vector<Target> targets;
  std::vector<ModelGroup> model_groups;
  Fallback fallback;
  Retry retry;
  CircuitBreaker circuit_breaker;
};

struct SizeLimits {
  uint64_t max_body_bytes = 32u << 20, max_text_bytes = 4u << 20, max_response_bytes = 32u << 20;
};

struct PolicyConfig {
  Pack pack;
  std::string sha256;             // hex, of the source files' bytes in order
  std::vector<ChainEntry> chain;  // audit-logger last, wherever listed; see audit_logger.present
  PromptInjection prompt_injection;
  PiiDetector pii_detector;
  SafetyFilter safety_filter;
  DlpFilter dlp_filter;
  AuditLogger audit_logger;
  Providers providers;
  SizeLimits size_limits;
  Places places;  // patterns, terms, entity types, custom markers, the reference of a key
};

}  // namespace kt::config
