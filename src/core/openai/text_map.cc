#include "core/openai/text_map.h"

#include <algorithm>
#include <optional>

#include "core/openai/json_texts.h"
#include "core/openai/responses_event.h"
#include "core/openai/text_walker.h"

namespace kt::openai {
namespace {

using json::Kind;
using json::kNoNode;
using json::NodeIndex;
using json::View;

bool Is(const View& view, NodeIndex i, Kind kind) noexcept {
  return i != kNoNode && view.node(i).kind == kind;
}

bool Refuse(RequestError* error, const char* code, const char* message, const char* param) {
  error->code = code;
  error->message = message;
  error->param = param;
  return false;
}

Context RequestContext(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::kChatCompletions:
      return Context::kChatRequest;
    case Endpoint::kCompletions:
      return Context::kCompletionsRequest;
    case Endpoint::kEmbeddings:
      return Context::kEmbeddingsRequest;
    case Endpoint::kResponses:
      return Context::kResponsesRequest;
    default:
      return Context::kUnknown;
  }
}

// An endpoint that is not known is read like a chat: its table makes the fewest assumptions.
Context AnswerContext(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::kEmbeddings:
      return Context::kEmbeddingsAnswer;
    case Endpoint::kModels:
      return Context::kModelsAnswer;
    case Endpoint::kResponses:
      return Context::kResponsesAnswer;
    default:
      return Context::kAnswer;
  }
}

// The members that decide how the request is handled must be of their type: a provider that is
// more lenient than we are would handle it in another way.
bool ReadRequestMembers(const View& view, RequestInfo* info, RequestError* error) {
  static constexpr std::string_view kMembers[] = {"model", "stream", "stream_options",
                                                  "background"};
  const auto [model, stream, stream_options, background] = view.FindEach(0, kMembers);
  info->model_node = model;
  if (view.IsGiven(model)) {
    if (!Is(view, info->model_node, Kind::kString)) {
      return Refuse(error, "invalid_parameter", "\"model\" must be a string", "model");
    }
    info->model = view.String(info->model_node);
  }
  if (stream != kNoNode) {
    info->stream = Is(view, stream, Kind::kTrue);
    if (!info->stream && !Is(view, stream, Kind::kFalse)) {
      return Refuse(error, "invalid_parameter", "\"stream\" must be a boolean", "stream");
    }
  }
  info->stream_options_node = stream_options;
  info->include_usage =
      Is(view, view.Find(info->stream_options_node, "include_usage"), Kind::kTrue);
  if (info->endpoint == Endpoint::kResponses && view.IsGiven(background) &&
      !Is(view, background, Kind::kFalse)) {
    return Refuse(error, "unsupported_parameter",
                  "\"background\" is not supported: the answer would not come through the gateway",
                  "background");
  }
  return true;
}

// The members of a root that tell what it is, found in one pass.
struct Root {
  NodeIndex type = kNoNode, object = kNoNode, model = kNoNode, error = kNoNode, choices = kNoNode,
            data = kNoNode, output = kNoNode, usage = kNoNode, response = kNoNode, x_groq = kNoNode;
};

Root ReadRoot(const View& view) noexcept {
  static constexpr std::string_view kMembers[] = {"type", "object", "model", "error",    "choices",
                                                  "data", "output", "usage", "response", "x_groq"};
  const auto [type, object, model, error, choices, data, output, usage, response, x_groq] =
      view.FindEach(0, kMembers);
  return {type, object, model, error, choices, data, output, usage, response, x_groq};
}

// Of an answer, of a chunk (Groq: in a member of its own; Moonshot: in its choice), of an event
// that holds the response.
Usage FindUsage(const View& view, const Root& root) noexcept {
  Usage usage = ReadUsage(view, root.usage);
  if (!usage.present) usage = ReadUsage(view, view.Find(root.response, "usage"));
  if (!usage.present) usage = ReadUsage(view, view.Find(root.x_groq, "usage"));
  const bool chosen =
      Is(view, root.choices, Kind::kArray) && view.node(root.choices).after > root.choices + 1;
  if (!usage.present && chosen) usage = ReadUsage(view, view.Find(root.choices + 1, "usage"));
  return usage;
}

