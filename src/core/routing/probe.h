// Health probes: what is asked, how the answer is read, and when a target changes sides. Pure; the
// adapter has the sockets and the timers. A probe carries the target's key and nothing of a user's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/config/policy_config.h"
#include "core/routing/state.h"
#include "core/routing/target.h"

namespace kt::routing {

// The whole request: GET of the probe's path below the base URL, with the key as for requests.
// Precondition: target.config->health_probe has a value.
std::string BuildProbeRequest(const Target& target);

// Reads the status line of an answer, at any split, and nothing behind it.
class ProbeReader {
 public:
  enum class State : uint8_t { kMore, kDone, kInvalid };
  State Feed(std::string_view untrusted_bytes);
  int status() const noexcept { return status_; }  // once kDone

 private:
  std::string line_;
  int status_ = 0;
};

bool IsExpected(const config::HealthProbe& probe, int status) noexcept;

enum class HealthChange : uint8_t { kNone, kDown, kUp };
// Counts a probe. Each change is told to one caller only. A target that nothing is known of is
// asked like a healthy one, so its first good probes change nothing.
HealthChange NoteProbe(TargetState* state, const config::HealthProbe& probe, bool passed,
                       uint64_t now_ms) noexcept;

// Until the next probe: the interval, up to a tenth more or less, so that many gateways do not ask
// at once. `random`: any number.
uint64_t ProbeDelayMs(const config::HealthProbe& probe, uint64_t random) noexcept;
// How long a worker may keep others from probing without renewing it.
uint64_t ProbeLeaseMs(const config::HealthProbe& probe) noexcept;
// False: another worker, or this one before a reload, has probed a short while ago.
bool IsProbeDue(const TargetState& state, const config::HealthProbe& probe,
                uint64_t now_ms) noexcept;

}  // namespace kt::routing
