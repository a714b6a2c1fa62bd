// A target's usual time to the first token: a moving average in a TargetState that all workers
// share. Streams and whole answers are kept apart, since a whole answer's first byte is its last.
#pragma once

#include <cstdint>

#include "core/routing/state.h"

namespace kt::routing {

enum class LatencyKind : uint8_t { kStream, kWhole };

struct Latency {
  uint64_t average_us = 0;
  uint64_t samples = 0;  // counted up to 2^24 - 1
};

Latency LatencyOf(const TargetState& state, LatencyKind kind) noexcept;
// The first samples weigh alike, each later one a fifth.
void NoteLatency(TargetState* state, LatencyKind kind, uint64_t us, uint64_t now_ms) noexcept;

}  // namespace kt::routing
