#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/openai/text_map.h"
#include "map_util.h"

namespace kt::openai {
namespace {

struct Mapped {
  EventInfo info;
  Lines lines;
};

Mapped Map(Endpoint endpoint, std::string_view data, std::string_view name = "") {
  const json::View view = ParseView(data);
  Mapped mapped;
  MapEvent(view, endpoint, name, &mapped.info);
  mapped.lines = LinesOf(view, mapped.info.segments);
  return mapped;
}

Mapped Chunk(const std::string& choices) {
  return Map(Endpoint::kChatCompletions, R"({"id":"chatcmpl-1","object":"chat.completion.chunk",
      "created":1,"model":"m","choices":[)" + choices +
                                             "]}");
}

Mapped Delta(const std::string& delta, int choice = 0) {
  return Chunk("{\"index\":" + std::to_string(choice) + ",\"delta\":{" + delta +
               "},\"finish_reason\":null,\"logprobs\":null}");
}

// The lane of the only segment.
LaneKey Lane(const Mapped& mapped) {
  EXPECT_EQ(mapped.info.segments.size(), 1u);
  return mapped.info.segments.empty() ? 0 : mapped.info.segments[0].lane;
}

Mapped Response(const std::string& type, const std::string& members) {
  return Map(Endpoint::kResponses,
             "{\"type\":\"" + type + "\",\"sequence_number\":1," + members + "}");
}

TEST(ChatEvent, ContentDelta) {
  const Mapped mapped = Delta(R"("content":"hi")", 2);
  EXPECT_EQ(mapped.lines, (Lines{"assistant text choices[0].delta.content = hi"}));
  EXPECT_NE(Lane(mapped), 0u);
  EXPECT_TRUE(mapped.info.content);
  EXPECT_EQ(mapped.info.choices, (std::vector<uint32_t>{2}));
  EXPECT_TRUE(mapped.info.finished.empty());
}

TEST(ChatEvent, RoleOnlyAndEmptyDeltasAreNoContent) {
  EXPECT_FALSE(Delta(R"("role":"assistant","content":"")").info.content);
  EXPECT_FALSE(Delta(R"("role":"assistant","content":null)").info.content);
  EXPECT_FALSE(Delta(R"("tool_calls":[{"index":0,"id":"call_1","type":"function",
                        "function":{"arguments":""}}])")
                   .info.content);
  EXPECT_FALSE(Delta("").info.content);
}

TEST(ChatEvent, EachKindOfContentIsContent) {
  for (const char* delta :
       {R"("content":"a")", R"("refusal":"a")", R"("reasoning_content":"a")", R"("reasoning":"a")",
        R"("tool_calls":[{"index":0,"function":{"name":"f"}}])",
        R"("tool_calls":[{"index":0,"function":{"arguments":"{"}}])",
        R"("function_call":{"name":"f"})", R"("audio":{"data":"UklGRg=="})", R"("novel":"a")"}) {
    EXPECT_TRUE(Delta(delta).info.content) << delta;
  }
}

TEST(ChatEvent, LanesAreEqualForEqualTextsOnly) {
  const LaneKey lane = Lane(Delta(R"("content":"a")"));
  EXPECT_EQ(Lane(Delta(R"("content":"b")")), lane);
  EXPECT_EQ(Lane(Delta(R"("cont\u0065nt":"b")")), lane);
  EXPECT_NE(Lane(Delta(R"("content":"b")", 1)), lane);
  EXPECT_NE(Lane(Delta(R"("reasoning_content":"b")")), lane);
  EXPECT_NE(Lane(Delta(R"("refusal":"b")")), lane);
}

TEST(ChatEvent, ChoiceIsItsIndexNotItsPosition) {
  const Mapped both = Chunk(R"({"index":1,"delta":{"content":"b"}},
                               {"index":0,"delta":{"content":"a"}})");
  ASSERT_EQ(both.info.segments.size(), 2u);
  EXPECT_EQ(both.info.segments[0].lane, Lane(Delta(R"("content":"x")", 1)));
  EXPECT_EQ(both.info.segments[1].lane, Lane(Delta(R"("content":"x")", 0)));
  EXPECT_EQ(both.info.choices, (std::vector<uint32_t>{1, 0}));
}

TEST(ChatEvent, ToolCallIsItsIndexNotItsPosition) {
  const auto arguments = [](int index) {
    return Delta(R"("tool_calls":[{"index":)" + std::to_string(index) +
                 R"(,"function":{"arguments":"x"}}])");
  };
  const Mapped both = Delta(R"("tool_calls":[{"index":1,"function":{"arguments":"b"}},
                                             {"index":0,"function":{"arguments":"a"}}])");
  ASSERT_EQ(both.info.segments.size(), 2u);
  EXPECT_EQ(both.info.segments[0].lane, Lane(arguments(1)));
  EXPECT_EQ(both.info.segments[1].lane, Lane(arguments(0)));
  EXPECT_TRUE(both.info.segments[0].json_inside);
  EXPECT_NE(Lane(arguments(0)), Lane(arguments(1)));
  EXPECT_NE(Lane(Delta(R"("tool_calls":[{"index":0,"function":{"name":"x"}}])")),
            Lane(arguments(0)));
}

