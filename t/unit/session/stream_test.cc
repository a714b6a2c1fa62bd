#include "stream_fixture.h"

namespace kt::session {
namespace {

// ---- bytes -------------------------------------------------------------------------------------

TEST_F(Stream, ACleanStreamIsTheSameBytes) {
  for (const std::string eol : {"\n", "\r\n", "\r"}) {
    const std::string whole =
        ": hi" + eol + eol + Whole({"Hello", " there", ", how are \xF0\x9F\x98\x80", "?"}, eol);
    EXPECT_EQ(Run({whole}), whole);
    EXPECT_EQ(Run(Pieces(whole, 1)), whole);
  }
}

TEST_F(Stream, TheOutputDoesNotDependOnTheCuts) {
  for (const std::string eol : {"\n", "\r\n", "\r"}) {
    const std::string whole = Whole({kValue.substr(0, 20), kValue.substr(20)}, eol);
    const std::string expected = Run({whole});
    EXPECT_EQ(Read(expected).text[0], kEdited);
    for (size_t cut = 1; cut < whole.size(); ++cut) {
      ASSERT_EQ(Run({whole.substr(0, cut), whole.substr(cut)}), expected) << cut;
    }
    EXPECT_EQ(Run(Pieces(whole, 1)), expected);
  }
}

TEST_F(Stream, AValueIsRedactedWhereverItIsSplitOverEvents) {
  for (size_t cut = 0; cut <= kValue.size(); ++cut) {
    const std::string output = Run({Whole({kValue.substr(0, cut), kValue.substr(cut)})});
    const Seen seen = Read(output);
    ASSERT_EQ(seen.text.at(0), kEdited) << cut;
    EXPECT_TRUE(seen.done);
    for (const char* part : {"jane", "doe", "@", "acme"}) {
      EXPECT_EQ(output.find(part), std::string::npos) << cut;
    }
  }
}

TEST_F(Stream, StreamedTextEqualsWholeText) {
  const std::string texts[] = {kValue,
                               kEmail,
                               "a " + std::string(kEmail) + ", b " + kEmail + "; c",
                               "no data at all \xC3\xA9 \xF0\x9F\x98\x80",
                               "card 4111 1111 1111 1111 and 10.0.0.1, call +1 212 555 0123.",
                               "almost@ mail, 4111 1111 1111 111x, a@b"};
  for (const std::string& text : texts) {
    Life whole(*redacting_);
    whole.Send(Chat("Hi")).AnswerJson(JsonAnswer(text));
    json::View view;
    ASSERT_TRUE(view.Parse(whole.output, 0, {}).ok());
    const auto choice = view.Find(0, "choices") + 1;
    const std::string expected = view.String(view.Find(view.Find(choice, "message"), "content"));
    for (const size_t size : {1u, 2u, 3u, 7u, 1000u}) {
      EXPECT_EQ(Read(Run({Whole(Pieces(text, size))})).text[0], expected) << text << size;
    }
  }
}

TEST_F(Stream, UntouchedEventsAroundATouchedOneKeepTheirBytes) {
  const std::string before =
      ": hi\nid: 1\ndata:{ \"choices\":[{\"index\":0,\"delta\":{\"content\":\"Well, \"}}] }\n\n";
  const std::string after = Finish(0, "\r\n");
  const std::string output =
      Run({before + Text("ask " + std::string(kEmail) + "!") + after + kDone});
  EXPECT_EQ(output, before + Text("ask [EMAIL]!") + after + kDone);
}

TEST_F(Stream, AMarkerStandsWhereTheMatchBegins) {
  const Seen seen = Read(Run({Whole({"to jane", ".doe@acme", "-mail.com now"})}));
  ASSERT_EQ(seen.data.size(), 6u);
  EXPECT_EQ(seen.data[1], Delta(R"({"content":"to [EMAIL]"})"));
  EXPECT_EQ(seen.data[2], Delta(R"({"content":""})"));
  EXPECT_EQ(seen.data[3], Delta(R"({"content":" now"})"));
}

// ---- lanes and choices -------------------------------------------------------------------------

TEST_F(Stream, InterleavedChoicesAreRedactedApart) {
  std::string body;
  for (const std::string& piece : Pieces(kValue, 3)) body += Text(piece, 0) + Text(piece, 1);
  const Seen seen = Read(Run({body + Finish(0) + Finish(1) + kDone}));
  EXPECT_EQ(seen.text.at(0), kEdited);
  EXPECT_EQ(seen.text.at(1), kEdited);
}

TEST_F(Stream, ValuesDoNotJoinAcrossChoices) {
  const std::string body =
      Text("jane.doe", 0) + Text("@acme-mail.com", 1) + Finish(0) + Finish(1) + kDone;
  const Seen seen = Read(Run({body}));
  EXPECT_EQ(seen.text.at(0), "jane.doe");
  EXPECT_EQ(seen.text.at(1), "@acme-mail.com");
}

TEST_F(Stream, OtherChoicesOvertakeAHeldEvent) {
  Life life(*redacting_);
  life.Send(StreamChat(R"(,"n":2)")).Try();
  life.Head(200, "text/event-stream");
  life.Body(Text("Well, mail jane.doe@acme", 0));
  EXPECT_EQ(life.output, "");
  life.Body(Text("All is well. ", 1));
  EXPECT_EQ(life.output, Text("All is well. ", 1));
  life.Body(Finish(1));
  EXPECT_EQ(life.output, Text("All is well. ", 1)) << "a finish_reason may not overtake";
  life.Body(Text("-mail.com!", 0));
  EXPECT_EQ(life.output,
            Text("All is well. ", 1) + Text("Well, mail [EMAIL]", 0) + Finish(1) + Text("!", 0));
}

TEST_F(Stream, AFinishReasonFlushesItsChoice) {
  Life life(*redacting_);
  life.Send(StreamChat()).Try();
  life.Head(200, "text/event-stream");
  const std::string held = Text("the end is jane.doe");
  life.Body(held);
  EXPECT_EQ(life.output, "");
  life.Body(Finish());
  EXPECT_EQ(life.output, held + Finish());
}

TEST_F(Stream, CleanTextLeavesAtOnce) {
  Life life(*redacting_);
  life.Send(StreamChat()).Try();
  life.Head(200, "text/event-stream");
  life.Body(kRole);
  EXPECT_FALSE(life.session().head_ready());
  life.now_ms += 25;
  life.Body(Text("All is well. "));
  EXPECT_EQ(life.output, kRole + Text("All is well. "));
  EXPECT_EQ(life.session().ttft_ms(), 25u);
  EXPECT_EQ(life.session().head().content_length, std::nullopt);
}

TEST_F(Stream, TextBehindItsOwnFinishReasonIsInvalid) {
  const std::string output = Run({Whole({"Hello there. "}).substr(0, kRole.size()) +
                                  Text("Hello there. ") + Finish() + Text("more") + kDone});
  EXPECT_EQ(Read(output).error_code, "upstream_invalid_response");
}

std::string ToolDelta(const std::string& arguments) {
  return Event(Delta(R"({"tool_calls":[{"index":0,"function":{"arguments":)" +
                     json::Quote(arguments) + "}}]}"));
}

std::string ArgumentsOf(const std::string& stream) {
  std::string got;
  for (const std::string& data : Read(stream).data) {
    json::View view;
    if (data == "[DONE]" || !view.Parse(data, 0, {}).ok()) continue;
    for (json::NodeIndex i = 0; i < view.nodes().size(); ++i) {
      if (view.KeyEquals(i, "arguments")) got += view.String(i);
    }
  }
  return got;
}

TEST_F(Stream, ToolArgumentsStillParse) {
  const std::string arguments =
      R"({"to":"jane.doe@acme-mail.com","s":"a\"b\\c\u00e9","card":4111111111111111,"n":3})";
  for (const size_t size : {1u, 2u, 5u, 11u, 200u}) {
    std::string body = Event(Delta(
        R"({"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"send","arguments":""}}]})"));
    for (const std::string& piece : Pieces(arguments, size)) body += ToolDelta(piece);
    const std::string got = ArgumentsOf(Run({body + Finish() + kDone}));
    json::View view;
    ASSERT_TRUE(view.Parse(got, 0, {}).ok()) << got;
    EXPECT_EQ(view.String(view.Find(0, "to")), "[EMAIL]");
    EXPECT_EQ(view.String(view.Find(0, "s")), "a\"b\\c\xC3\xA9");
    EXPECT_EQ(view.node(view.Find(0, "card")).kind, json::Kind::kString);
    EXPECT_EQ(view.Unsigned(view.Find(0, "n"), 0), 3u);
    EXPECT_EQ(got.find("4111"), std::string::npos);
  }
}

