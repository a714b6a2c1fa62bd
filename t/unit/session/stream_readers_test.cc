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

// ---- the begin of an item -----------------------------------------------------------------------

std::string Typed(const std::string& type, const std::string& more) {
  return Event("{\"type\":\"" + type + R"(","output_index":0,)" + more + "}");
}
const std::string kCompleted =
    Event(R"({"type":"response.completed","response":{"id":"r","output":[]}})");

// A text that comes with its item and goes on in deltas, as the accumulators of openai-python and
// openai-node have it.
struct Begun {
  const char *stem, *place, *before, *after;
  bool arguments = false;

  std::string Item(const std::string& text) const { return before + json::Quote(text) + after; }
  std::string Added(const std::string& text) const {
    return Typed("response.output_item.added", "\"item\":" + Item(text));
  }
  std::string Created(const std::string& text) const {
    return Typed("response.created", "\"response\":{\"id\":\"r\",\"output\":[" + Item(text) + "]}");
  }
  std::string Goes(const std::string& text) const {
    return Typed(std::string(stem) + ".delta", place + ("\"delta\":" + json::Quote(text)));
  }
};
const Begun kBegun[] = {
    {"response.output_text", R"("content_index":0,)",
     R"({"type":"message","id":"i","content":[{"type":"output_text","text":)", "}]}"},
    {"response.refusal", R"("content_index":0,)",
     R"({"type":"message","id":"i","content":[{"type":"refusal","refusal":)", "}]}"},
    {"response.reasoning_text", R"("content_index":0,)",
     R"({"type":"reasoning","id":"i","content":[{"type":"reasoning_text","text":)", "}]}"},
    {"response.reasoning_summary_text", R"("summary_index":0,)",
     R"({"type":"reasoning","id":"i","summary":[{"type":"summary_text","text":)", "}]}"},
    {"response.function_call_arguments", "",
     R"({"type":"function_call","id":"i","call_id":"c","name":"f","arguments":)", "}", true},
    {"response.mcp_call_arguments", "", R"({"type":"mcp_call","id":"i","name":"f","arguments":)",
     "}", true},
    {"response.custom_tool_call_input", "",
     R"({"type":"custom_tool_call","id":"i","call_id":"c","name":"f","input":)", "}"},
    {"response.code_interpreter_call_code", "",
     R"({"type":"code_interpreter_call","id":"i","code":)", "}"},
};

TEST_F(StreamReaders, AValueBetweenAnItemAndItsDeltas) {
  for (const Gateway* gateway : {gateway_, buffered_}) {
    for (const Begun& begun : kBegun) {
      const std::string open = begun.arguments ? "{\"to\":\"" : "to ";
      const std::string close = begun.arguments ? "\"}" : " now";
      const std::string email = kEmail;
      for (size_t cut = 1; cut < email.size(); ++cut) {
        const std::string begin = email.substr(0, cut), rest = email.substr(cut);
        const std::string end = begun.Goes(close) + kCompleted;
        EXPECT_EQ(
            Run(begun.Added(open + begin) + begun.Goes(rest) + end, "/v1/responses", *gateway),
            begun.Added(open + "[EMAIL]") + begun.Goes("") + end)
            << begun.stem << " " << cut;
        EXPECT_EQ(
            Run(begun.Created(open + begin) + begun.Goes(rest) + end, "/v1/responses", *gateway),
            begun.Created(open + "[EMAIL]") + begun.Goes("") + end)
            << begun.stem << " " << cut;
      }
    }
  }
}

TEST_F(StreamReaders, WhatAnItemBeginsWithIsATextOfItsOwnToo) {
  for (const Begun& begun : kBegun) {
    if (begun.arguments) continue;
    const std::string end = begun.Goes("22 and more. ") + kCompleted;
    EXPECT_EQ(Run(begun.Added("card 4111 1111 1111 1111") + end, "/v1/responses"),
              begun.Added("card [CREDIT_CARD]") + end)
        << begun.stem;
    EXPECT_EQ(redactions_, 2u);  // with that of the request
  }
  const auto part = [](const std::string& text) {
    return Typed(
        "response.content_part.added",
        R"("content_index":0,"part":{"type":"output_text","text":)" + json::Quote(text) + "}");
  };
  const std::string end = kBegun[0].Goes("22 and more. ") + kCompleted;
  EXPECT_EQ(Run(part("card 4111 1111 1111 1111") + end, "/v1/responses"),
            part("card [CREDIT_CARD]") + end);
  EXPECT_EQ(Run(part("ssn 536-90-43") + kBegun[0].Goes("99 there") + kCompleted, "/v1/responses"),
            part("ssn [SSN]") + kBegun[0].Goes(" there") + kCompleted);
}

