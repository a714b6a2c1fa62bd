#include "core/openai/echo.h"

#include <algorithm>

#include "core/openai/echo_parts.h"
#include "core/openai/error_body.h"

namespace kt::openai {
namespace {

using json::kNoNode;
using json::NodeIndex;
using json::View;

constexpr uint32_t kMaxChoices = 16;
constexpr size_t kMaxPrompts = 2048;  // of the API: one request cannot ask for more

// A string, or the `text` of the parts of an array.
std::string TextOf(const View& view, NodeIndex content) {
  if (content == kNoNode) return {};
  if (view.node(content).kind == json::Kind::kString) return view.String(content);
  std::string text;
  bool first = true;
  for (NodeIndex part = content + 1; part < view.node(content).after;
       part = view.node(part).after) {
    const bool string = view.node(part).kind == json::Kind::kString;
    const NodeIndex value = string ? part : view.Find(part, "text");
    if (value == kNoNode) continue;
    if (!first) text.push_back('\n');
    first = false;
    text += view.String(value);
  }
  return text;
}

EchoAnswer ErrorAnswer(int status, std::string code, std::string message,
                       std::string_view request_id) {
  ErrorInfo error;
  error.message = std::move(message);
  error.type = "validation_error";
  error.code = std::move(code);
  error.request_id = request_id;
  EchoAnswer answer = JsonAnswer(ErrorBody(error));
  answer.status = status;
  return answer;
}

std::vector<std::string> TextsFor(const View& view, Endpoint endpoint) {
  if (endpoint == Endpoint::kCompletions || endpoint == Endpoint::kEmbeddings) {
    return Prompts(view);
  }
  uint32_t choices = 1;
  if (endpoint == Endpoint::kChatCompletions) {
    choices = std::clamp<uint32_t>(view.Unsigned(view.Find(0, "n"), 1), 1, kMaxChoices);
  }
  return std::vector<std::string>(choices, LastUserMessage(view, endpoint));
}

}  // namespace

std::string LastUserMessage(const View& view, Endpoint endpoint) {
  const bool responses = endpoint == Endpoint::kResponses;
  const NodeIndex list = view.Find(0, responses ? "input" : "messages");
  if (list == kNoNode) return {};
  if (view.node(list).kind == json::Kind::kString) return view.String(list);
  NodeIndex last = kNoNode;
  for (NodeIndex i = list + 1; i < view.node(list).after; i = view.node(i).after) {
    if (view.Equals(view.Find(i, "role"), "user")) last = i;
  }
  return TextOf(view, view.Find(last, "content"));
}

std::vector<std::string> Prompts(const View& view) {
  NodeIndex prompt = view.Find(0, "prompt");
  if (prompt == kNoNode) prompt = view.Find(0, "input");
  std::vector<std::string> texts;
  if (prompt != kNoNode && view.node(prompt).kind == json::Kind::kArray) {
    for (NodeIndex i = prompt + 1; i < view.node(prompt).after; i = view.node(i).after) {
      // Numbers are the tokens of one text, which has no words to echo.
      if (view.node(i).kind == json::Kind::kNumber || texts.size() == kMaxPrompts) break;
      texts.push_back(view.String(i));
    }
  }
  if (texts.empty()) texts.push_back(view.String(prompt));
  return texts;
}

std::vector<std::string_view> CutIntoPieces(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (size_t n = 0; !text.empty(); ++n) {
    size_t characters = 1 + n * 5 % 8;
    size_t end = 0;
    while (end < text.size() && characters > 0) {
      ++end;
      while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
      --characters;
    }
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pieces;
}

uint64_t CountTokens(std::string_view text) noexcept {
  return (text.size() + 3) / 4;
}

EchoAnswer JsonAnswer(std::string body) {
  EchoAnswer answer;
  answer.content_type = "application/json";
  answer.pieces.push_back(std::move(body));
  return answer;
}

EchoAnswer StreamAnswer() {
  EchoAnswer answer;
  answer.content_type = "text/event-stream; charset=utf-8";
  return answer;
}

EchoAnswer Echo(Endpoint endpoint, std::string_view body, std::string_view request_id,
                long long created_unix_seconds) {
  View view;
  EchoRequest request{
      view, endpoint, std::string(request_id), created_unix_seconds, false, false, {}, 0, 0};
  if (endpoint == Endpoint::kModels) return EchoModels(request);
  if (endpoint == Endpoint::kUnknown) {
    return ErrorAnswer(404, "unsupported_endpoint", "echo does not serve this endpoint",
                       request_id);
  }
  if (!view.Parse(body, 0, {}).ok() || view.node(0).kind != json::Kind::kObject) {
    return ErrorAnswer(400, "invalid_json", "the request body is not a JSON object", request_id);
  }
  const auto is_true = [&view](NodeIndex i) {
    return i != kNoNode && view.node(i).kind == json::Kind::kTrue;
  };
  request.stream = is_true(view.Find(0, "stream"));
  request.include_usage = is_true(view.Find(view.Find(0, "stream_options"), "include_usage"));
  request.texts = TextsFor(view, endpoint);
  for (const std::string& text : request.texts) request.completion_tokens += CountTokens(text);
  request.prompt_tokens = endpoint == Endpoint::kChatCompletions
                              ? CountTokens(request.texts.front())
                              : request.completion_tokens;
  switch (endpoint) {
    case Endpoint::kResponses:
      return EchoResponses(request);
    case Endpoint::kEmbeddings:
      return EchoEmbeddings(request);
    default:
      return EchoChoices(request);
  }
}

}  // namespace kt::openai
