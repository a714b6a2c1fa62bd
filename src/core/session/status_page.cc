#include "core/session/status_page.h"

#include "core/config/loader.h"
#include "core/json/edits.h"
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
         ",\"dropped\":" + std::to_string(facts.audit_records_dropped) +
         ",\"writer_failing\":" + (facts.audit_writer_failing ? "true" : "false") + "}}\n";
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
  const auto family = [](const std::string& what, const std::string& help, uint64_t value) {
    const std::string name = "keeptrusts_audit_" + what;
    const bool counter = name.ends_with("_total");
    return "# HELP " + name + " " + help + "\n# TYPE " + name +
           (counter ? " counter\n" : " gauge\n") + name + " " + std::to_string(value) + "\n";
  };
  return family("written_total", "audit records of this worker", facts.audit_records_written) +
         family("dropped_total", "audit records that this worker had to drop",
                facts.audit_records_dropped) +
         family("open_requests", "admitted requests of this worker that have no record yet",
                facts.audit_open_requests) +
         family("ring_bytes", "room in this worker's rings", facts.audit_ring_bytes) +
         family("ring_used_bytes", "of it, taken by records that are not durable yet",
                facts.audit_ring_used_bytes) +
         family("lag_milliseconds", "since a record became durable, while some of this worker wait",
                facts.audit_lag_ms) +
         family("log_records_total", "records of all workers, made durable by the writer process",
                facts.audit_log_records) +
         family("writer_failing", "1: the writer's last try to write or sync failed",
                facts.audit_writer_failing ? 1 : 0);
}

}  // namespace

Reply MakeStatusPage(std::string_view path, const std::vector<const Gateway*>& gateways,
                     const StatusFacts& facts, std::string_view request_id) {
  if (path.ends_with("/health")) return {200, "application/json", Health(gateways, facts), {}};
  if (path.ends_with("/keeptrusts/config")) {
    return {200, "text/yaml; charset=utf-8", Configurations(gateways), {}};
  }
  const ProviderFacts providers{gateways, facts.boards, facts.now_ms};
  if (path.ends_with("/keeptrusts/providers/metrics")) {
    return {200, "application/json", ProvidersAsJson(providers), {}};
  }
  if (path.ends_with("/metrics")) {
    return {200,
            "text/plain; version=0.0.4; charset=utf-8",
            ProvidersAsPrometheus(providers) + AuditLines(facts),
            {}};
  }
  return MakeReply(Error::kUnsupportedEndpoint, request_id, "There is no such status page.");
}

Reply RefuseStatusMethod(std::string_view request_id) {
  Reply reply = MakeReply(Error::kMethodNotAllowed, request_id);
  reply.headers.push_back({"allow", "GET, HEAD"});
  return reply;
}

}  // namespace kt::session