// Some providers say all of a call when it begins, and then once more in pieces, or not.
TEST_F(StreamReaders, WholeItemsThatAreAddedPass) {
  for (const Begun& begun : kBegun) {
    const std::string text = begun.arguments ? R"({"city":"Berlin","days":[1,2]})" : "It was late.";
    const std::string done =
        Typed("response.output_item.done", "\"item\":" + begun.Item(text)) +
        Typed("response.output_item.added", R"("item":{"type":"message","content":[]})");
    for (const std::string& events :
         {begun.Added(text) + done, begun.Added(text) + begun.Goes(text) + done,
          begun.Added("") + begun.Goes(text) + done,
          begun.Added(text) + begun.Added(text) + done}) {
      EXPECT_EQ(Run(events + kCompleted, "/v1/responses"), events + kCompleted) << begun.stem;
    }
  }
}

// With the end of its item a text is over: what may have begun a value goes out then.
TEST_F(StreamReaders, TheEndOfAnItemEndsItsTexts) {
  const Begun& call = kBegun[4];
  Life life(*gateway_, "/v1/responses");
  life.Send(R"({"model":"m","input":"Hi","stream":true})");
  ASSERT_FALSE(life.Try().empty());
  life.Head(200, "text/event-stream");
  const std::string added = call.Added("{\"to\":\"jane.doe");
  life.Body(added);
  EXPECT_EQ(life.output, "");
  const std::string done =
      Typed("response.output_item.done", "\"item\":" + call.Item("{\"to\":\"jane.doe"));
  life.Body(done);
  EXPECT_EQ(life.output, added + done);
}

// ---- names of events ----------------------------------------------------------------------------

// A browser's EventSource skips events with a name, the SDKs read them.
std::string Name(const std::string& name, const std::string& event) {
  return "event: " + name + "\n" + event;
}

TEST_F(StreamReaders, WhatANamedEventSaysMayNotStandBetween) {
  const std::string begin = Text("4111 1111 "), between = Text("zz "), rest = Text("1111 1111 ");
  for (const std::string& events :
       {begin + Name("foo", between) + rest, Name("foo", begin) + between + Name("foo", rest),
        Name("a", begin) + Name("b", between) + Name("a", rest),
        begin + Name("thread.run", between) + rest, begin + Name("message ", between) + rest}) {
    const std::string output = Run(events + kEnd);
    EXPECT_NE(output.find("upstream_invalid_response"), output.npos) << output;
    EXPECT_EQ(output.find("4111 1111 \"}}]}\n\nevent"), output.npos) << output;
    EXPECT_EQ(output.find("1111 1111"), output.npos) << output;
  }
}

TEST_F(StreamReaders, EventsOfOneNameAndThoseWithoutTextPass) {
  const std::string ping = Name("ping", Event(R"({"type":"ping"})"));
  for (const std::string& events :
       {Name("message", Text("Hi. ")) + Text("Ho. "),
        Name("chunk", Text("Hi. ") + ping) + Name("chunk", Text("Ho. ")),
        ping + Text("Hi. ") + ping + Text("Ho. "),
        kRole + Name("delta", Text("Hi. ")) + Name("delta", Text("Ho. "))}) {
    EXPECT_EQ(Run(events + kEnd), events + kEnd);
  }
  const std::string error = Run(Text("Hi. ") + Name("error", Event(R"({"message":"busy"})")));
  EXPECT_NE(error.find("\"upstream_error\""), error.npos) << error;
}

TEST_F(StreamReaders, EventsOfResponsesAreNamedInOneWay) {
  const std::string type = "response.output_text.delta";
  const auto delta = [](const std::string& text) { return kBegun[0].Goes(text); };
  const auto untyped = [](const std::string& text) {
    return Event(R"({"output_index":0,"content_index":0,"delta":)" + json::Quote(text) + "}");
  };
  const std::string added =
      Typed("response.output_item.added", R"("item":{"type":"message","content":[]})");
  for (const std::string& events :
       {delta("Hi. ") + delta("Ho. "), Name(type, delta("Hi. ")) + Name(type, delta("Ho. ")),
        added + Name(type, delta("Hi. ")), Name("message", delta("Hi. ")) + delta("Ho. "),
        Name(type, untyped("Hi. ")) + Name(type, untyped("Ho. "))}) {
    EXPECT_EQ(Run(events + kCompleted, "/v1/responses"), events + kCompleted);
  }
  for (const std::string& events :
       {delta("4111 1111 ") + Name(type, delta("zz ")) + delta("1111 1111 "),
        Name(type, delta("4111 1111 ")) + delta("zz ") + Name(type, delta("1111 1111 ")),
        Name(type, delta("4111 1111 ")) + Name(type, untyped("zz ")),
        Name("response.refusal.delta", delta("4111 1111 ")) + Name(type, delta("zz "))}) {
    const std::string output = Run(events + kCompleted, "/v1/responses");
    EXPECT_NE(output.find("upstream_invalid_response"), output.npos) << output;
    EXPECT_EQ(output.find("1111 1111"), output.npos) << output;
  }
}

}  // namespace
}  // namespace kt::session
