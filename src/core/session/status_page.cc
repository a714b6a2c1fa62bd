#include "core/session/status_page.h"

#include "core/config/loader.h"
#include "core/json/edits.h"
#include "core/openai/error_body.h"
#include "core/session/provider_metrics.h"

namespace kt::session {
namespace {

std::string Health(const std::vector<const Gateway*>& gateways, const StatusFacts& facts) {
  std::string packs;
  for (const Gateway* gateway : gateways) {
    const config::Pack& pack = gateway->config().pack;
    if (!packs.empty()) packs += ',';
    packs += "{\"name\":" + json::Quote(pack.name) + ",\"version\":" + json::Quote(pack.version) +
             ",\"enabled\":" + (pack.enabled ? "true" : "false") + "}";
  }
  return "{\"status\":\"ok\",\"packs\":[" + packs +
         "],\"audit\":{\"written\":" + std::to_string(facts.audit_records_written) +
         ",\"dropped\":" + std::to_string(facts.audit_records_dropped) + "}}\n";
}

std::string Configurations(const std::vector<const Gateway*>& gateways) {
  std::string text;
  for (const Gateway* gateway : gateways) {
    if (!text.empty()) text += "---\n";
    text += config::MaskedYaml(gateway->config());
  }
  return text;
}

std::string AuditLines(const StatusFacts& facts) {
  const auto family = [](const std::string& name, const std::string& help, uint64_t value) {
    return "# HELP " + name + " " + help + "\n# TYPE " + name + " counter\n" + name + " " +
           std::to_string(value) + "\n";
  };
  return family("keeptrusts_audit_written_total", "audit records of this worker",
                facts.audit_records_written) +
         family("keeptrusts_audit_dropped_total", "audit records that this worker had to drop",
                facts.audit_records_dropped);
}

}  // namespace

StatusReply MakeStatusPage(std::string_view path, const std::vector<const Gateway*>& gateways,
                           const StatusFacts& facts) {
  if (path.ends_with("/health")) return {200, "application/json", Health(gateways, facts)};
  if (path.ends_with("/keeptrusts/config")) {
    return {200, "text/yaml; charset=utf-8", Configurations(gateways)};
  }
  const ProviderFacts providers{gateways, facts.boards, facts.now_ms};
  if (path.ends_with("/keeptrusts/providers/metrics")) {
    return {200, "application/json", ProvidersAsJson(providers)};
  }
  if (path.ends_with("/metrics")) {
    return {200, "text/plain; version=0.0.4; charset=utf-8",
            ProvidersAsPrometheus(providers) + AuditLines(facts)};
  }
  openai::ErrorInfo error;
  error.message = "There is no such status page.";
  error.type = "validation_error";
  error.code = "unsupported_endpoint";
  return {404, "application/json", openai::ErrorBody(error)};
}

}  // namespace kt::session
