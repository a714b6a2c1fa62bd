// The choice of the next target: who may be asked now, and whom of them the strategy wants.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/routing/board.h"
#include "core/routing/breaker.h"
#include "core/routing/latency.h"

namespace kt::routing {

struct PickOptions {
  LatencyKind kind = LatencyKind::kWhole;
  uint64_t now_ms = 0;
  uint64_t probe_until_ms = 0;  // when a half-open probe is given up
  uint64_t random = 0;
};

struct Pick {
  size_t target = 0;
  Permit permit;          // to be given back by LeaveBreaker
  bool returned = false;  // it was put aside, and is not any more: worth a line
};

// `candidates`: what the request may ask, as PlanTargets gave it; `left`: those of them that are
// still to be tried, in the order that `fallback` follows. nullopt: none may be asked now.
// `board` may be nullptr: then nothing is known of any target.
std::optional<Pick> PickTarget(Board* board, const config::Providers& providers,
                               const std::vector<Target>& targets,
                               const std::vector<size_t>& candidates,
                               const std::vector<size_t>& left, const PickOptions& options);

// Why the target may not be asked now; kNo: it may.
Standing StandingOf(Board* board, size_t target, uint64_t now_ms);

}  // namespace kt::routing
