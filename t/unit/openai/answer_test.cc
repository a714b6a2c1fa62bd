#include <gtest/gtest.h>

#include <string>

#include "core/openai/text_map.h"
#include "map_util.h"

namespace kt::openai {
namespace {

struct Mapped {
  AnswerInfo info;
  Lines lines;
};

Mapped Map(Endpoint endpoint, std::string_view body) {
  const json::View view = ParseView(body);
  Mapped mapped;
  MapAnswer(view, endpoint, &mapped.info);
  mapped.lines = LinesOf(view, mapped.info.segments);
  for (const Segment& segment : mapped.info.segments) EXPECT_EQ(segment.lane, 0u);
  return mapped;
}

TEST(ChatAnswer, EveryChoiceAndField) {
  const Mapped mapped = Map(Endpoint::kChatCompletions, R"({"id":"chatcmpl-1",
      "object":"chat.completion","created":1,"model":"gpt-x","system_fingerprint":"fp_1",
      "service_tier":"default","choices":[{"index":0,"finish_reason":"stop","logprobs":null,
      "message":{"role":"assistant","content":"a","refusal":"b","reasoning_content":"c",
      "reasoning":"d","annotations":[{"type":"url_citation","url_citation":{"title":"e"}}],
      "audio":{"id":"audio_1","data":"UklGRg==","transcript":"f","expires_at":1},
      "tool_calls":[{"id":"call_1","type":"function","function":{"name":"g","arguments":"{}"}}],
      "novel":"h"}},{"index":1,"message":{"content":[{"type":"text","text":"i"}]}}]})");
  const std::string message = "choices[0].message.";
  EXPECT_EQ(
      mapped.lines,
      (Lines{
          "assistant text " + message + "content = a", "assistant text " + message + "refusal = b",
          "assistant text " + message + "reasoning_content = c",
          "assistant text " + message + "reasoning = d",
          "assistant text " + message + "annotations[0].url_citation.title = e",
          "assistant text " + message + "audio.transcript = f",
          "assistant id " + message + "tool_calls[0].function.name = g",
          "assistant json " + message + "tool_calls[0].function.arguments = {}",
          "assistant key " + message + "novel = novel", "assistant text " + message + "novel = h",
          "assistant text choices[1].message.content[0].text = i"}));
  EXPECT_EQ(mapped.info.unscanned, (Lines{"audio"}));
  EXPECT_EQ(mapped.info.model, "gpt-x");
  EXPECT_FALSE(mapped.info.is_error);
  EXPECT_FALSE(mapped.info.usage.present);
}

TEST(ChatAnswer, LogprobsAreListedByChoice) {
  const std::string body = R"({"choices":[{"index":3,"message":{"content":"a"},
      "logprobs":{"content":[{"token":"secret","bytes":[1]}]}},{"index":4,"logprobs":null}]})";
  const Mapped mapped = Map(Endpoint::kChatCompletions, body);
  EXPECT_EQ(mapped.lines.size(), 1u);
  ASSERT_EQ(mapped.info.logprobs.size(), 1u);
  EXPECT_EQ(mapped.info.logprobs[0].choice, 3u);
  const json::View view = ParseView(body);
  EXPECT_EQ(view.Path(mapped.info.logprobs[0].node), "choices[0].logprobs");
}

TEST(ChatAnswer, UsageWithDetails) {
  const Usage usage = Map(Endpoint::kChatCompletions, R"({"choices":[],"usage":{
      "prompt_tokens":10,"completion_tokens":20,"total_tokens":30,
      "prompt_tokens_details":{"cached_tokens":4},
      "completion_tokens_details":{"reasoning_tokens":5}}})")
                          .info.usage;
  EXPECT_TRUE(usage.present);
  EXPECT_EQ(usage.prompt_tokens, 10u);
  EXPECT_EQ(usage.completion_tokens, 20u);
  EXPECT_EQ(usage.cached_tokens, 4u);
  EXPECT_EQ(usage.reasoning_tokens, 5u);
}

TEST(ErrorAnswer, IsKnownAndItsTextScanned) {
  const Mapped mapped = Map(Endpoint::kChatCompletions,
                            R"({"error":{"message":"no key sk-1","type":"auth_error",
                               "param":null,"code":"invalid_api_key"}})");
  EXPECT_TRUE(mapped.info.is_error);
  EXPECT_EQ(mapped.lines, (Lines{"assistant text error.message = no key sk-1"}));
  EXPECT_TRUE(Map(Endpoint::kResponses, R"({"error":"down"})").info.is_error);
  EXPECT_TRUE(Map(Endpoint::kCompletions, R"({"object":"error","message":"m"})").info.is_error);
  EXPECT_FALSE(Map(Endpoint::kResponses, R"({"error":null,"output":[]})").info.is_error);
  EXPECT_FALSE(Map(Endpoint::kChatCompletions, R"({"error":null})").info.is_error);
  EXPECT_FALSE(
      Map(Endpoint::kChatCompletions, R"({"error":{"message":"m"},"choices":[]})").info.is_error);
}