TEST_F(Stream, EscapesInToolArgumentsHideNothing) {
  const std::string arguments = R"({"to":"jane.doe\u0040acme-mail.com","s":"a\n536-22-8714\nb"})";
  for (const size_t size : {1u, 3u, 7u, 1000u}) {
    std::string body;
    for (const std::string& piece : Pieces(arguments, size)) body += ToolDelta(piece);
    const std::string got = ArgumentsOf(Run({body + Finish() + kDone}));
    json::View view;
    ASSERT_TRUE(view.Parse(got, 0, {}).ok()) << got;
    EXPECT_EQ(view.String(view.Find(0, "to")), "[EMAIL]");
    EXPECT_EQ(view.String(view.Find(0, "s")), "a\n[SSN]\nb");
  }
}

TEST_F(Stream, LogprobsOfATouchedEventGo) {
  const std::string logprobs = R"(,"logprobs":{"content":[{"token":"x","logprob":-0.1}]})";
  const auto event = [&](const std::string& text, const std::string& more) {
    return Event(Delta(R"({"content":)" + json::Quote(text) + "}", 0, more));
  };
  const std::string output =
      Run({event("Hello, ", logprobs) + event("jane.doe@", logprobs) +
           event("acme-mail.com", logprobs) + event(" ok", logprobs) + Finish() + kDone});
  EXPECT_EQ(output, event("Hello, ", logprobs) + event("[EMAIL]", R"(,"logprobs":null)") +
                        event("", R"(,"logprobs":null)") + event(" ok", logprobs) + Finish() +
                        kDone);
}

}  // namespace
}  // namespace kt::session
