// Whether a target may be asked now: the circuit breaker, and targets that are put aside for a
// while. Functions over a TargetState that all workers share; each change is one compare-and-swap,
// and the worker that makes it is told, so that it is logged once.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/config/policy_config.h"
#include "core/routing/state.h"

namespace kt::routing {

// The breaker in one word. Closed: at_ms is 0. Open: nobody asks before at_ms; from then on, half
// open, up to half_open_max_requests probes at a time, which are ordinary requests. While some are
// under way, at_ms is when they are given up: a probe whose worker has died comes back by itself.
struct BreakerWord {
  uint64_t at_ms = 0;   // 40 bits
  uint32_t probes = 0;  // under way; 8 bits
  uint32_t epoch = 0;   // counts openings and closings; 16 bits
  static BreakerWord Unpack(uint64_t word) noexcept;
  uint64_t Pack() const noexcept;
};

enum class BreakerState : uint8_t { kClosed, kOpen, kHalfOpen };
std::string_view BreakerStateName(BreakerState state) noexcept;  // "closed", "open", "half_open"
BreakerState StateOfBreaker(const TargetState& state, uint64_t now_ms) noexcept;

// A request's permission to ask a target.
struct Permit {
  bool granted = false;
  bool probe = false;  // it decides whether the breaker closes
  uint32_t epoch = 0;
};
// `probe_until_ms`: when a probe is given up, if its end is never told.
Permit EnterBreaker(TargetState* state, const config::CircuitBreaker& config, uint64_t now_ms,
                    uint64_t probe_until_ms) noexcept;

// What a try says of its target. Neutral: nothing (the client left, its own error, a rate limit).
enum class Outcome : uint8_t { kSuccess, kFailure, kNeutral };
enum class BreakerChange : uint8_t { kNone, kOpened, kClosed };
// The end of a try that was granted; exactly once for each permit.
BreakerChange LeaveBreaker(TargetState* state, const config::CircuitBreaker& config,
                           const Permit& permit, Outcome outcome, uint64_t now_ms) noexcept;

enum class AsideReason : uint8_t { kNone, kRetryAfter, kAuth, kModel };
std::string_view AsideReasonName(AsideReason reason) noexcept;  // "retry_after", "auth_error", …

struct Aside {
  uint64_t until_ms = 0;
  AsideReason reason = AsideReason::kNone;
};
Aside AsideOf(const TargetState& state) noexcept;
// Keeps the target out until then; a longer time that is set already stays. True: it was not put
// aside at `now_ms`, so this is worth a line.
bool PutAside(TargetState* state, AsideReason reason, uint64_t now_ms, uint64_t until_ms) noexcept;
// Ends a time that is over. True for the one caller that ended it.
bool ReturnFromAside(TargetState* state, uint64_t now_ms) noexcept;

// Why a target may not be asked at `now_ms`, and when it may at the soonest.
enum class Out : uint8_t { kNo, kBreaker, kAside, kUnhealthy, kUnreachable };
struct Standing {
  Out out = Out::kNo;
  AsideReason reason = AsideReason::kNone;  // with kAside
  uint64_t back_ms = 0;
};
Standing StandingOf(const TargetState& state, const config::Target& target,
                    const config::CircuitBreaker& config, uint64_t now_ms) noexcept;

}  // namespace kt::routing
