// The shared state of one gateway's targets: which entry belongs to which target, and what is asked
// of all of them together. The state itself outlives this; see state.h.
//
// Made at configuration time and inherited by each worker; only the words that it points to are
// shared between them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/config/policy_config.h"
#include "core/routing/state.h"
#include "core/routing/target.h"

namespace kt::routing {

// What the entry of `target` is found by: its identity (host, key, certificate), path, model and
// id, within `scope`: what one configuration learns is not another's, whose limits may differ.
uint64_t TargetKey(const Target& target, std::string_view scope);

// A list of targets that a strategy chooses from, and its words in shared memory.
struct Lane {
  std::vector<size_t> members;  // target indices, in order
  std::vector<uint64_t> weights;
  uint64_t key = 0;
  StateCell* turn = nullptr;       // a: choices made so far; b: virtual time (strategy.h)
  std::vector<StateCell*> shares;  // of each member; a: how often it was chosen
  std::vector<uint64_t> share_keys;
};

class Board {
 public:
  // `providers` and `targets` outlive this. Not usable before Attach. `scope`: names the
  // configuration, and stays the same over a reload.
  Board(const config::Providers& providers, const std::vector<Target>& targets,
        std::string_view scope);

  StateNeeds needs() const noexcept;
  // Claims the entries. kResourceExhausted: the table is too small.
  Status Attach(StateTable table);

  size_t size() const noexcept { return targets_.size(); }
  // The state of the target with this index. When its entry has been given to another one (this
  // worker serves an old configuration), a private one that nobody else sees.
  TargetState& target(size_t index) noexcept;
  // The lane of exactly these candidates; nullptr: none was foreseen, or its words are lost.
  Lane* FindLane(const std::vector<size_t>& candidates) noexcept;
  // The words of the retry budget (see retry.h).
  StateCell& budget() noexcept;

  const config::Providers& providers() const noexcept { return providers_; }
  const std::vector<Target>& configured() const noexcept { return configured_; }

 private:
  struct Entry {
    uint64_t key = 0;
    TargetState* state = nullptr;
  };
  const config::Providers& providers_;
  const std::vector<Target>& configured_;
  std::vector<Entry> targets_;
  std::vector<Lane> lanes_;
  uint64_t budget_key_ = 0;
  StateCell* budget_ = nullptr;
  std::vector<TargetState> lost_;  // stand-ins
  StateCell lost_budget_{};
};

}  // namespace kt::routing
