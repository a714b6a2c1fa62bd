// Texts of many choices, fields and calls, mixed in one stream and in single events, between all
// that the framing allows: each is what a whole answer would have held of it.
#include <algorithm>
#include <random>

#include "life.h"

namespace kt::session {
namespace {

const char* const kPieces[] = {"jane.doe@acme-mail.com",
                               "4111 1111 1111 1111",
                               "ssn 536-90-4399",
                               "pesel 44051401458",
                               "zonk_x7Kq02LmZt81pQ93vWx5Rb7Yc2Dh64Js",
                               "john.doe%40example.com",
                               "+44 20 7946 0018",
                               "john@ex\xE2\x80\x8B"
                               "ample.com",
                               "it was late",
                               "é",
                               "\xF0\x9F\x98\x80",
                               "4111",
                               "jane.doe",
                               "@",
                               "x = 1;",
                               "12:30",
                               " ",
                               " ",
                               " ",
                               ", ",
                               "\n",
                               "\\",
                               "\"",
                               "%"};

// One text of a chat stream.
struct Text {
  int choice;
  std::string field;  // of the delta; "" for the arguments of a call
  int call;
  std::string text;
  size_t said = 0;

  std::string Delta(const std::string& piece) const {
    if (!field.empty()) return "\"" + field + "\":" + json::Quote(piece);
    return R"("tool_calls":[{"index":)" + std::to_string(call) + R"(,"function":{"arguments":)" +
           json::Quote(piece) + "}}]";
  }
  std::string Of(const std::string& data) const {
    json::View view;
    EXPECT_TRUE(view.Parse(data, 0, {}).ok()) << data;
    std::string out;
    const json::NodeIndex choices = view.Find(0, "choices");
    if (choices == json::kNoNode) return out;
    for (json::NodeIndex i = choices + 1; i < view.node(choices).after; i = view.node(i).after) {
      if (view.Unsigned(view.Find(i, "index"), 99) != static_cast<uint32_t>(choice)) continue;
      const json::NodeIndex delta = view.Find(i, "delta");
      if (!field.empty()) {
        out += view.String(view.Find(delta, field));
        continue;
      }
      const json::NodeIndex calls = view.Find(delta, "tool_calls");
      if (calls == json::kNoNode) continue;
      for (json::NodeIndex c = calls + 1; c < view.node(calls).after; c = view.node(c).after) {
        if (view.Unsigned(view.Find(c, "index"), 99) != static_cast<uint32_t>(call)) continue;
        out += view.String(view.Find(view.Find(c, "function"), "arguments"));
      }
    }
    return out;
  }
};

class StreamInterleaved : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    gateway_ = MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]",
                                "policy: {pii-detector: {entities: all}}\n"))
                   .release();
  }
  static void TearDownTestSuite() {
    delete gateway_;
    gateway_ = nullptr;
  }
  static std::string Whole(const Text& text) {
    const std::string message = "{" + text.Delta(text.text) + "}";
    Life life(*gateway_);
    life.Send(Chat("Hi"))
        .AnswerJson(R"({"choices":[{"index":0,"message":)" + message +
                    R"(,"finish_reason":"stop"}]})");
    Text same = text;
    same.choice = 0;
    std::string as_event = life.output;
    as_event.replace(as_event.find("\"message\""), 9, "\"delta\"");
    return same.Of(as_event);
  }
  size_t Below(size_t n) { return random_() % n; }
  std::string RandomText(bool arguments) {
    std::string text;
    for (size_t i = 0, n = 1 + Below(8); i < n; ++i) {
      text += kPieces[Below(std::size(kPieces))];
      if (Below(2) == 0) text += " ";
    }
    return arguments ? "{\"a\":[1,true,4],\"to\":" + json::Quote(text) + "}" : text;
  }
  // The choices of one event: a piece of some of the texts, at most one each.
  std::string RandomEvent(std::vector<Text>* texts);
  std::string Framed(const std::string& data);

  static const Gateway* gateway_;
  std::mt19937 random_{3};
};
const Gateway* StreamInterleaved::gateway_ = nullptr;

