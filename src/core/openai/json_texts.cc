#include "core/openai/json_texts.h"

namespace kt::openai {
namespace {

using json::kNoNode;
using json::NodeIndex;
using json::View;

NodeIndex ParentOf(const View& view, NodeIndex node) noexcept {
  return node == kNoNode ? kNoNode : view.node(node).parent;
}

bool IsContent(const View& view, NodeIndex text) noexcept {
  NodeIndex content = text;
  if (view.KeyEquals(text, "text")) content = ParentOf(view, ParentOf(view, text));
  const NodeIndex message = ParentOf(view, content);
  return message != kNoNode && view.KeyEquals(content, "content") &&
         (view.KeyEquals(message, "message") || view.KeyEquals(message, "delta"));
}

}  // namespace

bool AsksForJson(const View& view, Endpoint endpoint) noexcept {
  if (endpoint != Endpoint::kChatCompletions) return false;
  const NodeIndex type = view.Find(view.Find(0, "response_format"), "type");
  return view.Equals(type, "json_object") || view.Equals(type, "json_schema");
}

void MarkJsonTexts(const View& view, std::vector<Segment>* segments) {
  for (Segment& segment : *segments) {
    const bool text = segment.text_class == TextClass::kText && !segment.is_key;
    segment.json_inside = segment.json_inside || (text && IsContent(view, segment.node));
  }
}

}  // namespace kt::openai
