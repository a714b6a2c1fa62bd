#include "core/session/target_edits.h"

#include <string>

namespace kt::session {
namespace {

// New members go in front: nothing before the first key is ever edited by a policy.
void InsertMembers(const json::View& view, json::NodeIndex object, std::string members,
                   json::Edits* edits) {
  if (members.empty()) return;
  const json::Node& node = view.node(object);
  const bool has_members = node.after > object + 1;
  if (has_members) members += ',';
  edits->Replace(node.begin + 1, node.begin + 1, std::move(members));
}

void ReplaceValue(const json::View& view, json::NodeIndex value, std::string bytes,
                  json::Edits* edits) {
  edits->Replace(view.node(value).begin, view.node(value).end, std::move(bytes));
}

}  // namespace

void AddTargetEdits(const json::View& view, const openai::RequestInfo& request,
                    std::string_view model, bool ask_usage, json::Edits* edits) {
  std::string members;
  if (!model.empty() && request.model_node != json::kNoNode) {
    ReplaceValue(view, request.model_node, json::Quote(model), edits);
  } else if (!model.empty()) {
    members = "\"model\":" + json::Quote(model);
  }
  const json::NodeIndex options = request.stream_options_node;
  if (ask_usage && !request.include_usage) {
    if (options == json::kNoNode) {
      if (!members.empty()) members += ',';
      members += R"("stream_options":{"include_usage":true})";
    } else if (view.node(options).kind != json::Kind::kObject) {
      ReplaceValue(view, options, R"({"include_usage":true})", edits);
    } else if (const auto asked = view.Find(options, "include_usage"); asked != json::kNoNode) {
      ReplaceValue(view, asked, "true", edits);
    } else {
      InsertMembers(view, options, R"("include_usage":true)", edits);
    }
  }
  InsertMembers(view, 0, std::move(members), edits);
}

}  // namespace kt::session
