#include "core/openai/echo.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/openai/text_map.h"
#include "core/sse/splitter.h"
#include "map_util.h"

namespace kt::openai {
namespace {

EchoAnswer Ask(Endpoint endpoint, std::string_view body) {
  return Echo(endpoint, body, "r1", 5);
}

std::string Joined(const EchoAnswer& answer) {
  std::string out;
  for (const std::string& piece : answer.pieces) out += piece;
  return out;
}

// Little-endian floats in base64.
std::vector<float> FloatsOf(std::string_view base64) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<unsigned char> bytes;
  uint32_t bits = 0, count = 0;
  for (const char c : base64) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(kDigits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<unsigned char>(bits >> count));
  }
  std::vector<float> floats;
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    const uint32_t word = bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 |
                          static_cast<uint32_t>(bytes[i + 3]) << 24;
    float value;
    std::memcpy(&value, &word, sizeof value);
    floats.push_back(value);
  }
  return floats;
}

struct Streamed {
  std::map<LaneKey, std::string> lanes;
  std::vector<size_t> lengths;  // characters of each delta
  std::vector<std::string> names;
  size_t finished = 0, usages = 0;
  bool done = false, completed = false;
};

Streamed Read(Endpoint endpoint, const EchoAnswer& answer) {
  Streamed out;
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.content_type.starts_with("text/event-stream"));
  for (const std::string& piece : answer.pieces) {
    sse::Splitter splitter(1 << 20);
    splitter.Feed(piece);
    sse::Event event;
    EXPECT_TRUE(splitter.Next(&event).value());
    EXPECT_EQ(splitter.Rest(), "") << "one event a piece";
    out.names.emplace_back(event.name);
    if (event.data == "[DONE]") {
      out.done = true;
      continue;
    }
    const json::View view = ParseView(event.data);
    EventInfo info;
    MapEvent(view, endpoint, event.name, &info);
    for (const Segment& segment : info.segments) {
      if (segment.lane == 0 || segment.repeated) continue;
      const std::string text = view.String(segment.node);
      EXPECT_TRUE(IsUtf8(text));
      out.lanes[segment.lane] += text;
      size_t characters = 0;
      for (const char c : text) characters += (c & 0xC0) != 0x80;
      out.lengths.push_back(characters);
    }
    out.finished += info.finished.size();
    out.usages += info.usage_only;
    out.completed = out.completed || info.completed;
  }
  return out;
}

TEST(Echo, AnswersWithTheLastUserMessage) {
  const EchoAnswer answer =
      Ask(Endpoint::kChatCompletions,
          R"({"messages":[{"role":"user","content":"a"},{"content":"b \"\u00e9","role":"user"},
             {"role":"assistant","content":"c"}],"tools":[{"type":"function"}]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  ASSERT_EQ(answer.pieces.size(), 1u);
  const json::View view = ParseView(answer.pieces[0]);
  AnswerInfo info;
  MapAnswer(view, Endpoint::kChatCompletions, &info);
  EXPECT_EQ(LinesOf(view, info.segments),
            (Lines{"assistant text choices[0].message.content = b \"\xC3\xA9"}));
  EXPECT_EQ(info.model, "echo");
  EXPECT_TRUE(info.usage.present);
}

TEST(Echo, JoinsTextParts) {
  const EchoAnswer answer =
      Ask(Endpoint::kChatCompletions,
          R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},
         {"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]}]})");
  EXPECT_NE(answer.pieces[0].find(R"("content":"a\nb")"), std::string::npos);
}

TEST(Echo, StreamRejoinsToTheMessage) {
  const std::string message = "na\xC3\xAFve \xF0\x9F\x98\x80\xF0\x9F\x98\x80 " +
                              std::string(40, 'x') + " alice@example.com \xE2\x82\xAC";
  const std::string body =
      R"({"stream":true,"messages":[{"role":"user","content":")" + message + "\"}]}";
  const EchoAnswer answer = Ask(Endpoint::kChatCompletions, body);
  const Streamed streamed = Read(Endpoint::kChatCompletions, answer);
  ASSERT_EQ(streamed.lanes.size(), 1u);
  EXPECT_EQ(streamed.lanes.begin()->second, message);
  EXPECT_GT(streamed.lengths.size(), 8u);
  for (const size_t length : streamed.lengths) {
    EXPECT_GE(length, 1u);
    EXPECT_LE(length, 8u);
  }
  EXPECT_EQ(streamed.finished, 1u);
  EXPECT_EQ(streamed.usages, 0u);
  EXPECT_TRUE(streamed.done);
  EXPECT_EQ(Joined(answer), Joined(Ask(Endpoint::kChatCompletions, body)));
}

TEST(Echo, StreamGivesUsageWhenAsked) {
  const Streamed streamed =
      Read(Endpoint::kChatCompletions,
           Ask(Endpoint::kChatCompletions,
               R"({"stream":true,"stream_options":{"include_usage":true},"n":2,
                  "messages":[{"role":"user","content":"hello world"}]})"));
  EXPECT_EQ(streamed.usages, 1u);
  EXPECT_EQ(streamed.finished, 2u);
  ASSERT_EQ(streamed.lanes.size(), 2u);
  for (const auto& [lane, text] : streamed.lanes) EXPECT_EQ(text, "hello world");
}