TEST(ChatEvent, FinishReason) {
  const Mapped mapped = Chunk(R"({"index":1,"delta":{},"finish_reason":"stop"},
                                 {"index":2,"delta":{},"finish_reason":null})");
  EXPECT_EQ(mapped.info.finished, (std::vector<uint32_t>{1}));
  EXPECT_FALSE(mapped.info.content);
  EXPECT_EQ(mapped.lines, Lines{});
}

TEST(ChatEvent, UsageChunk) {
  const char* usage = R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})";
  const Mapped mapped = Map(Endpoint::kChatCompletions, usage);
  EXPECT_TRUE(mapped.info.usage_only);
  EXPECT_TRUE(mapped.info.usage.present);
  EXPECT_FALSE(mapped.info.content);
  EXPECT_TRUE(mapped.info.choices.empty());
  EXPECT_FALSE(Map(Endpoint::kChatCompletions, R"({"choices":[],"usage":null})").info.usage_only);
  EXPECT_FALSE(
      Map(Endpoint::kChatCompletions, R"({"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}})")
          .info.usage_only);
  EXPECT_EQ(Map(Endpoint::kChatCompletions,
                R"({"choices":[],"x_groq":{"id":"req_1","usage":{"prompt_tokens":7}}})")
                .info.usage.prompt_tokens,
            7u);
  const Mapped chosen = Map(Endpoint::kChatCompletions,
                            R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop",
                                "usage":{"prompt_tokens":7,"completion_tokens":2}}]})");
  EXPECT_EQ(chosen.info.usage.prompt_tokens, 7u);
  EXPECT_EQ(chosen.lines, Lines{});
}

