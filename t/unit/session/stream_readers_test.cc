// Events of a stream that one client puts together and another one does not: neither gets a value.
#include "life.h"

namespace kt::session {
namespace {

class StreamReaders : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    gateway_ = MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]")).release();
    buffered_ =
        MakeGateway(Yaml(OneTarget(), "[{pii-detector: {streaming_mode: buffered}}, audit-logger]"))
            .release();
    reversible_ = MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]",
                                   "policy: {pii-detector: {redaction: {marker_format: "
                                   "reversible}}}\n"))
                      .release();
  }
  static void TearDownTestSuite() {
    delete gateway_;
    delete buffered_;
    delete reversible_;
    gateway_ = buffered_ = reversible_ = nullptr;
  }
  static std::string Run(const std::string& events, const char* path = "/v1/chat/completions",
                         const Gateway& gateway = *gateway_) {
    Life life(gateway, path);
    life.Send(std::string(path).ends_with("responses")
                  ? R"({"model":"m","input":"I am bob@acme-mail.com","stream":true})"
                  : Chat("I am bob@acme-mail.com", R"(,"stream":true)"));
    life.AnswerStream({events});
    EXPECT_TRUE(life.session().finished());
    redactions_ = life.session().redactions();
    return life.output;
  }
  static const Gateway *gateway_, *buffered_, *reversible_;
  static uint64_t redactions_;
};
const Gateway* StreamReaders::gateway_ = nullptr;
const Gateway* StreamReaders::buffered_ = nullptr;
const Gateway* StreamReaders::reversible_ = nullptr;
uint64_t StreamReaders::redactions_ = 0;

const std::string kEnd = Finish() + kDone;

// ---- fields that are not in the table ----------------------------------------------------------

// openai-python puts the strings of a delta together, openai-node keeps the last one.
std::string Note(const std::string& note) {
  return Event(Delta("{\"x_note\":" + json::Quote(note) + "}"));
}

TEST_F(StreamReaders, AValueOfOneEventDoesNotHideBehindItsNeighbours) {
  const struct {
    std::vector<std::string> said, seen;
  } cases[] = {
      {{"card 4111 1111 1111 1111", "22 results"}, {"card [CREDIT_CARD]", "22 results"}},
      {{"no 12", "4111111111111111", "22 "}, {"no 12", "[CREDIT_CARD]", "22 "}},
      {{"abc", "jane.doe@acme-mail.com"}, {"", "[EMAIL]"}},
      {{"jane.doe@acme-mail.com", "pany"}, {"[EMAIL]", ""}},
  };
  for (const Gateway* gateway : {gateway_, buffered_}) {
    for (const auto& [said, seen] : cases) {
      std::string events, expected;
      for (const std::string& note : said) events += Note(note);
      const std::string output =
          Run(Text("Hi. ") + events + kEnd, "/v1/chat/completions", *gateway);
      for (const std::string& note : seen) {
        EXPECT_NE(output.find(note.empty() ? kEnd : Note(note)), output.npos) << output;
      }
      EXPECT_EQ(output.find("4111"), output.npos) << output;
      EXPECT_EQ(output.find("acme"), output.npos) << output;
      EXPECT_TRUE(Read(output).done) << output;
    }
  }
}

TEST_F(StreamReaders, NorDoesOneInTwoEvents) {
  for (const Gateway* gateway : {gateway_, buffered_}) {
    for (size_t cut = 1; cut < sizeof(kEmail) - 1; ++cut) {
      const std::string email = kEmail;
      const std::string output =
          Run(Note("to " + email.substr(0, cut)) + Note(email.substr(cut) + " now") + kEnd,
              "/v1/chat/completions", *gateway);
      EXPECT_EQ(output, Note("to [EMAIL]") + Note(" now") + kEnd) << cut;
    }
  }
}

TEST_F(StreamReaders, WhatIsFoundInBothWaysCountsOnce) {
  for (const Gateway* gateway : {gateway_, buffered_}) {
    const std::string output =
        Run(Note("to jane.doe@acme-mail.com now, ") + Note("or later") + kEnd,
            "/v1/chat/completions", *gateway);
    EXPECT_EQ(output, Note("to [EMAIL] now, ") + Note("or later") + kEnd);
    EXPECT_EQ(redactions_, 2u);  // with that of the request
  }
}

TEST_F(StreamReaders, APlaceholderOfAFieldIsRestoredOnce) {
  const std::string output = Run(Note("you, [EMAIL_1], ") + Note("and [EMAIL") + Note("_1]!") +
                                     Note("or jane.doe@acme-mail.com") + kEnd,
                                 "/v1/chat/completions", *reversible_);
  EXPECT_EQ(output, Note("you, bob@acme-mail.com, ") + Note("and bob@acme-mail.com") + Note("!") +
                        Note("or [EMAIL]") + kEnd);
}

TEST_F(StreamReaders, EveryPlaceThatIsNotInTheTableIsReadInBothWays) {
  const struct {
    const char *path, *before, *after;
  } places[] = {
      {"/v1/chat/completions", R"({"choices":[{"index":0,"delta":{"x":{"y":[)", "]}}}]}"},
      {"/v1/chat/completions", R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"x":)",
       "}]}}]}"},
      {"/v1/chat/completions",
       R"({"choices":[{"index":0,"delta":{"content":[{"type":"file","filename":)", "}]}}]}"},
      {"/v1/chat/completions", R"({"choices":[{"index":0,"raw_output":{"completion":)", "}}]}"},
      {"/v1/responses", R"({"type":"response.x.delta","output_index":0,"delta":{"note":)", "}}"},
  };
  for (const auto& [path, before, after] : places) {
    const auto says = [&](const std::string& text) {
      return Event(before + json::Quote(text) + after);
    };
    const std::string end =
        std::string(path) == "/v1/responses"
            ? Event(R"({"type":"response.completed","response":{"id":"r","output":[]}})")
            : kEnd;
    EXPECT_EQ(Run(says("card 4111 1111 1111 1111") + says("22 results. ") + says("ssn 536-90") +
                      says("-4399 there. ") + end,
                  path),
              says("card [CREDIT_CARD]") + says("22 results. ") + says("ssn [SSN]") +
                  says(" there. ") + end)
        << before;
  }
}

// The name of a tool: openai-python puts its pieces together, openai-node keeps the last.
TEST_F(StreamReaders, ANameIsReadInBothWays) {
  const auto name = [](const std::string& text) {
    return Event(
        Delta(R"({"tool_calls":[{"index":0,"function":{"name":)" + json::Quote(text) + "}}]}"));
  };
  for (const std::string& events :
       {name("4111111111111111") + name("22"), name("41111111") + name("11111111")}) {
    const std::string output = Run(events + kEnd);
    EXPECT_NE(output.find("output_blocked"), output.npos) << output;
    EXPECT_EQ(output.find("4111"), output.npos) << output;
  }
  const std::string clean = name("get_") + name("weather") + kEnd;
  EXPECT_EQ(Run(clean), clean);
}

// What every client puts together is one text.
TEST_F(StreamReaders, PiecesOfContentAreNoTextsOfTheirOwn) {
  const std::string events =
      Text("order 12") + Text("4111111111111111") + Text("22 of today. ") + kEnd;
  EXPECT_EQ(Run(events), events);
}

}  // namespace
}  // namespace kt::session
