// The places of streams that hold a text: how an event spells one piece of it, and how a whole
// answer holds all of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "life.h"

namespace kt::session {

// How a place of a stream spells one piece, and how a whole answer holds the whole text.
struct Place {
  const char* name;
  const char* path;
  std::function<std::string(const std::string& quoted)> event;   // the JSON of a delta
  std::function<std::string(const std::string& quoted)> repeat;  // events after all deltas
  std::function<std::string(const std::string& quoted)> whole;   // a whole answer
  std::vector<const char*> at;                                   // the path to a delta's text
  bool arguments = false;                                        // the text is wrapped in JSON
  bool apart = false;  // each piece is judged as a text of its own, too
};

inline std::string ChatDelta(const std::string& delta) {
  return Delta(delta);
}

inline Place ChatPlace(const char* name, const std::string& before, const std::string& after,
                       std::vector<const char*> at, bool arguments = false, bool apart = false) {
  return {name,
          "/v1/chat/completions",
          [=](const std::string& quoted) { return ChatDelta(before + quoted + after); },
          [](const std::string&) { return Finish() + kDone; },
          [=](const std::string& quoted) {
            return R"({"id":"1","choices":[{"index":0,"message":)" + before + quoted + after +
                   R"(,"finish_reason":"stop"}]})";
          },
          std::move(at),
          arguments,
          apart};
}

inline std::string Typed(const std::string& type, const std::string& more) {
  return "event: " + type + "\ndata: {\"type\":\"" + type +
         R"(","item_id":"i1","output_index":0,"content_index":0,"summary_index":0,)" + more +
         "}\n\n";
}

inline Place ResponsesPlace(const char* name, const std::string& stem, const std::string& member,
                            const std::string& before, const std::string& after, bool part,
                            bool arguments = false) {
  const auto item = [=](const std::string& quoted) { return before + quoted + after; };
  return {
      name,
      "/v1/responses",
      [=](const std::string& quoted) {
        return R"({"type":")" + stem +
               R"(.delta","item_id":"i1","output_index":0,"content_index":0,"summary_index":0,"delta":)" +
               quoted + "}";
      },
      [=](const std::string& quoted) {
        std::string events = Typed(stem + ".done", "\"" + member + "\":" + quoted);
        if (part) {
          events +=
              Typed("response.content_part.done", R"("part":{"type":"x","text":)" + quoted + "}");
        }
        events += Typed("response.output_item.done", "\"item\":" + item(quoted));
        return events +
               "event: response.completed\ndata: {\"type\":\"response.completed\","
               "\"response\":{\"id\":\"r\",\"output\":[" +
               item(quoted) + "]}}\n\n";
      },
      [=](const std::string& quoted) {
        return R"({"id":"r","object":"response","output":[)" + item(quoted) + "]}";
      },
      {"delta"},
      arguments};
}

inline const std::vector<Place>& Places() {
  static const std::vector<Place> places = {
      ChatPlace("content", R"({"content":)", "}", {"choices", "delta", "content"}),
      ChatPlace("reasoning_content", R"({"reasoning_content":)", "}",
                {"choices", "delta", "reasoning_content"}),
      ChatPlace("refusal", R"({"refusal":)", "}", {"choices", "delta", "refusal"}),
      ChatPlace("unknown", R"({"x_vendor":)", "}", {"choices", "delta", "x_vendor"}, false, true),
      ChatPlace("part", R"({"content":[{"type":"text","text":)", "}]}",
                {"choices", "delta", "content", "text"}),
      ChatPlace("audio transcript", R"({"audio":{"transcript":)", "}}",
                {"choices", "delta", "audio", "transcript"}),
      ChatPlace("arguments", R"({"tool_calls":[{"index":0,"function":{"arguments":)", "}}]}",
                {"choices", "delta", "tool_calls", "function", "arguments"}, true),
      ChatPlace("function_call", R"({"function_call":{"arguments":)", "}}",
                {"choices", "delta", "function_call", "arguments"}, true),
      ChatPlace("custom input", R"({"tool_calls":[{"index":0,"custom":{"input":)", "}}]}",
                {"choices", "delta", "tool_calls", "custom", "input"}),
      {"completions text",
       "/v1/completions",
       [](const std::string& quoted) {
         return R"({"id":"c","choices":[{"index":0,"text":)" + quoted +
                R"(,"finish_reason":null}]})";
       },
       [](const std::string&) {
         return Event(R"({"choices":[{"index":0,"text":"","finish_reason":"stop"}]})") + kDone;
       },
       [](const std::string& quoted) {
         return R"({"id":"c","choices":[{"index":0,"text":)" + quoted +
                R"(,"finish_reason":"stop"}]})";
       },
       {"choices", "text"}},
      ResponsesPlace("output_text", "response.output_text", "text",
                     R"({"type":"message","id":"i1","content":[{"type":"output_text","text":)",
                     "}]}", true),
      ResponsesPlace("responses refusal", "response.refusal", "refusal",
                     R"({"type":"message","id":"i1","content":[{"type":"refusal","refusal":)",
                     "}]}", true),
      ResponsesPlace("summary", "response.reasoning_summary_text", "text",
                     R"({"type":"reasoning","id":"i1","summary":[{"type":"summary_text","text":)",
                     "}]}", false),
      ResponsesPlace("responses arguments", "response.function_call_arguments", "arguments",
                     R"({"type":"function_call","id":"i1","call_id":"c","name":"f","arguments":)",
                     "}", false, true),
      ResponsesPlace("mcp arguments", "response.mcp_call_arguments", "arguments",
                     R"({"type":"mcp_call","id":"i1","name":"f","arguments":)", "}", false, true),
      ResponsesPlace("custom tool input", "response.custom_tool_call_input", "input",
                     R"({"type":"custom_tool_call","id":"i1","name":"f","input":)", "}", false),
      ResponsesPlace("code", "response.code_interpreter_call_code", "code",
                     R"({"type":"code_interpreter_call","id":"i1","code":)", "}", false),
  };
  return places;
}

}  // namespace kt::session
