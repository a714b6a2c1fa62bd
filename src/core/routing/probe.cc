#include "core/routing/probe.h"

#include <algorithm>

namespace kt::routing {
namespace {

// "HTTP/1.1 200": what follows is for people.
constexpr size_t kStatusLineBytes = 12;
constexpr uint64_t kMsPerSecond = 1000;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::string BuildProbeRequest(const Target& target) {
  RequestShape shape;
  shape.method = "GET";
  shape.raw_path = target.config->health_probe->path;
  shape.content_type = {};
  shape.last_on_connection = true;
  return BuildRequestHead(target, shape, {});
}

ProbeReader::State ProbeReader::Feed(std::string_view untrusted_bytes) {
  line_.append(untrusted_bytes.substr(0, kStatusLineBytes + 1 - line_.size()));
  constexpr std::string_view kVersion = "HTTP/1.";
  const size_t seen = std::min(line_.size(), kVersion.size());
  if (line_.compare(0, seen, kVersion, 0, seen) != 0) return State::kInvalid;
  if (line_.size() <= kStatusLineBytes) return State::kMore;
  const char behind = line_[kStatusLineBytes];
  const bool digits = std::all_of(line_.begin() + 9, line_.begin() + kStatusLineBytes, IsDigit);
  if (!IsDigit(line_[7]) || line_[8] != ' ' || !digits ||
      (behind != ' ' && behind != '\r' && behind != '\n')) {
    return State::kInvalid;
  }
  status_ = (line_[9] - '0') * 100 + (line_[10] - '0') * 10 + (line_[11] - '0');
  return State::kDone;
}

bool IsExpected(const config::HealthProbe& probe, int status) noexcept {
  return status >= 0 && static_cast<uint32_t>(status) >= probe.expected_status_min &&
         static_cast<uint32_t>(status) <= probe.expected_status_max;
}

HealthChange NoteProbe(TargetState* state, const config::HealthProbe& probe, bool passed,
                       uint64_t now_ms) noexcept {
  state->probed_at_ms.store(now_ms);
  (passed ? state->probes_failed : state->probes_passed).store(0);
  const uint32_t in_a_row = (passed ? state->probes_passed : state->probes_failed).add(1) + 1;
  if (in_a_row < (passed ? probe.healthy_threshold : probe.unhealthy_threshold)) {
    return HealthChange::kNone;
  }
  const auto reached = static_cast<uint32_t>(passed ? Health::kHealthy : Health::kUnhealthy);
  uint32_t before = state->health.load();
  if (before == reached || !state->health.exchange(&before, reached)) return HealthChange::kNone;
  if (!passed) return HealthChange::kDown;
  const bool was_down = before == static_cast<uint32_t>(Health::kUnhealthy);
  return was_down ? HealthChange::kUp : HealthChange::kNone;
}

uint64_t ProbeDelayMs(const config::HealthProbe& probe, uint64_t random) noexcept {
  const uint64_t interval = probe.interval_seconds * kMsPerSecond;
  const uint64_t tenth = interval / 10;
  return interval - tenth + random % (2 * tenth + 1);
}

uint64_t ProbeLeaseMs(const config::HealthProbe& probe) noexcept {
  return (probe.interval_seconds + probe.timeout_seconds) * kMsPerSecond + kMsPerSecond;
}

bool IsProbeDue(const TargetState& state, const config::HealthProbe& probe,
                uint64_t now_ms) noexcept {
  const uint64_t last = state.probed_at_ms.load();
  // A time to come is of another boot.
  return last == 0 || last > now_ms || now_ms - last >= probe.interval_seconds * kMsPerSecond / 2;
}

}  // namespace kt::routing