TEST(CompletionsAnswer, TextOfEachChoice) {
  EXPECT_EQ(Map(Endpoint::kCompletions,
                R"({"id":"cmpl-1","choices":[{"index":0,"text":"a"},{"index":1,"text":"b"}]})")
                .lines,
            (Lines{"assistant text choices[0].text = a", "assistant text choices[1].text = b"}));
}

TEST(EmbeddingsAnswer, VectorsAreOpaque) {
  EXPECT_EQ(Map(Endpoint::kEmbeddings,
                R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPw=="},
                   {"object":"embedding","index":1,"embedding":[0.5,-1]}],"model":"m"})")
                .lines,
            Lines{});
  EXPECT_EQ(Map(Endpoint::kEmbeddings, R"({"data":[{"embedding":"plain words"}]})").lines.size(),
            1u);
}

TEST(ResponsesAnswer, OutputItemsAndEchoedParameters) {
  const Mapped mapped = Map(Endpoint::kResponses, R"({"id":"resp_1","object":"response",
      "created_at":1,"status":"completed","error":null,"incomplete_details":null,
      "instructions":"be nice","previous_response_id":"resp_0","tool_choice":"auto","tools":[],
      "text":{"format":{"type":"text"}},"reasoning":{"effort":"low","summary":null},
      "truncation":"disabled","metadata":{},"model":"m","output":[
      {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"}]},
      {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[
        {"type":"output_text","text":"b","annotations":[],"logprobs":[{"token":"b"}]},
        {"type":"refusal","refusal":"c"}]},
      {"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}"}],
      "usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":2},"output_tokens":3,
      "output_tokens_details":{"reasoning_tokens":4},"total_tokens":4}})");
  EXPECT_EQ(mapped.lines,
            (Lines{"assistant text instructions = be nice",
                   "assistant text output[0].summary[0].text = a",
                   "assistant text output[1].content[0].text = b",
                   "assistant text output[1].content[1].refusal = c",
                   "assistant id output[2].name = f", "assistant json output[2].arguments = {}"}));
  ASSERT_EQ(mapped.info.logprobs.size(), 1u);
  EXPECT_EQ(mapped.info.logprobs[0].choice, 1u);
  EXPECT_EQ(mapped.info.unscanned, std::vector<std::string>{"logprobs"});
  EXPECT_EQ(mapped.info.usage.prompt_tokens, 1u);
  EXPECT_EQ(mapped.info.usage.cached_tokens, 2u);
  EXPECT_EQ(mapped.info.usage.completion_tokens, 3u);
  EXPECT_EQ(mapped.info.usage.reasoning_tokens, 4u);
}

TEST(ModelsAnswer, ModelNamesAreOpaque) {
  EXPECT_EQ(Map(Endpoint::kModels, R"({"object":"list","data":[{"id":"@cf/meta/llama-3:8b",
                   "object":"model","created":1,"owned_by":"system"}]})")
                .lines,
            Lines{});
}

TEST(AnyAnswer, RootMayBeAnything) {
  EXPECT_EQ(Map(Endpoint::kChatCompletions, R"("oops")").lines, (Lines{"assistant text  = oops"}));
  EXPECT_EQ(Map(Endpoint::kChatCompletions, R"([{"a":"b"}])").lines.size(), 2u);
  EXPECT_EQ(Map(Endpoint::kResponses, "5").lines, Lines{});
}

TEST(ChoiceOf, FindsTheChoiceOfANode) {
  const json::View chat = ParseView(
      R"({"choices":[{"index":2,"message":{"content":[{"text":"a"}]}},{"text":"b"}],"x":["c"]})");
  const auto choice_at = [](const json::View& view, Endpoint endpoint, std::string_view value) {
    for (json::NodeIndex i = 0; i < view.nodes().size(); ++i) {
      if (view.Equals(i, value)) return ChoiceOf(view, endpoint, i);
    }
    return UINT32_MAX;
  };
  EXPECT_EQ(choice_at(chat, Endpoint::kChatCompletions, "a"), 2u);
  EXPECT_EQ(choice_at(chat, Endpoint::kChatCompletions, "b"), 1u);
  EXPECT_EQ(choice_at(chat, Endpoint::kChatCompletions, "c"), 0u);
  const json::View responses =
      ParseView(R"({"output":[{},{"output":[{"text":"a"}]},{"content":[{"text":"b"}]}]})");
  EXPECT_EQ(choice_at(responses, Endpoint::kResponses, "a"), 1u);
  EXPECT_EQ(choice_at(responses, Endpoint::kResponses, "b"), 2u);
  const json::View event = ParseView(R"({"output_index":4,"delta":"a"})");
  EXPECT_EQ(choice_at(event, Endpoint::kResponses, "a"), 4u);
}

}  // namespace
}  // namespace kt::openai