TEST(Echo, StreamOfAnEmptyMessageIsComplete) {
  const Streamed streamed =
      Read(Endpoint::kChatCompletions, Ask(Endpoint::kChatCompletions, R"({"stream":true})"));
  EXPECT_TRUE(streamed.lanes.empty());
  EXPECT_EQ(streamed.finished, 1u);
  EXPECT_TRUE(streamed.done);
}

TEST(Echo, CompletionsEchoThePrompt) {
  EXPECT_NE(Ask(Endpoint::kCompletions, R"({"prompt":["a","b"]})")
                .pieces[0]
                .find(R"({"index":1,"text":"b","logprobs":null,"finish_reason":"stop"})"),
            std::string::npos);
  const Streamed streamed =
      Read(Endpoint::kCompletions,
           Ask(Endpoint::kCompletions, R"({"prompt":"hello world","stream":true})"));
  ASSERT_EQ(streamed.lanes.size(), 1u);
  EXPECT_EQ(streamed.lanes.begin()->second, "hello world");
  EXPECT_EQ(streamed.finished, 1u);
}

TEST(Echo, ResponsesStreamHasTheOfficialSequence) {
  const Streamed streamed = Read(
      Endpoint::kResponses,
      Ask(Endpoint::kResponses,
          R"({"stream":true,"input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}]})"));
  ASSERT_EQ(streamed.lanes.size(), 1u);
  EXPECT_EQ(streamed.lanes.begin()->second, "hi");
  EXPECT_EQ(streamed.names, (Lines{"response.created", "response.in_progress",
                                   "response.output_item.added", "response.content_part.added",
                                   "response.output_text.delta", "response.output_text.delta",
                                   "response.output_text.done", "response.content_part.done",
                                   "response.output_item.done", "response.completed"}));
  EXPECT_TRUE(streamed.completed);
  EXPECT_FALSE(streamed.done);
}

TEST(Echo, ResponsesAnswerWithAString) {
  const EchoAnswer answer = Ask(Endpoint::kResponses, R"({"input":"hi"})");
  const json::View view = ParseView(answer.pieces[0]);
  AnswerInfo info;
  MapAnswer(view, Endpoint::kResponses, &info);
  EXPECT_EQ(LinesOf(view, info.segments), (Lines{"assistant text output[0].content[0].text = hi"}));
  EXPECT_TRUE(info.usage.present);
}

TEST(Echo, EmbeddingsHonourTheEncoding) {
  const std::string floats =
      Ask(Endpoint::kEmbeddings, R"({"input":"a","dimensions":2})").pieces[0];
  const std::string base64 =
      Ask(Endpoint::kEmbeddings, R"({"input":"a","dimensions":2,"encoding_format":"base64"})")
          .pieces[0];
  const json::View view = ParseView(floats);
  const json::NodeIndex data = view.Find(0, "data");
  const json::Node& vector = view.node(view.Find(data + 1, "embedding"));
  ASSERT_EQ(vector.kind, json::Kind::kArray);
  const json::View other = ParseView(base64);
  const std::string encoded = other.String(other.Find(other.Find(0, "data") + 1, "embedding"));
  EXPECT_EQ(encoded.size(), 12u);  // two floats, one byte of padding
  const std::vector<float> decoded = FloatsOf(encoded);
  ASSERT_EQ(decoded.size(), 2u);
  for (json::NodeIndex i = 0; i < 2; ++i) {
    const json::Node& number = view.node(view.Find(data + 1, "embedding") + 1 + i);
    EXPECT_EQ(std::stof(floats.substr(number.begin, number.end - number.begin)), decoded[i]);
  }
  EXPECT_EQ(floats, Ask(Endpoint::kEmbeddings, R"({"input":"a","dimensions":2})").pieces[0]);
  EXPECT_NE(floats, Ask(Endpoint::kEmbeddings, R"({"input":"b","dimensions":2})").pieces[0]);
}

TEST(Echo, EmbeddingsGiveAVectorForEachInput) {
  for (const char* body : {R"({"input":["a","b"]})", R"({"input":[[1,2],[3]]})"}) {
    const EchoAnswer answer = Ask(Endpoint::kEmbeddings, body);
    EXPECT_NE(answer.pieces[0].find("\"index\":1,"), std::string::npos) << body;
  }
  EXPECT_EQ(Ask(Endpoint::kEmbeddings, R"({"input":[1,2]})").pieces[0].find("\"index\":1,"),
            std::string::npos);
}

TEST(Echo, ListsItsModel) {
  EXPECT_NE(Ask(Endpoint::kModels, "").pieces[0].find(R"("id":"echo")"), std::string::npos);
}

TEST(Echo, RefusesWhatIsNoRequest) {
  EXPECT_EQ(Ask(Endpoint::kChatCompletions, "[1]").status, 400);
  EXPECT_EQ(Ask(Endpoint::kChatCompletions, "{").status, 400);
  EXPECT_EQ(Ask(Endpoint::kUnknown, "{}").status, 404);
}

}  // namespace
}  // namespace kt::openai
