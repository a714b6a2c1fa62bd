#include <algorithm>
#include <set>

#include "core/config/sections.h"

namespace kt::config {

namespace {

constexpr size_t kMaxGroups = 256;
constexpr TextRule kModelName = {.max_bytes = 512};

constexpr Choice<Strategy> kStrategies[] = {
    {"single", Strategy::kSingle},          {"fallback", Strategy::kFallback},
    {"ordered", Strategy::kFallback},       {"weighted_round_robin", Strategy::kWeightedRoundRobin},
    {"round_robin", Strategy::kRoundRobin}, {"lowest_latency", Strategy::kLowestLatency},
    {"lowest_cost", Strategy::kLowestCost}, {"random", Strategy::kRandom},
};

// `names`: every target id, group name and alias so far; a request's `model` selects by these.
void ClaimName(const Value& value, const std::string& name, std::set<std::string>* names) {
  if (!name.empty() && !names->insert(name).second) {
    value.Fail("\"" + Printable(name) + "\" is already the name of a target or a group");
  }
}

void ReadGroupTargets(const Value& value, const std::vector<Target>& targets, ModelGroup* group) {
  std::vector<std::string_view> ids;
  for (const Target& target : targets) ids.push_back(target.id);
  value.List(targets.size() + kMaxGroups, [&](const Value& item) {
    std::string id;
    if (!item.Text(&id, kModelName)) return;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
      return item.Fail("no target has the id \"" + Printable(id) + "\"",
                       std::string(Nearest(id, ids)));
    }
    group->targets.push_back(std::move(id));
  });
  if (value.present() && value.node().kind == YamlNode::Kind::kList && value.node().items.empty()) {
    value.Fail("must not be empty");
  }
}

void ReadGroup(MapReader& map, const std::vector<Target>& targets, std::set<std::string>* names,
               ModelGroup* group) {
  const Value name = map.Require("name");
  if (name.Text(&group->name, kModelName)) ClaimName(name, group->name, names);
  map.Get("aliases").List(kMaxGroups, [&](const Value& item) {
    std::string alias;
    if (!item.Text(&alias, kModelName)) return;
    ClaimName(item, alias, names);
    group->aliases.push_back(std::move(alias));
  });
  ReadGroupTargets(map.Require("targets"), targets, group);
  map.NotYet("fallback_group");
}

// What the choice of a strategy silently ignores.
void WarnOfStrategy(const Value& given, const Value& list, const Providers& providers) {
  const size_t count = providers.targets.size();
  if (count > 1 && !given.present()) {
    list.Warn(
        "several targets without a strategy: fallback, so all traffic goes to the first "
        "while it works",
        "to split traffic set providers.strategy: weighted_round_robin and a weight on each "
        "target");
  }
  if (count > 1 && given.present() && providers.strategy == Strategy::kSingle) {
    given.Warn("single uses the first target only; the others get no traffic",
               "use fallback to fail over, weighted_round_robin to split traffic");
  }
  if (providers.strategy == Strategy::kLowestCost) {
    for (const Target& target : providers.targets) {
      if (!target.pricing) {
        given.Warn("the target \"" + target.id + "\" has no pricing to compare");
      }
    }
  }
}

void CheckWeights(const Value& list, const Providers& providers) {
  const auto& targets = providers.targets;
  if (providers.strategy == Strategy::kWeightedRoundRobin) {
    const bool none =
        std::all_of(targets.begin(), targets.end(), [](const Target& t) { return t.weight == 0; });
    if (none && !targets.empty()) list.Fail("every target has the weight 0");
    return;
  }
  const bool weighted =
      std::any_of(targets.begin(), targets.end(), [](const Target& t) { return t.weight != 1.0; });
  if (weighted && targets.size() > 1) {
    list.Warn("weights have no effect with this strategy",
              "set providers.strategy: weighted_round_robin");
  }
}

void ReadStrategy(const Value& given, const Value& list, Providers* providers) {
  providers->strategy = providers->targets.size() > 1 ? Strategy::kFallback : Strategy::kSingle;
  given.OneOf(kStrategies, &providers->strategy);
  if (!list.present()) return;
  WarnOfStrategy(given, list, *providers);
  CheckWeights(list, *providers);
}

}  // namespace

void ReadModelGroups(const Value& value, const std::vector<Target>& targets,
                     std::vector<ModelGroup>* groups) {
  std::set<std::string> names;
  for (const Target& target : targets) names.insert(target.id);
  value.List(kMaxGroups, [&](const Value& item) {
    ModelGroup group;
    item.Map([&](MapReader& map) { ReadGroup(map, targets, &names, &group); });
    groups->push_back(std::move(group));
  });
}

void ReadProviders(const Value& value, Providers* providers) {
  value.Map([providers](MapReader& map) {
    const Value list = map.Require("targets");
    ReadTargets(list, &providers->targets);
    Value strategy = map.Get("strategy");
    map.Get("routing").Map(
        [&strategy](MapReader& routing) { strategy = Either(strategy, routing.Get("strategy")); });
    ReadStrategy(strategy, list, providers);
    ReadModelGroups(map.Get("model_groups"), providers->targets, &providers->model_groups);
    ReadFallback(map.Get("fallback"), &providers->fallback);
    ReadRetry(map.Get("retry", "retry_policy"), &providers->retry);
    ReadCircuitBreaker(map.Get("circuit_breaker"), &providers->circuit_breaker);
  });
}

void ReadSizeLimits(const Value& value, SizeLimits* limits) {
  constexpr uint64_t kMaxBytes = uint64_t{1} << 30;
  value.Map([limits](MapReader& map) {
    map.Get("max_body_bytes").Whole(uint64_t{1}, kMaxBytes, &limits->max_body_bytes);
    map.Get("max_text_bytes").Whole(uint64_t{1}, kMaxBytes, &limits->max_text_bytes);
    map.Get("max_response_bytes").Whole(uint64_t{1}, kMaxBytes, &limits->max_response_bytes);
  });
}

}  // namespace kt::config