std::string StreamInterleaved::RandomEvent(std::vector<Text>* texts) {
  std::map<int, std::string> deltas;  // by choice
  for (size_t i = 0, n = 1 + Below(3); i < n; ++i) {
    Text& text = (*texts)[Below(texts->size())];
    const bool calls =
        text.field.empty() && deltas[text.choice].find("tool_calls") != std::string::npos;
    const bool again = deltas[text.choice].find("\"" + text.field + "\":") != std::string::npos;
    if (calls || (!text.field.empty() && again)) continue;
    size_t size = Below(9);
    while (text.said + size < text.text.size() &&
           (static_cast<unsigned char>(text.text[text.said + size]) & 0xC0) == 0x80) {
      ++size;
    }
    const std::string piece = text.text.substr(text.said, size);
    text.said += piece.size();
    std::string& delta = deltas[text.choice];
    if (!delta.empty()) delta += ",";
    delta += text.Delta(piece);
  }
  std::string choices;
  for (const auto& [choice, delta] : deltas) {
    if (!choices.empty()) choices += ",";
    choices += R"({"index": )" + std::to_string(choice) + R"(, "delta": {)" + delta +
               R"(}, "finish_reason": null, "logprobs": null})";
  }
  static const char* const kMore[] = {"", R"(, "usage": null)", R"(, "x": {"y": ["z", 1]})",
                                      R"(, "obfuscation": "aZ3")"};
  return R"({"id": "c", "choices": [)" + choices + "]" + kMore[Below(4)] + "}";
}

// Data over several lines, with what may stand beside it.
std::string StreamInterleaved::Framed(const std::string& data) {
  std::string event;
  static const char* const kBeside[] = {"",         "",           "id: 7\n", "event: message\n",
                                        ": ping\n", "retry: 10\n"};
  event += kBeside[Below(6)];
  const size_t blank = Below(4) == 0 ? data.find(", \"choices\"") : std::string::npos;
  if (blank == std::string::npos) return event + "data: " + data + "\n\n";
  return event + "data:" + data.substr(0, blank + 1) + "\ndata: " + data.substr(blank + 2) + "\n\n";
}

TEST_F(StreamInterleaved, EachTextIsWhatAWholeAnswerHolds) {
  static const char* const kFields[] = {"content", "reasoning_content", "refusal", "x_vendor"};
  for (int round = 0; round < 400; ++round) {
    std::vector<Text> texts;
    const int choices = 1 + static_cast<int>(Below(4));
    for (int choice = 0; choice < choices; ++choice) {
      for (const char* field : kFields) {
        if (Below(2) == 0) texts.push_back({choice, field, 0, RandomText(false)});
      }
      for (int call = 0; call < static_cast<int>(Below(3)); ++call) {
        texts.push_back({choice, "", call, RandomText(true)});
      }
      if (texts.empty() || texts.back().choice != choice) {
        texts.push_back({choice, "content", 0, RandomText(false)});
      }
    }
    std::string stream = Below(4) == 0 ? "\xEF\xBB\xBF" : "";
    const auto all_said = [&] {
      return std::all_of(texts.begin(), texts.end(),
                         [](const Text& text) { return text.said == text.text.size(); });
    };
    while (!all_said()) {
      stream += Framed(RandomEvent(&texts));
      if (Below(5) == 0) stream += ": ping\n\n";
    }
    for (int choice = 0; choice < choices; ++choice) stream += Finish(choice);
    stream += R"(data: {"id":"c","choices":[],"usage":{"prompt_tokens":1}})"
              "\n\n" +
              kDone;

    Life life(*gateway_);
    std::vector<std::string> reads;
    const size_t read = 1 + Below(3000);
    for (size_t at = 0; at < stream.size(); at += read) reads.push_back(stream.substr(at, read));
    life.Send(StreamChat(R"(,"stream_options":{"include_usage":true})")).AnswerStream(reads);
    const Seen seen = Read(life.output);
    ASSERT_TRUE(seen.done) << stream << "\n" << life.output;
    bool touched = false;
    for (const Text& text : texts) {
      std::string said;
      for (const std::string& data : seen.data) {
        if (data != "[DONE]") said += text.Of(data);
      }
      // Pieces of an unknown field are judged by themselves, too.
      const bool apart = text.field == "x_vendor";
      ASSERT_TRUE(apart || said == Whole(text))
          << said << "\n"
          << round << ": " << text.choice << " " << text.field;
      touched = touched || said != text.text;
      json::View view;
      if (text.field.empty()) {
        ASSERT_TRUE(view.Parse(said, 0, {}).ok()) << said;
      }
    }
    // Choices may overtake each other: of one there is but one order.
    if (!touched && choices == 1) {
      ASSERT_EQ(life.output, stream);
    }
  }
}

}  // namespace
}  // namespace kt::session
