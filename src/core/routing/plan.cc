#include <algorithm>

#include "core/routing/target.h"

namespace kt::routing {
namespace {

bool Serves(const Target& target, std::string_view endpoint_type) {
  const std::string& type = target.config->endpoint_type;
  return type.empty() || endpoint_type.empty() || type == endpoint_type;
}

std::optional<size_t> IndexOf(const std::vector<Target>& targets, std::string_view id) {
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].config->id == id) return i;
  }
  return std::nullopt;
}

bool Names(const config::ModelGroup& group, std::string_view model) {
  return group.name == model ||
         std::find(group.aliases.begin(), group.aliases.end(), model) != group.aliases.end();
}

// The targets that a model name restricts the choice to, in listed order; all when it is none.
std::vector<size_t> Named(const config::Providers& providers, const std::vector<Target>& targets,
                          std::string_view model) {
  if (!model.empty()) {
    if (const auto index = IndexOf(targets, model)) return {*index};
    for (const config::ModelGroup& group : providers.model_groups) {
      if (!Names(group, model)) continue;
      std::vector<size_t> members;
      for (const std::string& id : group.targets) {
        if (const auto index = IndexOf(targets, id)) members.push_back(*index);
      }
      return members;
    }
  }
  std::vector<size_t> all(targets.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

}  // namespace

std::vector<size_t> PlanTargets(const config::Providers& providers,
                                const std::vector<Target>& targets, openai::Endpoint endpoint,
                                std::string_view model) {
  std::vector<size_t> plan = Named(providers, targets, model);
  const std::string_view type = openai::EndpointType(endpoint);
  std::erase_if(plan, [&](size_t i) { return !Serves(targets[i], type); });
  if (providers.strategy == config::Strategy::kFallback && !model.empty()) {
    std::stable_partition(plan.begin(), plan.end(),
                          [&](size_t i) { return targets[i].config->model == model; });
  }
  // `single` means this one and no other, so it is cut before the unavailable ones go.
  if (providers.strategy == config::Strategy::kSingle && plan.size() > 1) plan.resize(1);
  std::erase_if(plan, [&](size_t i) { return !targets[i].available; });
  return plan;
}

bool AnyServes(const config::Providers& providers, const std::vector<Target>& targets,
               openai::Endpoint endpoint, std::string_view model) {
  const std::vector<size_t> named = Named(providers, targets, model);
  const std::string_view type = openai::EndpointType(endpoint);
  return std::any_of(named.begin(), named.end(),
                     [&](size_t i) { return Serves(targets[i], type); });
}

std::vector<std::vector<size_t>> CandidateLists(const config::Providers& providers,
                                                const std::vector<Target>& targets) {
  using openai::Endpoint;
  std::vector<std::string_view> models = {""};
  for (const config::ModelGroup& group : providers.model_groups) models.push_back(group.name);
  std::vector<std::vector<size_t>> lists;
  for (const std::string_view model : models) {
    for (const Endpoint endpoint : {Endpoint::kUnknown, Endpoint::kChatCompletions,
                                    Endpoint::kCompletions, Endpoint::kEmbeddings}) {
      std::vector<size_t> list = PlanTargets(providers, targets, endpoint, model);
      if (list.size() < 2 || std::find(lists.begin(), lists.end(), list) != lists.end()) continue;
      lists.push_back(std::move(list));
    }
  }
  return lists;
}

}  // namespace kt::routing
