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

// Members that are to be added to the root come back in *members.
bool AskUsage(const json::View& view, const openai::RequestInfo& request, std::string* members,
              json::Edits* edits) {
  const json::NodeIndex options = request.stream_options_node;
  if (request.include_usage) return false;
  if (options == json::kNoNode) {
    if (!members->empty()) *members += ',';
    *members += R"("stream_options":{"include_usage":true})";
    return true;
  }
  if (view.node(options).kind == json::Kind::kNull) {
    ReplaceValue(view, options, R"({"include_usage":true})", edits);
    return true;
  }
  // Of a wrong type: the provider shall say so.
  if (view.node(options).kind != json::Kind::kObject) return false;
  const json::NodeIndex asked = view.Find(options, "include_usage");
  if (asked != json::kNoNode) {
    ReplaceValue(view, asked, "true", edits);
  } else {
    InsertMembers(view, options, R"("include_usage":true)", edits);
  }
  return true;
}

}  // namespace

bool AddTargetEdits(const json::View& view, const openai::RequestInfo& request,
                    std::string_view model, bool ask_usage, json::Edits* edits) {
  std::string members;
  if (!model.empty() && request.model_node != json::kNoNode) {
    ReplaceValue(view, request.model_node, json::Quote(model), edits);
  } else if (!model.empty()) {
    members = "\"model\":" + json::Quote(model);
  }
  const bool asked = ask_usage && AskUsage(view, request, &members, edits);
  InsertMembers(view, 0, std::move(members), edits);
  return asked;
}

}  // namespace kt::session
