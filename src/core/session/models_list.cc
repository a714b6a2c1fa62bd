#include "core/session/models_list.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/json/edits.h"

namespace kt::session {
namespace {

class List {
 public:
  void Add(std::string_view id, std::string_view owned_by) {
    if (id.empty() || !seen_.emplace(id).second) return;
    if (seen_.size() > 1) data_ += ',';
    // `created` is required by the API's shape; a name of ours has no such time.
    data_ += R"({"id":)" + json::Quote(id) + R"(,"object":"model","created":0,"owned_by":)" +
             json::Quote(owned_by) + "}";
  }
  std::string Finish() const { return R"({"object":"list","data":[)" + data_ + "]}"; }

 private:
  std::set<std::string, std::less<>> seen_;
  std::string data_;
};

bool AnyAvailable(const config::ModelGroup& group, const std::vector<routing::Target>& targets) {
  return std::any_of(targets.begin(), targets.end(), [&](const routing::Target& target) {
    return target.available && std::find(group.targets.begin(), group.targets.end(),
                                         target.config->id) != group.targets.end();
  });
}

}  // namespace

std::string ModelsList(const config::Providers& providers,
                       const std::vector<routing::Target>& targets) {
  List list;
  for (const config::ModelGroup& group : providers.model_groups) {
    if (!AnyAvailable(group, targets)) continue;
    list.Add(group.name, "keeptrusts");
    for (const std::string& alias : group.aliases) list.Add(alias, "keeptrusts");
  }
  for (const routing::Target& target : targets) {
    if (target.available) list.Add(target.config->id, target.config->provider);
  }
  for (const routing::Target& target : targets) {
    if (target.available) list.Add(target.config->model, target.config->provider);
  }
  return list.Finish();
}

}  // namespace kt::session
