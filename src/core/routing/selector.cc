#include "core/routing/selector.h"

#include <algorithm>
#include <array>
#include <memory_resource>

#include "core/routing/strategy.h"

namespace kt::routing {
namespace {

constexpr uint64_t kTriesToJudge = 10;
// A name without an address is asked for again within this time.
constexpr uint64_t kUnreachableMs = 30'000;

// The members' words are those of `candidates`; their order there is their place.
Choice MakeChoice(Board* board, const Lane* lane, const std::vector<Target>& targets, size_t target,
                  LatencyKind kind) {
  Choice choice;
  choice.target = target;
  choice.price = PriceOf(*targets[target].config);
  if (board != nullptr) {
    const TargetState& state = board->target(target);
    const Latency latency = LatencyOf(state, kind);
    choice.average_us = latency.average_us;
    choice.samples = latency.samples;
    choice.sampled_at_ms = state.sampled_at_ms.load();
    const uint64_t requests = state.requests.load();
    choice.failing = requests >= kTriesToJudge && 2 * state.failures.load() >= requests;
  }
  if (lane == nullptr) return choice;
  const auto place = static_cast<size_t>(
      std::find(lane->members.begin(), lane->members.end(), target) - lane->members.begin());
  choice.turn = {lane->shares[place]->a.load(), lane->weights[place], place, lane->members.size()};
  choice.turn.count = CaughtUp(choice.turn, lane->turn->b.load());
  return choice;
}

// Counts the choice of a member. False: another worker has just chosen it, so that its turn may be
// another's now.
bool TakeTurn(Lane* lane, const Turn& turn) {
  Shared<uint64_t>& count = lane->shares[turn.place]->a;
  uint64_t seen = count.load();
  if (seen > turn.count || !count.exchange(&seen, turn.count + 1)) return false;
  const uint64_t time = VirtualTime(turn);
  uint64_t lane_time = lane->turn->b.load();
  while (lane_time < time && !lane->turn->b.exchange(&lane_time, time)) {
  }
  return true;
}

bool TakesTurns(config::Strategy strategy) {
  return strategy == config::Strategy::kRoundRobin ||
         strategy == config::Strategy::kWeightedRoundRobin;
}

}  // namespace

Standing StandingOf(Board* board, size_t target, uint64_t now_ms) {
  if (board == nullptr) return {};
  const Target& configured = board->configured()[target];
  if (configured.reachable != nullptr && !*configured.reachable) {
    return {Out::kUnreachable, AsideReason::kNone, now_ms + kUnreachableMs};
  }
  return StandingOf(board->target(target), *configured.config, board->providers().circuit_breaker,
                    now_ms);
}

std::optional<Pick> PickTarget(Board* board, const config::Providers& providers,
                               const std::vector<Target>& targets,
                               const std::vector<size_t>& candidates,
                               const std::vector<size_t>& left, const PickOptions& options) {
  Lane* const lane = board != nullptr ? board->FindLane(candidates) : nullptr;
  const uint64_t turn =
      lane != nullptr && left.size() == candidates.size() ? lane->turn->a.add(1) : 0;
  std::vector<size_t> gone;  // the last probe there has just gone to another request
  // On the stack for as many targets as most configurations have.
  std::array<std::byte, 8 * sizeof(Choice)> room;
  std::pmr::monotonic_buffer_resource memory(room.data(), room.size());
  std::pmr::vector<Choice> choices(&memory);
  choices.reserve(left.size());
  for (;;) {
    choices.clear();
    for (const size_t target : left) {
      if (StandingOf(board, target, options.now_ms).out != Out::kNo) continue;
      if (std::find(gone.begin(), gone.end(), target) != gone.end()) continue;
      choices.push_back(MakeChoice(board, lane, targets, target, options.kind));
    }
    if (choices.empty()) return std::nullopt;
    const size_t at = Choose(providers.strategy, choices, turn, options.random);
    const Choice& chosen = choices[at];
    if (lane != nullptr && TakesTurns(providers.strategy) && !TakeTurn(lane, chosen.turn)) continue;
    Pick pick{chosen.target, {true, false, 0}, false};
    if (board == nullptr) return pick;
    TargetState& state = board->target(chosen.target);
    pick.permit =
        EnterBreaker(&state, providers.circuit_breaker, options.now_ms, options.probe_until_ms);
    if (pick.permit.granted) {
      pick.returned = ReturnFromAside(&state, options.now_ms);
      return pick;
    }
    gone.push_back(chosen.target);
  }
}

}  // namespace kt::routing
