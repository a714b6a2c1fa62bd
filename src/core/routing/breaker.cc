#include "core/routing/breaker.h"

#include <algorithm>

namespace kt::routing {
namespace {

constexpr unsigned kProbesShift = 40, kEpochShift = 48, kUntilShift = 8;
constexpr uint64_t kTimeMask = (uint64_t{1} << kProbesShift) - 1;
// Whoever finds all probes taken asks again soon: nobody knows when they end.
constexpr uint64_t kProbeWaitMs = 1000;

bool Admits(const BreakerWord& word, const config::CircuitBreaker& config, uint64_t now_ms) {
  if (word.at_ms == 0 || now_ms >= word.at_ms) return true;
  return word.probes > 0 && word.probes < config.half_open_max_requests;
}

BreakerWord Opened(const BreakerWord& from, const config::CircuitBreaker& config, uint64_t now_ms) {
  return {now_ms + uint64_t{config.cooldown_seconds} * 1000, 0, from.epoch + 1};
}

}  // namespace

BreakerWord BreakerWord::Unpack(uint64_t word) noexcept {
  return {word & kTimeMask, static_cast<uint32_t>(word >> kProbesShift & 0xFF),
          static_cast<uint32_t>(word >> kEpochShift)};
}

uint64_t BreakerWord::Pack() const noexcept {
  return (at_ms & kTimeMask) | uint64_t{probes & 0xFF} << kProbesShift |
         uint64_t{epoch & 0xFFFF} << kEpochShift;
}

std::string_view BreakerStateName(BreakerState state) noexcept {
  constexpr std::string_view kNames[] = {"closed", "open", "half_open"};
  return kNames[static_cast<size_t>(state)];
}

BreakerState StateOfBreaker(const TargetState& state, uint64_t now_ms) noexcept {
  const BreakerWord word = BreakerWord::Unpack(state.breaker.load());
  if (word.at_ms == 0) return BreakerState::kClosed;
  return word.probes > 0 || now_ms >= word.at_ms ? BreakerState::kHalfOpen : BreakerState::kOpen;
}

Permit EnterBreaker(TargetState* state, const config::CircuitBreaker& config, uint64_t now_ms,
                    uint64_t probe_until_ms) noexcept {
  uint64_t seen = state->breaker.load();
  for (;;) {
    BreakerWord word = BreakerWord::Unpack(seen);
    if (!config.enabled || word.at_ms == 0) return {true, false, word.epoch};
    if (!Admits(word, config, now_ms)) return {};
    word.probes = now_ms >= word.at_ms ? 1 : word.probes + 1;
    word.at_ms = std::max(probe_until_ms, now_ms + 1);
    if (state->breaker.exchange(&seen, word.Pack())) return {true, true, word.epoch};
  }
}

namespace {

// The first probe to end with a verdict decides for all; one without gives its place back.
BreakerChange LeaveProbe(TargetState* state, const config::CircuitBreaker& config,
                         const Permit& permit, Outcome outcome, uint64_t now_ms) noexcept {
  uint64_t seen = state->breaker.load();
  for (;;) {
    BreakerWord word = BreakerWord::Unpack(seen);
    if (word.at_ms == 0 || word.probes == 0 || word.epoch != permit.epoch) {
      return BreakerChange::kNone;  // decided by another probe
    }
    if (outcome == Outcome::kSuccess) {
      word = {0, 0, word.epoch + 1};
    } else if (outcome == Outcome::kFailure) {
      word = Opened(word, config, now_ms);
    } else if (--word.probes == 0) {
      word.at_ms = std::max<uint64_t>(now_ms, 1);
    }
    if (!state->breaker.exchange(&seen, word.Pack())) continue;
    if (outcome == Outcome::kSuccess) {
      state->failures_in_a_row.store(0);
      return BreakerChange::kClosed;
    }
    return outcome == Outcome::kFailure ? BreakerChange::kOpened : BreakerChange::kNone;
  }
}

}  // namespace

BreakerChange LeaveBreaker(TargetState* state, const config::CircuitBreaker& config,
                           const Permit& permit, Outcome outcome, uint64_t now_ms) noexcept {
  if (!permit.granted || !config.enabled) return BreakerChange::kNone;
  if (permit.probe) {
    const BreakerChange change = LeaveProbe(state, config, permit, outcome, now_ms);
    if (change == BreakerChange::kOpened) state->breaker_opened.add(1);
    return change;
  }
  if (outcome == Outcome::kNeutral) return BreakerChange::kNone;
  uint64_t seen = state->breaker.load();
  const BreakerWord word = BreakerWord::Unpack(seen);
  // It was sent before the breaker opened: whatever it says is old.
  if (word.at_ms != 0 || word.epoch != permit.epoch) return BreakerChange::kNone;
  if (outcome == Outcome::kSuccess) {
    if (state->failures_in_a_row.load() != 0) state->failures_in_a_row.store(0);
    return BreakerChange::kNone;
  }
  if (state->failures_in_a_row.add(1) + 1 < config.failure_threshold) return BreakerChange::kNone;
  if (!state->breaker.exchange(&seen, Opened(word, config, now_ms).Pack())) {
    return BreakerChange::kNone;  // another worker was first
  }
  state->breaker_opened.add(1);
  return BreakerChange::kOpened;
}

// ---- put aside ---------------------------------------------------------------------------------

std::string_view AsideReasonName(AsideReason reason) noexcept {
  constexpr std::string_view kNames[] = {"", "retry_after", "auth_error", "model_error"};
  return kNames[static_cast<size_t>(reason)];
}

Aside AsideOf(const TargetState& state) noexcept {
  const uint64_t word = state.aside.load();
  const auto reason = static_cast<uint8_t>(word & 0xFF);
  return {word >> kUntilShift, reason <= static_cast<uint8_t>(AsideReason::kModel)
                                   ? static_cast<AsideReason>(reason)
                                   : AsideReason::kRetryAfter};
}

bool PutAside(TargetState* state, AsideReason reason, uint64_t now_ms, uint64_t until_ms) noexcept {
  const uint64_t word = until_ms << kUntilShift | static_cast<uint8_t>(reason);
  uint64_t seen = state->aside.load();
  for (;;) {
    if (seen >> kUntilShift >= until_ms) return false;
    if (state->aside.exchange(&seen, word)) return seen >> kUntilShift <= now_ms;
  }
}

bool ReturnFromAside(TargetState* state, uint64_t now_ms) noexcept {
  uint64_t seen = state->aside.load();
  return seen != 0 && seen >> kUntilShift <= now_ms && state->aside.exchange(&seen, 0);
}

Standing StandingOf(const TargetState& state, const config::Target& target,
                    const config::CircuitBreaker& config, uint64_t now_ms) noexcept {
  const Aside aside = AsideOf(state);
  if (aside.until_ms > now_ms) return {Out::kAside, aside.reason, aside.until_ms};
  const BreakerWord word = BreakerWord::Unpack(state.breaker.load());
  if (config.enabled && !Admits(word, config, now_ms)) {
    const uint64_t probed = std::min(word.at_ms, now_ms + kProbeWaitMs);
    return {Out::kBreaker, AsideReason::kNone, word.probes > 0 ? probed : word.at_ms};
  }
  const auto& probe = target.health_probe;
  const bool watched = probe.has_value() && probe->enabled;
  if (watched && state.health.load() == static_cast<uint32_t>(Health::kUnhealthy)) {
    return {Out::kUnhealthy, AsideReason::kNone,
            now_ms + uint64_t{probe->interval_seconds} * 1000 * probe->healthy_threshold};
  }
  return {};
}

}  // namespace kt::routing
