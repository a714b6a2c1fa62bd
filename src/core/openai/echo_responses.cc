#include "core/json/edits.h"
#include "core/openai/echo_parts.h"
#include "core/sse/splitter.h"

namespace kt::openai {
namespace {

std::string Part(std::string_view text) {
  return "{\"type\":\"output_text\",\"text\":" + json::Quote(text) +
         ",\"annotations\":[],\"logprobs\":[]}";
}

std::string ItemId(const EchoRequest& request) {
  return "msg_" + request.request_id;
}

std::string Item(const EchoRequest& request, std::string_view status, const std::string& content) {
  return "{\"id\":" + json::Quote(ItemId(request)) +
         ",\"type\":\"message\",\"status\":" + json::Quote(status) +
         ",\"role\":\"assistant\",\"content\":[" + content + "]}";
}

std::string Usage(const EchoRequest& request) {
  return "{\"input_tokens\":" + std::to_string(request.prompt_tokens) +
         ",\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":" +
         std::to_string(request.completion_tokens) +
         ",\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":" +
         std::to_string(request.prompt_tokens + request.completion_tokens) + "}";
}

std::string Response(const EchoRequest& request, std::string_view status, const std::string& output,
                     const std::string& usage) {
  return "{\"id\":" + json::Quote("resp_" + request.request_id) +
         ",\"object\":\"response\",\"created_at\":" + std::to_string(request.created_unix_seconds) +
         ",\"status\":" + json::Quote(status) +
         ",\"error\":null,\"incomplete_details\":null,\"instructions\":null,\"metadata\":{},"
         "\"model\":\"echo\",\"output\":[" +
         output +
         "],\"parallel_tool_calls\":true,\"temperature\":1,\"tool_choice\":\"auto\",\"tools\":[],"
         "\"top_p\":1,\"usage\":" +
         usage + "}";
}

class StreamWriter {
 public:
  // `members`: what follows type and sequence number, without braces.
  void Add(std::string_view type, const std::string& members) {
    const std::string data = "{\"type\":" + json::Quote(type) +
                             ",\"sequence_number\":" + std::to_string(sequence_number_++) + "," +
                             members + "}";
    answer_.pieces.emplace_back();
    sse::AppendEvent(type, data, &answer_.pieces.back());
  }
  EchoAnswer Take() { return std::move(answer_); }

 private:
  uint64_t sequence_number_ = 0;
  EchoAnswer answer_ = StreamAnswer();
};

EchoAnswer Stream(const EchoRequest& request) {
  const std::string& text = request.texts.front();
  const std::string begun = "\"response\":" + Response(request, "in_progress", "", "null");
  const std::string output = "\"output_index\":0";
  const std::string place =
      "\"item_id\":" + json::Quote(ItemId(request)) + "," + output + ",\"content_index\":0";
  const std::string done = Item(request, "completed", Part(text));
  StreamWriter writer;
  writer.Add("response.created", begun);
  writer.Add("response.in_progress", begun);
  writer.Add("response.output_item.added",
             output + ",\"item\":" + Item(request, "in_progress", ""));
  writer.Add("response.content_part.added", place + ",\"part\":" + Part(""));
  for (const std::string_view piece : CutIntoPieces(text)) {
    writer.Add("response.output_text.delta",
               place + ",\"delta\":" + json::Quote(piece) + ",\"logprobs\":[]");
  }
  writer.Add("response.output_text.done",
             place + ",\"text\":" + json::Quote(text) + ",\"logprobs\":[]");
  writer.Add("response.content_part.done", place + ",\"part\":" + Part(text));
  writer.Add("response.output_item.done", output + ",\"item\":" + done);
  writer.Add("response.completed",
             "\"response\":" + Response(request, "completed", done, Usage(request)));
  return writer.Take();
}

}  // namespace

EchoAnswer EchoResponses(const EchoRequest& request) {
  if (request.stream) return Stream(request);
  const std::string item = Item(request, "completed", Part(request.texts.front()));
  return JsonAnswer(Response(request, "completed", item, Usage(request)));
}

}  // namespace kt::openai
