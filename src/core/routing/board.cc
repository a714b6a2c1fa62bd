#include "core/routing/board.h"

#include <string>

#include "core/routing/strategy.h"

namespace kt::routing {
namespace {

void Add(std::string* text, std::string_view part) {
  text->append(part);
  text->push_back('\0');
}

// Weights and strategy are part of it: with others, old counts mean nothing.
uint64_t LaneKey(const config::Providers& providers, const std::vector<Target>& targets,
                 const std::vector<size_t>& members, std::string_view scope) {
  std::string text = "lane";
  Add(&text, std::to_string(static_cast<int>(providers.strategy)));
  for (const size_t i : members) {
    Add(&text, std::to_string(TargetKey(targets[i], scope)));
    Add(&text, std::to_string(targets[i].config->weight));
  }
  return StateKey(text);
}

}  // namespace

uint64_t TargetKey(const Target& target, std::string_view scope) {
  std::string text = "target";
  Add(&text, scope);
  Add(&text, target.identity);
  Add(&text, target.config->base_url.path);
  Add(&text, target.config->model);
  Add(&text, target.config->id);
  return StateKey(text);
}

Board::Board(const config::Providers& providers, const std::vector<Target>& targets,
             std::string_view scope)
    : providers_(providers), configured_(targets), lost_(targets.size()) {
  std::string all = "budget";
  for (const Target& target : targets) {
    targets_.push_back({TargetKey(target, scope), nullptr});
    Add(&all, std::to_string(targets_.back().key));
  }
  budget_key_ = StateKey(all);
  for (std::vector<size_t>& members : CandidateLists(providers, targets)) {
    if (members.size() < 2) continue;
    Lane lane;
    lane.key = LaneKey(providers, targets, members, scope);
    for (const size_t i : members) {
      std::string text = "share";
      Add(&text, std::to_string(lane.key));
      Add(&text, std::to_string(targets_[i].key));
      lane.share_keys.push_back(StateKey(text));
    }
    const bool weighted = providers.strategy == config::Strategy::kWeightedRoundRobin;
    std::vector<double> weights;
    for (const size_t i : members) weights.push_back(weighted ? targets[i].config->weight : 1.0);
    lane.weights = WholeWeights(weights);
    lane.shares.resize(members.size());
    lane.members = std::move(members);
    lanes_.push_back(std::move(lane));
  }
}

StateNeeds Board::needs() const noexcept {
  StateNeeds needs{targets_.size(), 1};
  for (const Lane& lane : lanes_) needs.cells += 1 + lane.members.size();
  return needs;
}

Status Board::Attach(StateTable table) {
  bool room = true;
  for (Entry& entry : targets_) {
    entry.state = table.ClaimTarget(entry.key);
    room = room && entry.state != nullptr;
  }
  budget_ = table.ClaimCell(budget_key_);
  room = room && budget_ != nullptr;
  for (Lane& lane : lanes_) {
    lane.turn = table.ClaimCell(lane.key);
    room = room && lane.turn != nullptr;
    for (size_t i = 0; i < lane.shares.size(); ++i) {
      lane.shares[i] = table.ClaimCell(lane.share_keys[i]);
      room = room && lane.shares[i] != nullptr;
    }
  }
  return room ? Status::Ok()
              : Status::ResourceExhausted("the shared memory is too small for the targets");
}

TargetState& Board::target(size_t index) noexcept {
  const Entry& entry = targets_[index];
  if (entry.state != nullptr && entry.state->key.load() == entry.key) return *entry.state;
  return lost_[index];
}

Lane* Board::FindLane(const std::vector<size_t>& candidates) noexcept {
  for (Lane& lane : lanes_) {
    if (lane.members != candidates) continue;
    const auto is = [](const StateCell* cell, uint64_t key) {
      return cell != nullptr && cell->key.load() == key;
    };
    bool whole = is(lane.turn, lane.key);
    for (size_t i = 0; i < lane.shares.size(); ++i) {
      whole = whole && is(lane.shares[i], lane.share_keys[i]);
    }
    return whole ? &lane : nullptr;
  }
  return nullptr;
}

StateCell& Board::budget() noexcept {
  const bool ours = budget_ != nullptr && budget_->key.load() == budget_key_;
  return ours ? *budget_ : lost_budget_;
}

}  // namespace kt::routing
