// The pages of `keeptrusts_status`: health, metrics and the masked running configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/routing/board.h"
#include "core/session/gateway.h"
#include "core/session/reply.h"

namespace kt::session {

struct StatusFacts {                   // of the answering worker
  uint64_t audit_records_written = 0;  // into its rings
  uint64_t audit_records_dropped = 0;
  uint64_t audit_ring_bytes = 0, audit_ring_used_bytes = 0;
  uint64_t audit_open_requests = 0;
  uint64_t audit_lag_ms = 0;       // since a record became durable, while some wait; 0: none waits
  uint64_t audit_log_records = 0;  // durable, of all workers, since the writer process began
  bool audit_writer_failing = false;    // its last try to write or sync failed
  std::vector<routing::Board*> boards;  // as the gateways; nullptr: not routed
  uint64_t now_ms = 0;                  // of the boards' clock
};

// `path`: the request's URI. Its end decides: "/health", "/keeptrusts/config",
// "/keeptrusts/providers/metrics" (JSON), "/metrics" (Prometheus); else 404, with `request_id`. No
// secret and no prompt text is in any page.
Reply MakeStatusPage(std::string_view path, const std::vector<const Gateway*>& gateways,
                     const StatusFacts& facts, std::string_view request_id = {});
// What a method that no page has gets.
Reply RefuseStatusMethod(std::string_view request_id);

}  // namespace kt::session
