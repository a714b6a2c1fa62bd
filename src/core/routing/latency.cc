#include "core/routing/latency.h"

#include <algorithm>

namespace kt::routing {
namespace {

constexpr unsigned kSamplesBits = 24;
constexpr uint64_t kMaxSamples = (uint64_t{1} << kSamplesBits) - 1;
constexpr uint64_t kMaxUs = (uint64_t{1} << (64 - kSamplesBits)) - 1;
constexpr uint64_t kWeight = 5;  // of the past, at most

Latency Unpack(uint64_t word) noexcept {
  return {word >> kSamplesBits, word & kMaxSamples};
}

}  // namespace

Latency LatencyOf(const TargetState& state, LatencyKind kind) noexcept {
  return Unpack(state.latency[static_cast<size_t>(kind)].load());
}

void NoteLatency(TargetState* state, LatencyKind kind, uint64_t us, uint64_t now_ms) noexcept {
  us = std::min(us, kMaxUs);
  Shared<uint64_t>& word = state->latency[static_cast<size_t>(kind)];
  uint64_t seen = word.load();
  for (;;) {
    const Latency old = Unpack(seen);
    const uint64_t n = std::min(old.samples + 1, kWeight);
    const uint64_t average = old.average_us - old.average_us / n + us / n;
    const uint64_t samples = std::min(old.samples + 1, kMaxSamples);
    if (word.exchange(&seen, std::min(average, kMaxUs) << kSamplesBits | samples)) break;
  }
  state->sampled_at_ms.store(now_ms);
}

}  // namespace kt::routing
