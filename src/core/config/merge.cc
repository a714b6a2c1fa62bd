#include "core/config/merge.h"

#include <string_view>
#include <unordered_map>

namespace kt::config {

void Merge(YamlNode over, YamlNode* base) {
  const bool base_is_map = base->kind == YamlNode::Kind::kMap;
  if (base_is_map && over.kind == YamlNode::Kind::kNull) return;
  if (!base_is_map || over.kind != YamlNode::Kind::kMap) {
    *base = std::move(over);
    return;
  }
  std::unordered_map<std::string, size_t> index;
  for (size_t i = 0; i < base->members.size(); ++i) {
    index.emplace(base->members[i].key.scalar, i);
  }
  for (auto& [key, value] : over.members) {
    const auto found = index.find(key.scalar);
    if (found == index.end()) {
      base->members.push_back({std::move(key), std::move(value)});
      continue;
    }
    auto& member = base->members[found->second];
    const bool merges =
        member.value.kind == YamlNode::Kind::kMap && value.kind == YamlNode::Kind::kMap;
    if (!merges && value.kind != YamlNode::Kind::kNull) member.key = std::move(key);
    Merge(std::move(value), &member.value);
  }
}

}  // namespace kt::config
