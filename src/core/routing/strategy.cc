#include "core/routing/strategy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kt::routing {
namespace {

constexpr unsigned kClockBits = 16;  // of a virtual second

// (count + (place + 1) / (members + 1)) / weight, as numerator over weight * (members + 1).
uint64_t Numerator(const Turn& turn) noexcept {
  return turn.count * (turn.members + 1) + turn.place + 1;
}

size_t NextInTurn(std::span<const Choice> choices) {
  size_t best = 0;
  for (size_t i = 1; i < choices.size(); ++i) {
    if (DueBefore(choices[i].turn, choices[best].turn)) best = i;
  }
  return best;
}

size_t Fastest(std::span<const Choice> choices, uint64_t turn) {
  std::vector<size_t> unknown, known;
  for (size_t i = 0; i < choices.size(); ++i) {
    const bool try_it = choices[i].samples < kLeastSamples && !choices[i].failing;
    (try_it ? unknown : known).push_back(i);
  }
  if (known.empty() || (!unknown.empty() && turn % 2 == 1)) {
    return unknown[turn / (known.empty() ? 1 : 2) % unknown.size()];
  }
  const auto average_us = [&](size_t i) {
    return choices[i].samples < kLeastSamples ? UINT64_MAX : choices[i].average_us;
  };
  const bool explore = turn % kExploreEvery == kExploreEvery - 1;
  return *std::min_element(known.begin(), known.end(), [&](size_t a, size_t b) {
    return explore ? choices[a].sampled_at_ms < choices[b].sampled_at_ms
                   : average_us(a) < average_us(b);
  });
}

}  // namespace

bool DueBefore(const Turn& a, const Turn& b) noexcept {
  if (a.weight == 0 || b.weight == 0) return a.weight > b.weight;
  using Wide = unsigned __int128;
  const Wide left = Wide{Numerator(a)} * b.weight * (b.members + 1);
  const Wide right = Wide{Numerator(b)} * a.weight * (a.members + 1);
  return left < right;
}

uint64_t VirtualTime(const Turn& turn) noexcept {
  if (turn.weight == 0) return 0;
  using Wide = unsigned __int128;
  return static_cast<uint64_t>((Wide{Numerator(turn)} << kClockBits) /
                               (Wide{turn.weight} * (turn.members + 1)));
}

uint64_t CaughtUp(const Turn& turn, uint64_t lane_time) noexcept {
  if (turn.weight == 0) return turn.count;
  const uint64_t period = (uint64_t{1} << kClockBits) / turn.weight + 1;
  if (VirtualTime(turn) + period >= lane_time) return turn.count;
  using Wide = unsigned __int128;
  return static_cast<uint64_t>(Wide{lane_time} * turn.weight >> kClockBits);
}

std::vector<uint64_t> WholeWeights(const std::vector<double>& weights) {
  std::vector<uint64_t> whole;
  uint64_t divisor = 0;
  for (const double weight : weights) {
    const auto thousandths = static_cast<uint64_t>(std::llround(weight * 1000));
    whole.push_back(weight > 0 ? std::max<uint64_t>(thousandths, 1) : 0);
    divisor = std::gcd(divisor, whole.back());
  }
  for (uint64_t& weight : whole) weight /= std::max<uint64_t>(divisor, 1);
  return whole;
}

double PriceOf(const config::Target& target) noexcept {
  if (!target.pricing) return std::numeric_limits<double>::infinity();
  return 0.75 * target.pricing->prompt + 0.25 * target.pricing->completion;
}

size_t Choose(config::Strategy strategy, std::span<const Choice> choices, uint64_t turn,
              uint64_t random) {
  switch (strategy) {
    case config::Strategy::kSingle:
    case config::Strategy::kFallback:
      return 0;
    case config::Strategy::kWeightedRoundRobin:
    case config::Strategy::kRoundRobin:
      return NextInTurn(choices);
    case config::Strategy::kLowestLatency:
      return Fastest(choices, turn);
    case config::Strategy::kLowestCost:
      return static_cast<size_t>(
          std::min_element(choices.begin(), choices.end(),
                           [](const Choice& a, const Choice& b) { return a.price < b.price; }) -
          choices.begin());
    case config::Strategy::kRandom:
      return random % choices.size();
  }
  return 0;
}

}  // namespace kt::routing
