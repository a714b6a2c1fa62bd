// The strategies: pure functions that choose one of several targets, from what is known of them.
//
// Turns (round_robin, weighted_round_robin): each member of a lane has its times on one virtual
// clock, the n-th at (n + phase) / weight; whoever is due first is next. The phases lie apart, so
// equal weights take turns and unequal ones are spread evenly, and any run of sum(weights) choices
// gives each member exactly its share. A choice is one compare-and-swap of the chosen member's
// count, so the same holds for all workers together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/config/policy_config.h"

namespace kt::routing {

// A member's times on its lane's virtual clock.
struct Turn {
  uint64_t count = 0;   // how often it was chosen
  uint64_t weight = 1;  // whole, with the others' in lowest terms; 0: never due
  uint64_t place = 0;   // of the member in its lane, from 0
  uint64_t members = 1;
};
bool DueBefore(const Turn& a, const Turn& b) noexcept;
// When it is due, in units of the lane's clock.
uint64_t VirtualTime(const Turn& turn) noexcept;
// A member that was out for a while does not make up for it: its count as if it had kept up.
uint64_t CaughtUp(const Turn& turn, uint64_t lane_time) noexcept;

// Weights as the smallest whole numbers that relate to each other likewise, to a thousandth.
std::vector<uint64_t> WholeWeights(const std::vector<double>& weights);

// A target that may be asked now.
struct Choice {
  size_t target = 0;  // its index
  Turn turn;
  double price = std::numeric_limits<double>::infinity();  // USD per 1M tokens, see PriceOf
  uint64_t average_us = 0, samples = 0;                    // time to the first token
  uint64_t sampled_at_ms = 0;
  bool failing = false;  // half of its tries or more failed
};

// Three prompt tokens for one of the answer, which is usual for chats; infinite without pricing.
double PriceOf(const config::Target& target) noexcept;

// lowest_latency: a target with fewer samples gets every second request until it has them, so that
// it is known, and every twentieth request goes where the knowledge is oldest, so that it stays so.
// One that fails instead of giving samples counts as the slowest.
inline constexpr uint64_t kLeastSamples = 5;
inline constexpr uint64_t kExploreEvery = 20;

// The position in `choices` of the one to ask; 0 under `single` and `fallback`. `turn`: how many
// choices this lane has made; `random`: 64 random bits. `choices` is not empty.
size_t Choose(config::Strategy strategy, std::span<const Choice> choices, uint64_t turn,
              uint64_t random);

}  // namespace kt::routing
