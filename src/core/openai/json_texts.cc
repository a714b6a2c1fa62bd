#include "core/openai/json_texts.h"

namespace kt::openai {
namespace {

using json::kNoNode;
using json::NodeIndex;
using json::View;

bool IsContent(const View& view, Endpoint endpoint, NodeIndex node) {
  const NodeIndex object = view.node(node).parent;
  if (object == kNoNode) return false;
  if (endpoint != Endpoint::kResponses) {
    return view.KeyEquals(node, "content") &&
           (view.KeyEquals(object, "message") || view.KeyEquals(object, "delta"));
  }
  const NodeIndex type = view.Find(object, "type");
  if (object == 0) {
    const bool delta = view.Equals(type, "response.output_text.delta");
    const bool done = view.Equals(type, "response.output_text.done");
    return (delta && view.KeyEquals(node, "delta")) || (done && view.KeyEquals(node, "text"));
  }
  if (!view.KeyEquals(node, "text")) return false;
  const bool reasoning = view.Equals(type, "summary_text") || view.Equals(type, "reasoning_text");
  return view.Equals(type, "output_text") || (view.KeyEquals(object, "part") && !reasoning);
}

}  // namespace

bool AsksForJson(const View& view, Endpoint endpoint) noexcept {
  const NodeIndex format = endpoint == Endpoint::kResponses
                               ? view.Find(view.Find(0, "text"), "format")
                               : view.Find(0, "response_format");
  const NodeIndex type = view.Find(format, "type");
  return view.Equals(type, "json_object") || view.Equals(type, "json_schema");
}

void MarkJsonTexts(const View& view, Endpoint endpoint, std::vector<Segment>* segments) {
  for (Segment& segment : *segments) {
    const bool text = segment.text_class == TextClass::kText && !segment.is_key;
    if (!text || segment.in_error || !IsContent(view, endpoint, segment.node)) continue;
    segment.json_inside = true;
    segment.group = segment.lane;  // each is JSON by itself
  }
}

}  // namespace kt::openai
