// Events that come together are judged together: nobody may see a difference.
#include "life.h"

namespace kt::session {
namespace {

class StreamRunTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string block = "policy: {pii-detector: {action: block}}\n";
    const std::string chain = "[{pii-detector: {stage: output}}, audit-logger]";
    gateways_ = new std::vector<std::unique_ptr<const Gateway>>();
    gateways_->push_back(MakeGateway(Yaml()));
    gateways_->push_back(MakeGateway(Yaml(OneTarget(), chain, block)));
    gateways_->push_back(MakeGateway(Yaml(OneTarget(), "[audit-logger]")));
    gateways_->push_back(MakeGateway(
        Yaml(OneTarget(), "[{pii-detector: {streaming_mode: buffered}}, audit-logger]")));
  }
  static void TearDownTestSuite() {
    delete gateways_;
    gateways_ = nullptr;
  }

  struct Outcome {
    std::string output, verdict, reason;
    int status;
    uint64_t redactions;
    std::optional<uint64_t> released, tokens;
    bool operator==(const Outcome&) const = default;
  };
  static Outcome Run(const Gateway& gateway, const std::vector<std::string>& pieces) {
    Life life(gateway);
    life.Send(StreamChat(R"(,"n":2)")).AnswerStream(pieces);
    const audit::Record& record = life.record();
    return {life.output, std::string(record.verdict), std::string(record.reason_code),
            life.status(), life.session().redactions(), record.released_bytes,
            // Of what has come, and with a blocked answer that depends on the reads.
            record.verdict == "blocked" ? std::nullopt : record.completion_tokens};
  }
  // `events` in one read, one by one, and in reads of a few.
  static void ExpectTheSame(const std::vector<std::string>& events) {
    for (const auto& gateway : *gateways_) {
      const Outcome apart = Run(*gateway, events);
      for (const size_t size : {size_t{2}, size_t{3}, size_t{7}, events.size()}) {
        std::vector<std::string> reads;
        for (size_t i = 0; i < events.size(); ++i) {
          if (i % size == 0) reads.emplace_back();
          reads.back() += events[i];
        }
        const Outcome together = Run(*gateway, reads);
        EXPECT_EQ(together.output, apart.output) << size;
        EXPECT_TRUE(together == apart) << size << " " << together.reason << " " << apart.reason;
      }
    }
  }
  static std::vector<std::unique_ptr<const Gateway>>* gateways_;
};
std::vector<std::unique_ptr<const Gateway>>* StreamRunTest::gateways_ = nullptr;

std::vector<std::string> Deltas(const std::string& text, size_t size, int index = 0,
                                const std::string& eol = "\n") {
  std::vector<std::string> events;
  for (const std::string& piece : Pieces(text, size)) events.push_back(Text(piece, index, eol));
  return events;
}
std::vector<std::string> Ended(std::vector<std::string> events) {
  events.push_back(Finish());
  events.push_back(kDone);
  return events;
}
const std::string kText =
    "It was late. Write to " + std::string(kEmail) +
    ", or call +1 212 555 0123 \xC3\xA9\xF0\x9F\x98\x80 \"now\"\\\n. Well then.";

TEST_F(StreamRunTest, TextsOfEverySizeOfPiece) {
  for (const size_t size : {1u, 2u, 3u, 5u, 8u, 13u, 40u, 200u}) {
    for (const std::string eol : {"\n", "\r\n", "\r"}) {
      ExpectTheSame(Ended(Deltas(kText, size, 0, eol)));
    }
  }
}

TEST_F(StreamRunTest, AValueAtEveryPlaceOfTheRead) {
  for (size_t before = 0; before < 12; ++before) {
    std::vector<std::string> events(before, Text("word "));
    for (std::string& event : Deltas(kEmail, 4)) events.push_back(std::move(event));
    events.resize(events.size() + 12 - before, Text(" word"));
    ExpectTheSame(Ended(events));
  }
}

TEST_F(StreamRunTest, ManySmallEventsInOneRead) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += kText;
  ExpectTheSame(Ended(Deltas(text, 3)));
}

TEST_F(StreamRunTest, OtherEventsBetween) {
  const std::string others[] = {
      kRole,
      ": ping\n\n",
      ": mail jane.doe@acme-mail.com\n\n",
      "id: 7\n" + Text("and "),
      Text("other ", 1),
      Text("to jane.", 1),
      Event(Delta(R"({"reasoning_content":"hm, jane.doe"})")),
      Event(Delta(R"({"content":"a ","reasoning_content":"b "})")),
      Event(Delta(R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\":"}}]})")),
      Event(R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})"),
      Event(Delta(R"({"content":""})")),
      Event(R"({"choices":[{"index":0,"delta":{"content":"x "}},{"index":1,"delta":{}}]})"),
      Event(Delta(R"({"content":"p "})", 0, R"(,"logprobs":{"content":[{"token":"p "}]})")),
      "data: {\"choices\":[{\"index\":0,\"delta\":\ndata: {\"content\":\"two lines \"}}]}\n\n",
      Finish(1),
  };
  for (const std::string& other : others) {
    for (const size_t at : {1u, 4u, 7u, 9u}) {
      std::vector<std::string> events = Deltas("Hello, mail jane.doe@acme-mail.com or so. ", 5);
      events.insert(events.begin() + static_cast<std::ptrdiff_t>(at), other);
      ExpectTheSame(Ended(events));
    }
  }
}

TEST_F(StreamRunTest, FailuresBehindTheText) {
  for (const std::string& bad : {Event("{oops"), Event(R"({"error":{"message":"boom"}})"),
                                 Event(R"({"a":1,"a":2})"), kDone, Text("x", 1) + kDone}) {
    std::vector<std::string> events = Deltas("Hello there, all is well. Mail jane.doe@acme", 6);
    events.push_back(bad);
    ExpectTheSame(events);
    ExpectTheSame({bad});
  }
}

TEST_F(StreamRunTest, TextBehindItsEnd) {
  std::vector<std::string> events = Ended(Deltas("Hello there, all is well. ", 6));
  events.insert(events.end() - 1, Text("more"));
  events.insert(events.end() - 1, Text("more"));
  ExpectTheSame(events);
}

}  // namespace
}  // namespace kt::session