// Does the event hold a piece of a text that others go on with?
bool HoldsPiece(const std::vector<Segment>& segments) noexcept {
  return std::any_of(segments.begin(), segments.end(),
                     [](const Segment& segment) { return segment.lane != 0 && !segment.repeated; });
}

// `type`: of a `responses` event, as its data has it. Unsound where the name says something else.
void ReadNaming(std::string_view name, std::optional<std::string_view> type, EventInfo* info) {
  if (!HoldsPiece(info->segments)) return;
  constexpr std::string_view kUnnamed = "message";
  if (name.empty()) name = kUnnamed;
  if (!type) {
    info->naming = MixLane(LaneKey{6}, name);
    return;
  }
  const bool named = name != kUnnamed;
  if (named && !type->empty() && name != *type) info->numbering = Numbering::kUnsound;
  info->naming = MixLane(LaneKey{7}, uint64_t{named} << 1 | uint64_t{type->empty()});
}

// Of a piece of a chat: "reasoning_content", "thinking_blocks", or a part that is "thinking".
bool IsThought(const View& view, NodeIndex text) noexcept {
  for (NodeIndex i = text; i != kNoNode; i = view.node(i).parent) {
    const std::string_view key = view.RawKey(i);
    if (key == "delta") return false;
    if (key.starts_with("reasoning") || key.starts_with("thinking")) return true;
  }
  return false;
}

Voice VoiceOf(const View& view, const std::vector<Segment>& segments) noexcept {
  Voice voice = Voice::kNone;
  for (const Segment& segment : segments) {
    if (segment.lane == 0) continue;
    const Voice own = IsThought(view, segment.node) ? Voice::kThinks : Voice::kSays;
    if (voice != Voice::kNone && voice != own) return Voice::kBoth;
    voice = own;
  }
  return voice;
}

// The text that an event adds. What comes once more, at its end or all the time, is not new.
size_t DeltaBytes(const View& view, const std::vector<Segment>& segments) noexcept {
  size_t bytes = 0;
  for (const Segment& segment : segments) {
    if (segment.lane == 0 || segment.repeated || segment.growing || segment.is_key) continue;
    const json::Node& node = view.node(segment.node);
    if (node.kind == Kind::kString) bytes += node.end - node.begin - 2;
  }
  return bytes;
}

}  // namespace

bool MapRequest(const View& view, Endpoint endpoint, RequestInfo* info, RequestError* error) {
  *info = {};
  info->endpoint = endpoint;
  const Context context = RequestContext(endpoint);
  if (context != Context::kUnknown) {
    if (!Is(view, view.empty() ? kNoNode : 0, Kind::kObject)) {
      return Refuse(error, "invalid_json", "The body must be a JSON object.", "");
    }
    if (!ReadRequestMembers(view, info, error)) return false;
  }
  TextWalker walker(view, TextWalker::Mode::kRequest, {&info->segments, &info->unscanned});
  walker.WalkRoot(context);
  if (!walker.misspelt_key().empty()) {
    // Two readers would take it for two things: what decides here might not decide there.
    const std::string key(walker.misspelt_key());
    *error = {"invalid_parameter", "A key is \"" + key + "\" but for its case.", key};
    return false;
  }
  info->stateful = walker.stateful();
  info->wants_json = AsksForJson(view, endpoint);
  info->text_bytes = walker.text_bytes();
  return true;
}

void MapAnswer(const View& view, Endpoint endpoint, AnswerInfo* info) {
  info->Clear();
  if (view.empty()) return;
  TextWalker walker(view, TextWalker::Mode::kAnswer,
                    {&info->segments, &info->unscanned, &info->logprobs});
  walker.WalkRoot(AnswerContext(endpoint));
  const Root root = ReadRoot(view);
  info->usage = FindUsage(view, root);
  info->text_bytes = walker.text_bytes();
  info->misspelt = !walker.misspelt_key().empty();
  info->model = view.String(root.model);
  const bool may_hold = root.choices != kNoNode || root.data != kNoNode || root.output != kNoNode;
  info->is_error = !may_hold && (view.IsGiven(root.error) || view.Equals(root.object, "error"));
  const bool may_omit = root.choices == kNoNode && Is(view, root.object, Kind::kString);
  info->holds_answer = Is(view, root.choices, Kind::kArray) || Is(view, root.data, Kind::kArray) ||
                       Is(view, root.output, Kind::kArray) || may_omit;
}

