#include <string>
#include <string_view>

#include "core/config/loader.h"
#include "core/config/url.h"
#include "core/config/yaml_writer.h"

namespace kt::config {

namespace {

std::string_view ActionName(Action action) {
  switch (action) {
    case Action::kBlock:
      return "block";
    case Action::kRedact:
      return "redact";
    case Action::kLog:
      return "log";
    case Action::kEscalate:
      return "escalate";
  }
  return "";
}

std::string_view MarkerFormatName(MarkerFormat format) {
  switch (format) {
    case MarkerFormat::kLabel:
      return "label";
    case MarkerFormat::kAsterisk:
      return "asterisk";
    case MarkerFormat::kPartial:
      return "partial";
    case MarkerFormat::kHash:
      return "hash";
    case MarkerFormat::kReversible:
      return "reversible";
  }
  return "";
}

std::string_view StrategyName(Strategy strategy) {
  switch (strategy) {
    case Strategy::kSingle:
      return "single";
    case Strategy::kFallback:
      return "fallback";
    case Strategy::kWeightedRoundRobin:
      return "weighted_round_robin";
    case Strategy::kRoundRobin:
      return "round_robin";
    case Strategy::kLowestLatency:
      return "lowest_latency";
    case Strategy::kLowestCost:
      return "lowest_cost";
    case Strategy::kRandom:
      return "random";
  }
  return "";
}

void WritePack(const Pack& pack, YamlWriter* w) {
  w->Open("pack");
  w->Text("name", pack.name);
  w->Text("version", pack.version);
  w->Bool("enabled", pack.enabled);
  w->TextIfAny("id", pack.id);
  w->TextIfAny("author", pack.author);
  w->TextIfAny("description", pack.description);
  w->Close();
}

void WriteChainEntry(const ChainEntry& entry, YamlWriter* w) {
  const When& when = entry.when;
  const bool conditional = !when.path.empty() || !when.headers.empty() || !when.models.empty();
  w->OpenItem();
  w->Open(entry.kind);
  if (conditional) {
    w->Open("when");
    w->TextIfAny("path", when.path);
    w->MaskedHeaders("header", when.headers);
    if (!when.models.empty()) w->Texts("model", when.models);
    w->Close();
  }
  if (entry.stage == Stage::kInput) w->Raw("stage", "input");
  if (entry.stage == Stage::kOutput) w->Raw("stage", "output");
  if (entry.buffered) w->Raw("streaming_mode", "buffered");
  w->Close();
  w->Close();
}

void WritePromptInjection(const PromptInjection& policy, YamlWriter* w) {
  w->Open("prompt-injection");
  w->Number("threshold", policy.threshold);
  w->Raw("action", ActionName(policy.action));
  w->Texts("attack_patterns", policy.attack_patterns);
  w->Texts("scan_roles", policy.scan_roles);
  w->Open("encoding");
  w->Bool("decode_base64", policy.decode_base64);
  w->Bool("normalize_unicode", policy.normalize_unicode);
  w->Bool("detect_homoglyphs", policy.detect_homoglyphs);
  w->Close();
  w->Open("boundaries");
  w->Bool("enforce_delimiters", policy.enforce_delimiters);
  w->Bool("reject_fake_boundaries", policy.reject_fake_boundaries);
  w->Close();
  if (!policy.message.empty() || !policy.log_level.empty()) {
    w->Open("response");
    w->TextIfAny("message", policy.message);
    w->TextIfAny("log_level", policy.log_level);
    w->Close();
  }
  w->Close();
}

void WritePiiDetector(const PiiDetector& policy, YamlWriter* w) {
  w->Open("pii-detector");
  w->Raw("action", ActionName(policy.action));
  if (!policy.entities.empty()) w->Texts("entities", policy.entities);
  w->Bool("healthcare_mode", policy.healthcare_mode);
  w->Bool("pci_mode", policy.pci_mode);
  w->Bool("include_private_ips", policy.include_private_ips);
  w->Texts("detect_patterns", policy.detect_patterns);
  w->Open("redaction");
  w->Raw("marker_format", MarkerFormatName(policy.marker_format));
  w->Secret("hash_key_ref", policy.hash_key_ref);
  w->Bool("preserve_length", policy.preserve_length);
  w->Bool("include_metadata", policy.include_metadata);
  if (!policy.custom_markers.empty()) {
    w->Open("custom_markers");
    for (const auto& [type, marker] : policy.custom_markers)
      w->Text(YamlWriter::Quoted(type), marker);
    w->Close();
  }
  w->Close();
  w->Close();
}

void WriteSafetyFilter(const SafetyFilter& policy, YamlWriter* w) {
  w->Open("safety-filter");
  w->Raw("mode", policy.mode);
  w->Texts("block_if", policy.block_if);
  w->Raw("action", ActionName(policy.action));
  w->Bool("fuzzy_matching", policy.fuzzy_matching);
  w->Whole("max_distance", policy.max_distance);
  if (policy.max_age) w->Whole("max_age", *policy.max_age);
  w->Close();
}

void WriteDlpFilter(const DlpFilter& policy, YamlWriter* w) {
  w->Open("dlp-filter");
  w->Texts("detect_patterns", policy.detect_patterns);
  w->Texts("blocked_terms", policy.blocked_terms);
  w->Raw("action", ActionName(policy.action));
  w->Bool("fuzzy_matching", policy.fuzzy_matching);
  w->Whole("max_distance", policy.max_distance);
  w->Raw("sensitivity_level", policy.sensitivity_level);
  w->Close();
}

void WriteAuditLogger(const AuditLogger& policy, YamlWriter* w) {
  w->Open("audit-logger");
  w->Bool("immutable", policy.immutable);
  w->Whole("retention_days", policy.retention_days);
  w->Bool("log_all_access", policy.log_all_access);
  w->Bool("hipaa_audit_controls", policy.hipaa_audit_controls);
  w->Close();
}

// Only what is in the chain has a block: another would be reported as never running.
void WritePolicies(const PolicyConfig& config, YamlWriter* w) {
  w->Open("policies");
  w->Open("chain");
  for (const ChainEntry& entry : config.chain) WriteChainEntry(entry, w);
  w->Close();
  w->Close();
  w->Open("policy");
  for (const ChainEntry& entry : config.chain) {
    if (entry.kind == "prompt-injection") WritePromptInjection(config.prompt_injection, w);
    if (entry.kind == "pii-detector") WritePiiDetector(config.pii_detector, w);
    if (entry.kind == "safety-filter") WriteSafetyFilter(config.safety_filter, w);
    if (entry.kind == "dlp-filter") WriteDlpFilter(config.dlp_filter, w);
    if (entry.kind == "audit-logger") WriteAuditLogger(config.audit_logger, w);
  }
  w->Close();
}

void WriteHealthProbe(const HealthProbe& probe, YamlWriter* w) {
  w->Open("health_probe");
  w->Bool("enabled", probe.enabled);
  w->Text("path", probe.path);
  w->Whole("interval_seconds", probe.interval_seconds);
  w->Whole("timeout_seconds", probe.timeout_seconds);
  w->Whole("healthy_threshold", probe.healthy_threshold);
  w->Whole("unhealthy_threshold", probe.unhealthy_threshold);
  w->Raw("expected_status", std::to_string(probe.expected_status_min) + "-" +
                                std::to_string(probe.expected_status_max));
  w->Close();
}

void WriteTarget(const Target& target, YamlWriter* w) {
  const bool shorthand = !target.endpoint_type.empty();
  w->OpenItem();
  w->Text("id", target.id);
  w->Text("provider", shorthand ? target.provider + ":" + target.endpoint_type + ":" + target.model
                                : target.provider);
  if (!shorthand) w->TextIfAny("model", target.model);
  if (!target.echo) w->Text("base_url", UrlText(target.base_url));
  w->Secret("secret_key_ref", target.secret_key_ref);
  w->Text("api_key_header", target.api_key_header);
  w->Text("api_key_prefix", target.api_key_prefix);
  w->MaskedHeaders("headers", target.headers);
  w->Number("timeout_seconds", target.timeout_seconds);
  w->Number("stream_timeout_seconds", target.stream_timeout_seconds);
  if (target.stream_idle_timeout_seconds) {
    w->Number("stream_idle_timeout_seconds", *target.stream_idle_timeout_seconds);
  }
  w->TextIfAny("description", target.description);
  w->Number("weight", target.weight);
  if (target.pricing) {
    w->Open("pricing");
    w->Number("prompt", target.pricing->prompt);
    w->Number("completion", target.pricing->completion);
    w->Number("cached_prompt", target.pricing->cached_prompt);
    w->Close();
  }
  w->Bool("stream_usage", target.stream_usage);
  w->Bool("allow_plaintext", target.allow_plaintext);
  w->TextIfAny("client_certificate", target.client_certificate);
  w->TextIfAny("client_certificate_key", target.client_certificate_key);
  if (target.health_probe) WriteHealthProbe(*target.health_probe, w);
  w->Close();
}

void WriteFallback(const Fallback& fallback, YamlWriter* w) {
  std::vector<std::string> triggers;
  if (fallback.rate_limit) triggers.push_back("rate_limit");
  if (fallback.server_error) triggers.push_back("server_error");
  if (fallback.timeout) triggers.push_back("timeout");
  if (fallback.connect_error) triggers.push_back("connect_error");
  if (fallback.auth_error) triggers.push_back("auth_error");
  if (fallback.model_error) triggers.push_back("model_error");
  w->Open("fallback");
  w->Bool("enabled", fallback.enabled);
  w->Texts("triggers", triggers);
  w->Whole("max_fallback_attempts", fallback.max_fallback_attempts);
  if (fallback.total_timeout_seconds) {
    w->Number("total_timeout_seconds", *fallback.total_timeout_seconds);
  }
  w->Close();
}

void WriteRetryAndBreaker(const Providers& providers, YamlWriter* w) {
  w->Open("retry");
  w->Whole("max_retries", providers.retry.max_retries);
  w->Whole("initial_backoff_ms", providers.retry.initial_backoff_ms);
  w->Whole("max_backoff_ms", providers.retry.max_backoff_ms);
  w->Number("multiplier", providers.retry.multiplier);
  w->Bool("jitter", providers.retry.jitter);
  w->Texts("retry_on", providers.retry.retry_on);
  w->Close();
  w->Open("circuit_breaker");
  w->Bool("enabled", providers.circuit_breaker.enabled);
  w->Whole("failure_threshold", providers.circuit_breaker.failure_threshold);
  w->Whole("cooldown_seconds", providers.circuit_breaker.cooldown_seconds);
  w->Whole("half_open_max_requests", providers.circuit_breaker.half_open_max_requests);
  w->Close();
}

void WriteProviders(const Providers& providers, YamlWriter* w) {
  if (providers.targets.empty()) return;
  w->Open("providers");
  w->Raw("strategy", StrategyName(providers.strategy));
  w->Open("targets");
  for (const Target& target : providers.targets) WriteTarget(target, w);
  w->Close();
  if (!providers.model_groups.empty()) {
    w->Open("model_groups");
    for (const ModelGroup& group : providers.model_groups) {
      w->OpenItem();
      w->Text("name", group.name);
      w->Texts("aliases", group.aliases);
      w->Texts("targets", group.targets);
      w->Close();
    }
    w->Close();
  }
  WriteFallback(providers.fallback, w);
  WriteRetryAndBreaker(providers, w);
  w->Close();
}

}  // namespace

std::string MaskedYaml(const PolicyConfig& config) {
  YamlWriter w;
  WritePack(config.pack, &w);
  WritePolicies(config, &w);
  WriteProviders(config.providers, &w);
  w.Open("size_limits");
  w.Whole("max_body_bytes", config.size_limits.max_body_bytes);
  w.Whole("max_text_bytes", config.size_limits.max_text_bytes);
  w.Whole("max_response_bytes", config.size_limits.max_response_bytes);
  w.Close();
  return std::move(w).Take();
}

}  // namespace kt::config
