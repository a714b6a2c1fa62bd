// What is known of the targets, for people (JSON) and for Prometheus. Only counts, times and names
// out of the configuration: no secret, no prompt text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/routing/board.h"
#include "core/session/gateway.h"

namespace kt::session {

// `boards`: of the gateway at the same place, nullptr where it does not route. `now_ms`: of the
// clock that the boards' times are of.
struct ProviderFacts {
  std::vector<const Gateway*> gateways;
  std::vector<routing::Board*> boards;
  uint64_t now_ms = 0;
};

// {"targets":[…]}: one object for each target of each gateway that routes.
std::string ProvidersAsJson(const ProviderFacts& facts);
// The text format of Prometheus, version 0.0.4: families keeptrusts_target_*, with the labels
// `pack` and `target`.
std::string ProvidersAsPrometheus(const ProviderFacts& facts);

}  // namespace kt::session