void AnswerInfo::Clear() noexcept {
  segments.clear();
  unscanned.clear();
  logprobs.clear();
  usage = {};
  text_bytes = 0;
  is_error = holds_answer = misspelt = false;
  model.clear();
}

void EventInfo::Clear() noexcept {
  segments.clear();
  logprobs.clear();
  choices.clear();
  finished.clear();
  ended.clear();
  ended_groups.clear();
  voice = Voice::kNone;
  unscanned.clear();
  numbering = call_numbering = Numbering::kNone;
  numbered = naming = 0;
  content = is_error = misspelt = completed = usage_only = waits = false;
  usage = {};
  delta_bytes = 0;
}

void MapEvent(const View& view, Endpoint endpoint, std::string_view event_name, EventInfo* info) {
  info->Clear();
  if (view.empty()) return;
  const Root root = ReadRoot(view);
  TextWalker walker(
      view, TextWalker::Mode::kEvent,
      {&info->segments, &info->unscanned, &info->logprobs, &info->choices, &info->finished});
  const bool responses = endpoint == Endpoint::kResponses;
  const bool typed = Is(view, root.type, Kind::kString) &&
                     view.node(root.type).end - view.node(root.type).begin > 2;
  std::string type;
  if (responses) {
    type = typed ? view.String(root.type) : std::string(event_name);
    ReadResponsesType(view, type, &walker, info);
  }
  walker.WalkRoot(responses ? Context::kResponsesEvent : AnswerContext(endpoint));
  if (responses) ReadItems(view, type, info);
  const Saying saying = responses ? SayingOf(type) : Saying{0};
  for (Segment& segment : info->segments) {
    segment.saying = saying;
    if (segment.repeated) info->ended.push_back(segment.lane);
  }
  info->content = walker.content();
  info->misspelt = !walker.misspelt_key().empty();
  if (!responses) {
    info->numbering = walker.numbering();
    info->voice = VoiceOf(view, info->segments);
  }
  info->call_numbering = walker.call_numbering();
  ReadNaming(event_name,
             responses ? std::optional(typed ? std::string_view(type) : "") : std::nullopt, info);
  info->usage = FindUsage(view, root);
  info->delta_bytes = DeltaBytes(view, info->segments);
  const bool error_type = typed ? view.Equals(root.type, "error") : event_name == "error";
  const bool is_object = root.choices == kNoNode && view.Equals(root.object, "error");
  info->is_error = view.IsGiven(root.error) || error_type || is_object || event_name == "error";
  info->usage_only = Is(view, root.choices, Kind::kArray) &&
                     view.node(root.choices).after == root.choices + 1 && info->usage.present;
}

uint32_t ChoiceOf(const View& view, Endpoint endpoint, NodeIndex node) noexcept {
  const bool responses = endpoint == Endpoint::kResponses;
  uint32_t choice = responses ? view.Unsigned(view.Find(0, "output_index"), 0) : 0;
  // The outermost array counts: an item of `output` may have an `output` of its own.
  for (NodeIndex i = node; i < view.nodes().size(); i = view.node(i).parent) {
    const NodeIndex array = view.node(i).parent;
    if (array == kNoNode || view.node(array).kind != Kind::kArray) continue;
    if (responses) {
      if (view.KeyEquals(array, "output")) choice = view.node(i).position;
    } else if (view.KeyEquals(array, "choices") || view.KeyEquals(array, "data")) {
      choice = view.Unsigned(view.Find(i, "index"), view.node(i).position);
    }
  }
  return choice;
}

}  // namespace kt::openai
