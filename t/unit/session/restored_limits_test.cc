// How much of the client's own may come back in one answer: a value may be as long as the request,
// and a placeholder is a few bytes.
#include "stream_fixture.h"

namespace kt::session {
namespace {

constexpr size_t kLimit = 20000;  // of an answer

std::string Reversible() {
  return Yaml(OneTarget(), "[pii-detector, audit-logger]",
              "size_limits: {max_response_bytes: " + std::to_string(kLimit) +
                  "}\npolicy:\n  pii-detector:\n    detect_patterns: ['~[a-z]{1,100}~']\n"
                  "    redaction: {marker_format: reversible}\n");
}

// 100 bytes.
std::string Value() {
  return "~" + std::string(98, 'v') + "~";
}
std::string Times(size_t n) {
  std::string text;
  for (size_t i = 0; i < n; ++i) text += "[CUSTOM_1] ";
  return text;
}

class RestoredLimits : public testing::Test {
 protected:
  std::string Answer(size_t n) {
    Life life(*gateway_);
    life.Send(Chat(Value())).AnswerJson(JsonAnswer(Times(n)));
    reason_ = life.record().reason_code;
    return life.output;
  }
  std::string Stream(const std::vector<std::string>& events, const std::string& path = kChat) {
    Life life(*gateway_, path);
    const std::string stream = R"(,"stream":true)";
    const std::string input = R"({"model":"m","input":)" + json::Quote(Value()) + stream + "}";
    life.Send(path == kChat ? Chat(Value(), stream) : input).AnswerStream(events);
    reason_ = life.record().reason_code;
    return life.output;
  }

  static inline const std::string kChat = "/v1/chat/completions";
  const std::unique_ptr<const Gateway> gateway_ = MakeGateway(Reversible());
  std::string reason_;
};

TEST_F(RestoredLimits, AWholeAnswerUpToTheLimitIsRestored) {
  const std::string answer = Answer(kLimit / 100);
  EXPECT_GT(answer.size(), kLimit);
  EXPECT_EQ(answer.find("CUSTOM"), std::string::npos);
}

TEST_F(RestoredLimits, OverItNothingOfItGoesOut) {
  const std::string answer = Answer(kLimit / 100 + 1);
  EXPECT_NE(answer.find("output_blocked"), std::string::npos) << answer.substr(0, 300);
  EXPECT_EQ(answer.find(Value()), std::string::npos);
  EXPECT_EQ(reason_, "pii_detector.restore_limit");
}

TEST_F(RestoredLimits, AStreamEndsAtIt) {
  for (const size_t size : {7, 150, 4000}) {
    const std::string at =
        Stream({kRole, Deltas(Pieces(Times(kLimit / 100), size)), Finish(), kDone});
    EXPECT_TRUE(Read(at).done);
    std::vector<std::string> over = {kRole};
    for (const std::string& piece : Pieces(Times(kLimit / 100 + 100), size))
      over.push_back(Text(piece));
    over.push_back(Finish());
    over.push_back(kDone);
    for (const auto& events : {over, {Whole(Pieces(Times(kLimit / 100 + 100), size))}}) {
      const std::string out = Stream(events);
      EXPECT_LT(out.size(), 2 * kLimit) << size;
      EXPECT_NE(out.find("output_blocked"), std::string::npos) << size;
      EXPECT_EQ(reason_, "pii_detector.restore_limit");
    }
  }
}

TEST_F(RestoredLimits, WhatEventsRepeatCountsEachTime) {
  std::string events = kRole;
  for (size_t i = 1; i < 30; ++i) {
    events +=
        Event(Delta(R"({"content":"[CUSTOM_1] "})", 0,
                    R"(,"message":{"role":"assistant","content":)" + json::Quote(Times(i)) + "}"));
  }
  const std::string out = Stream({events + Finish() + kDone});
  EXPECT_LT(out.size(), 3 * kLimit);
  EXPECT_NE(out.find("output_blocked"), std::string::npos);
}

}  // namespace
}  // namespace kt::session
