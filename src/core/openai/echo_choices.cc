#include <algorithm>

#include "core/json/edits.h"
#include "core/openai/echo_parts.h"
#include "core/sse/splitter.h"

namespace kt::openai {
namespace {

bool IsChat(const EchoRequest& request) {
  return request.endpoint == Endpoint::kChatCompletions;
}

std::string Usage(const EchoRequest& request) {
  return "{\"prompt_tokens\":" + std::to_string(request.prompt_tokens) +
         ",\"completion_tokens\":" + std::to_string(request.completion_tokens) +
         ",\"total_tokens\":" + std::to_string(request.prompt_tokens + request.completion_tokens) +
         "}";
}

// Everything in front of `choices`.
std::string Head(const EchoRequest& request, std::string_view object) {
  return "{\"id\":" + json::Quote((IsChat(request) ? "chatcmpl-" : "cmpl-") + request.request_id) +
         ",\"object\":" + json::Quote(object) +
         ",\"created\":" + std::to_string(request.created_unix_seconds) + ",\"model\":\"echo\"";
}

std::string Choice(const EchoRequest& request, size_t index, const std::string& content,
                   bool finished) {
  std::string out = "{\"index\":" + std::to_string(index) + "," + content;
  out += IsChat(request) ? "" : ",\"logprobs\":null";
  return out + ",\"finish_reason\":" + (finished ? "\"stop\"" : "null") + "}";
}

EchoAnswer Whole(const EchoRequest& request) {
  std::string body =
      Head(request, IsChat(request) ? "chat.completion" : "text_completion") + ",\"choices\":[";
  for (size_t i = 0; i < request.texts.size(); ++i) {
    const std::string text = json::Quote(request.texts[i]);
    if (i != 0) body += ",";
    body += Choice(request, i,
                   IsChat(request) ? "\"message\":{\"role\":\"assistant\",\"content\":" + text +
                                         ",\"refusal\":null}"
                                   : "\"text\":" + text,
                   true);
  }
  return JsonAnswer(body + "],\"usage\":" + Usage(request) + "}");
}

class StreamWriter {
 public:
  explicit StreamWriter(const EchoRequest& request)
      : request_(request),
        head_(Head(request, IsChat(request) ? "chat.completion.chunk" : "text_completion")) {}

  // `delta`: the members of a chat delta; the text of a completion, quoted.
  void AddChoice(size_t index, const std::string& delta, bool finished) {
    const std::string content = IsChat(request_) ? "\"delta\":{" + delta + "}"
                                                 : "\"text\":" + (delta.empty() ? "\"\"" : delta);
    Add(head_ + ",\"choices\":[" + Choice(request_, index, content, finished) + "]" +
        (request_.include_usage ? ",\"usage\":null}" : "}"));
  }
  void AddUsage() { Add(head_ + ",\"choices\":[],\"usage\":" + Usage(request_) + "}"); }
  void Add(const std::string& data) {
    answer_.pieces.emplace_back();
    sse::AppendEvent("", data, &answer_.pieces.back());
  }
  EchoAnswer Take() { return std::move(answer_); }

 private:
  const EchoRequest& request_;
  const std::string head_;
  EchoAnswer answer_ = StreamAnswer();
};

EchoAnswer Stream(const EchoRequest& request) {
  StreamWriter writer(request);
  const bool chat = IsChat(request);
  std::vector<std::vector<std::string_view>> pieces;
  size_t longest = 0;
  for (size_t i = 0; i < request.texts.size(); ++i) {
    pieces.push_back(CutIntoPieces(request.texts[i]));
    longest = std::max(longest, pieces.back().size());
    if (chat) writer.AddChoice(i, "\"role\":\"assistant\",\"content\":\"\"", false);
  }
  for (size_t n = 0; n <= longest; ++n) {
    for (size_t i = 0; i < pieces.size(); ++i) {
      if (n > pieces[i].size()) continue;
      const bool finished = n == pieces[i].size();
      std::string delta = finished ? "" : json::Quote(pieces[i][n]);
      if (chat && !finished) delta = "\"content\":" + delta;
      writer.AddChoice(i, delta, finished);
    }
  }
  if (request.include_usage) writer.AddUsage();
  writer.Add("[DONE]");
  return writer.Take();
}

}  // namespace

EchoAnswer EchoChoices(const EchoRequest& request) {
  return request.stream ? Stream(request) : Whole(request);
}

}  // namespace kt::openai
