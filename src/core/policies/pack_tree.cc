#include "core/policies/pack_tree.h"

#include <utility>

#include "core/json/view.h"

namespace kt::policies {
namespace {

using config::YamlNode;
using json::Kind;
using json::NodeIndex;

class TreeReader {
 public:
  TreeReader(const json::View& view, const std::string& file) : view_(view), file_(file) {}

  // False: it is no node.
  bool Read(NodeIndex list, YamlNode* out) {
    const json::Node& node = view_.node(list);
    const NodeIndex line = list + 1, value = list + 2;
    if (node.kind != Kind::kArray || value >= node.after) return false;
    out->file = file_;
    out->line = static_cast<int>(view_.Unsigned(line, 0));
    switch (view_.node(value).kind) {
      case Kind::kNull:
        return true;
      case Kind::kString:
        out->kind = YamlNode::Kind::kScalar;
        out->scalar = view_.String(value);
        return true;
      case Kind::kArray:
        out->kind = YamlNode::Kind::kList;
        return EachChild(value,
                         [&](NodeIndex child) { return Read(child, &out->items.emplace_back()); });
      case Kind::kObject:
        out->kind = YamlNode::Kind::kMap;
        return EachChild(value, [&](NodeIndex child) { return ReadMember(child, out); });
      default:
        return false;
    }
  }

 private:
  template <typename Take>
  bool EachChild(NodeIndex parent, const Take& take) const {
    const NodeIndex end = view_.node(parent).after;
    for (NodeIndex child = parent + 1; child < end; child = view_.node(child).after) {
      if (!take(child)) return false;
    }
    return true;
  }

  bool ReadMember(NodeIndex member, YamlNode* map) {
    auto& [key, value] = map->members.emplace_back();
    key.kind = YamlNode::Kind::kScalar;
    key.file = file_;
    json::Decoded name;
    view_.DecodeKey(member, &name);
    key.scalar = name.text();
    if (!Read(member, &value)) return false;
    const NodeIndex line = view_.node(member + 2).after;
    if (line >= view_.node(member).after) return false;
    key.line = static_cast<int>(view_.Unsigned(line, 0));
    return true;
  }

  const json::View& view_;
  const std::string& file_;
};

}  // namespace

Result<YamlNode> ReadPackTree(std::string_view json, const std::string& file) {
  json::View view;
  if (Status status = view.Parse(json, 0, {}); !status.ok()) return status;
  YamlNode root;
  if (!TreeReader(view, file).Read(0, &root)) return Status::Internal(file + ": no tree of a pack");
  return root;
}

}  // namespace kt::policies