TEST(ChatEvent, FilterVerdictsAreNoContent) {
  const Mapped mapped = Map(Endpoint::kChatCompletions, R"({"choices":[],"prompt_filter_results":[
      {"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]})");
  EXPECT_FALSE(mapped.info.content);
  EXPECT_EQ(mapped.lines, Lines{});
}

TEST(ChatEvent, Errors) {
  EXPECT_TRUE(Map(Endpoint::kChatCompletions, R"({"error":{"message":"m"}})").info.is_error);
  EXPECT_TRUE(Map(Endpoint::kChatCompletions, R"({"message":"m"})", "error").info.is_error);
  EXPECT_TRUE(Map(Endpoint::kChatCompletions, R"({"type":"error","message":"m"})").info.is_error);
  EXPECT_FALSE(Map(Endpoint::kChatCompletions, R"({"choices":[],"error":null})").info.is_error);
}

TEST(ChatEvent, AWholeMessageMayComeAgainWithMore) {
  const Mapped mapped = Chunk(R"({"index":0,"message":{"role":"assistant","content":"a"}})");
  EXPECT_NE(Lane(mapped), 0u);
  EXPECT_NE(Lane(mapped), Lane(Chunk(R"({"index":0,"delta":{"content":"a"}})")));
  EXPECT_TRUE(mapped.info.segments.front().growing);
  EXPECT_TRUE(mapped.info.content);
  EXPECT_EQ(mapped.info.delta_bytes, 0u);
}

TEST(ChatEvent, LogprobsAreListed) {
  const Mapped mapped =
      Chunk(R"({"index":5,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}})");
  ASSERT_EQ(mapped.info.logprobs.size(), 1u);
  EXPECT_EQ(mapped.info.logprobs[0].choice, 5u);
  EXPECT_EQ(mapped.lines.size(), 1u);
}

TEST(CompletionsEvent, TextHasALaneForEachChoice) {
  const auto text = [](int index) {
    return Map(Endpoint::kCompletions, "{\"choices\":[{\"index\":" + std::to_string(index) +
                                           ",\"text\":\"a\",\"finish_reason\":null}]}");
  };
  EXPECT_NE(Lane(text(0)), 0u);
  EXPECT_EQ(Lane(text(0)), Lane(text(0)));
  EXPECT_NE(Lane(text(0)), Lane(text(1)));
  EXPECT_TRUE(text(0).info.content);
}

TEST(ResponsesEvent, DeltasHaveLanesByTypeItemAndPart) {
  const auto delta = [](const std::string& type, int output, int part) {
    return Lane(Response(type, "\"item_id\":\"msg_1\",\"output_index\":" + std::to_string(output) +
                                   ",\"content_index\":" + std::to_string(part) +
                                   ",\"delta\":\"a\""));
  };
  const LaneKey lane = delta("response.output_text.delta", 0, 0);
  EXPECT_NE(lane, 0u);
  EXPECT_EQ(delta("response.output_text.delta", 0, 0), lane);
  EXPECT_NE(delta("response.output_text.delta", 1, 0), lane);
  EXPECT_NE(delta("response.output_text.delta", 0, 1), lane);
  EXPECT_NE(delta("response.refusal.delta", 0, 0), lane);
  EXPECT_NE(delta("response.invented.delta", 0, 0), lane);
  EXPECT_NE(delta("response.invented.delta", 0, 0), 0u);
}

TEST(ResponsesEvent, DoneEndsTheLaneOfItsDeltas) {
  const std::string place = R"("item_id":"msg_1","output_index":1,"content_index":0,)";
  const Mapped done = Response("response.output_text.done", place + R"("text":"whole")");
  ASSERT_EQ(done.info.ended.size(), 2u);
  EXPECT_EQ(done.info.ended[0],
            Lane(Response("response.output_text.delta", place + R"("delta":"a")")));
  EXPECT_TRUE(Response("response.output_text.delta", place + R"("delta":"a")").info.ended.empty());
}

std::string Place(int output, int part) {
  return "\"item_id\":\"msg_1\",\"output_index\":" + std::to_string(output) +
         ",\"content_index\":" + std::to_string(part) + ",";
}

TEST(ResponsesEvent, ATextThatComesOnceMoreIsALaneThatEndsWithIt) {
  const std::string part = R"("part":{"type":"output_text","text":"whole","annotations":[]})";
  const std::string item =
      R"("item":{"type":"message","content":[{"type":"output_text","text":"a"},)"
      R"({"type":"output_text","text":"b","annotations":[{"title":"t"}]}]})";
  for (const auto& [type, member] :
       {std::pair{"response.output_text.done", std::string(R"("text":"whole")")},
        {"response.content_part.done", part},
        {"response.output_item.done", item}}) {
    const Mapped done = Response(type, Place(0, 0) + member);
    const Mapped next = Response(type, Place(1, 0) + member);
    EXPECT_EQ(done.info.delta_bytes, 0u) << type;
    for (size_t i = 0; i < done.info.segments.size(); ++i) {
      const Segment& segment = done.info.segments[i];
      if (segment.lane == 0) continue;  // the title
      EXPECT_TRUE(segment.repeated) << type;
      EXPECT_EQ(std::count(done.info.ended.begin(), done.info.ended.end(), segment.lane), 1)
          << type;
      EXPECT_NE(segment.lane, next.info.segments[i].lane) << type;
      EXPECT_EQ(segment.group, next.info.segments[i].group) << type;
      EXPECT_EQ(segment.group, done.info.segments[0].group) << type;
    }
    EXPECT_NE(done.info.segments[0].lane, 0u) << type;
  }
}

TEST(ResponsesEvent, PartsAndMessagesOfAnAnswerAreOneGroup) {
  const auto group = [](const std::string& type, int output, int part) {
    return Response(type, Place(output, part) + R"("delta":"a")").info.segments.at(0).group;
  };
  const uint64_t text = group("response.output_text.delta", 0, 0);
  EXPECT_EQ(group("response.output_text.delta", 0, 1), text);
  EXPECT_EQ(group("response.output_text.delta", 2, 0), text);
  EXPECT_NE(group("response.refusal.delta", 0, 0), text);
  const uint64_t thought = group("response.reasoning_text.delta", 0, 0);
  EXPECT_EQ(group("response.reasoning_text.delta", 0, 1), thought);
  EXPECT_NE(group("response.reasoning_text.delta", 1, 0), thought);
  EXPECT_NE(group("response.function_call_arguments.delta", 0, 0),
            group("response.function_call_arguments.delta", 1, 0));
}

TEST(ResponsesEvent, TheTextOfANewPartBelongsToItsDeltas) {
  const Mapped added =
      Response("response.content_part.added",
               Place(0, 1) + R"("part":{"type":"output_text","text":"a","annotations":[]})");
  EXPECT_EQ(Lane(added),
            Lane(Response("response.output_text.delta", Place(0, 1) + R"("delta":"b")")));
  EXPECT_FALSE(added.info.segments.at(0).repeated);
}

TEST(ResponsesEvent, ArgumentsHoldJson) {
  const Mapped delta = Response("response.function_call_arguments.delta",
                                R"("item_id":"fc_1","output_index":0,"delta":"{\"a")");
  EXPECT_EQ(delta.lines, (Lines{R"(assistant json delta = {"a)"}));
  const Mapped done = Response("response.function_call_arguments.done",
                               R"("output_index":0,"name":"f","arguments":"{}")");
  EXPECT_EQ(done.lines, (Lines{"assistant id name = f", "assistant json arguments = {}"}));
}

TEST(ResponsesEvent, AudioDeltaIsOpaque) {
  const Mapped mapped = Response("response.audio.delta", R"("delta":"UklGRg==")");
  EXPECT_EQ(mapped.lines, Lines{});
  EXPECT_EQ(mapped.info.unscanned, (Lines{"audio"}));
  EXPECT_TRUE(mapped.info.content);
}

TEST(ResponsesEvent, StartOfTheResponseIsNoContent) {
  const Mapped created = Response(
      "response.created",
      R"("response":{"id":"resp_1","status":"in_progress","instructions":"be nice","output":[]})");
  EXPECT_FALSE(created.info.content);
  EXPECT_EQ(created.lines, (Lines{"assistant text response.instructions = be nice"}));
  EXPECT_FALSE(Response("response.output_item.added",
                        R"("output_index":0,"item":{"id":"msg_1","type":"message",
                           "status":"in_progress","role":"assistant","content":[]})")
                   .info.content);
  EXPECT_FALSE(Response("response.content_part.added",
                        R"("part":{"type":"output_text","text":"","annotations":[]})")
                   .info.content);
  EXPECT_TRUE(Response("response.output_item.added",
                       R"("item":{"type":"function_call","name":"f","arguments":""})")
                  .info.content);
}

TEST(ResponsesEvent, EndOfTheResponse) {
  for (const char* type : {"response.completed", "response.incomplete", "response.failed"}) {
    const Mapped mapped = Response(type, R"("response":{"output":[{"type":"message","content":[
        {"type":"output_text","text":"a"}]}],"usage":{"input_tokens":3,"output_tokens":4}})");
    EXPECT_TRUE(mapped.info.completed) << type;
    EXPECT_EQ(mapped.info.usage.completion_tokens, 4u);
    EXPECT_EQ(Lane(mapped), 0u);
  }
  EXPECT_FALSE(Response("response.created", R"("response":{})").info.completed);
}

TEST(ResponsesEvent, TypeFromTheEventNameWhenTheDataHasNone) {
  EXPECT_TRUE(Map(Endpoint::kResponses, R"({"response":{}})", "response.completed").info.completed);
}

TEST(ResponsesEvent, Errors) {
  const Mapped mapped = Map(
      Endpoint::kResponses,
      R"({"type":"error","code":"server_error","message":"m","param":null,"sequence_number":3})");
  EXPECT_TRUE(mapped.info.is_error);
  EXPECT_FALSE(mapped.info.content);
  EXPECT_EQ(mapped.lines.size(), 2u);
}

}  // namespace
}  // namespace kt::openai
