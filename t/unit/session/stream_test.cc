#include "life.h"

namespace kt::session {
namespace {

constexpr char kLeft[] = "Please write to ", kRight[] = " before noon, thanks.";
const std::string kValue = std::string(kLeft) + kEmail + kRight;
const std::string kEdited = std::string(kLeft) + "[EMAIL]" + kRight;

std::string Deltas(const std::vector<std::string>& pieces, int index = 0,
                   const std::string& eol = "\n") {
  std::string out;
  for (const std::string& piece : pieces) out += Text(piece, index, eol);
  return out;
}
std::string Whole(const std::vector<std::string>& pieces, const std::string& eol = "\n") {
  return Event(Delta(R"({"role":"assistant"})"), eol) + Deltas(pieces, 0, eol) + Finish(0, eol) +
         Event("[DONE]", eol);
}

class Stream : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    redacting_ = MakeGateway(Yaml()).release();
    blocking_ = MakeGateway(Yaml(OneTarget(), "[{pii-detector: {stage: output}}, audit-logger]",
                                 "policy: {pii-detector: {action: block}}\n"))
                    .release();
    buffered_ =
        MakeGateway(Yaml(OneTarget(), "[{pii-detector: {streaming_mode: buffered}}, audit-logger]"))
            .release();
  }
  static void TearDownTestSuite() {
    delete redacting_;
    delete blocking_;
    delete buffered_;
    redacting_ = blocking_ = buffered_ = nullptr;
  }
  static std::string Run(const std::vector<std::string>& pieces, const Gateway* gateway = nullptr,
                         UpstreamEnd end = UpstreamEnd::kClean) {
    Life life(gateway != nullptr ? *gateway : *redacting_);
    life.Send(StreamChat()).AnswerStream(pieces, end);
    EXPECT_TRUE(life.session().finished());
    return life.output;
  }
  static const Gateway *redacting_, *blocking_, *buffered_;
};
const Gateway* Stream::redacting_ = nullptr;
const Gateway* Stream::blocking_ = nullptr;
const Gateway* Stream::buffered_ = nullptr;

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

// ---- ends --------------------------------------------------------------------------------------

TEST_F(Stream, AMissingDoneIsAdded) {
  const std::string events = kRole + Text("Hello") + Finish();
  EXPECT_EQ(Run({events}), events + kDone);
  EXPECT_EQ(Run({events}, nullptr, UpstreamEnd::kClosed), events + kDone);
}

TEST_F(Stream, NothingFollowsADone) {
  const std::string whole = Whole({"Hello"});
  EXPECT_EQ(Run({whole + Text(kEmail)}), whole);
}

TEST_F(Stream, AnIncompleteStreamEndsWithAnErrorAndWithoutDone) {
  const std::string start = kRole + Text("Hello there. ");
  struct Case {
    std::string rest;
    UpstreamEnd end;
    const char* code;
  };
  const Case cases[] = {
      {"", UpstreamEnd::kClean, "upstream_invalid_response"},
      {"", UpstreamEnd::kTruncated, "upstream_failed"},
      {"", UpstreamEnd::kReset, "upstream_failed"},
      {"", UpstreamEnd::kTimedOut, "upstream_timeout"},
      {kDone, UpstreamEnd::kClean, "upstream_invalid_response"},
      {Finish(), UpstreamEnd::kTruncated, "upstream_failed"},
      {Finish().substr(0, Finish().size() - 1), UpstreamEnd::kClean, "upstream_invalid_response"},
      {Event("{oops"), UpstreamEnd::kClean, "upstream_invalid_response"},
      {Event(R"({"a":1,"a":2})"), UpstreamEnd::kClean, "upstream_invalid_response"},
      {Event("{\"a\":\"\xFF\"}"), UpstreamEnd::kClean, "upstream_invalid_response"},
      {Event(R"({"error":{"message":"boom"}})"), UpstreamEnd::kClean, "upstream_failed"},
      {Text("x", 1) + Finish(0) + kDone, UpstreamEnd::kClean, "upstream_invalid_response"},
  };
  for (const Case& wanted : cases) {
    const std::string output = Run({start + wanted.rest}, nullptr, wanted.end);
    const Seen seen = Read(output);
    EXPECT_EQ(seen.error_code, wanted.code) << wanted.rest;
    EXPECT_FALSE(seen.done);
    EXPECT_EQ(output.rfind(start, 0), 0u);
    EXPECT_EQ(output.find("boom"), std::string::npos);
  }
}

TEST_F(Stream, AFailureBeforeTextIsAStatus) {
  const std::vector<std::string> starts[] = {{},
                                             {kRole},
                                             {": ping\n\n"},
                                             {Event(R"({"error":{"message":"boom"}})")},
                                             {kRole + Event("{oops")},
                                             {kRole + Text("jane.doe@")}};
  for (const auto& start : starts) {
    Life life(*redacting_);
    life.Send(StreamChat()).AnswerStream(start, UpstreamEnd::kTruncated);
    EXPECT_EQ(life.status(), 502);
    EXPECT_EQ(life.session().head().content_type, "application/json");
    EXPECT_EQ(life.error("type"), "upstream_error");
  }
}

TEST_F(Stream, CommentsAloneForLongOpenTheAnswer) {
  Life life(*redacting_);
  life.Send(StreamChat()).Try();
  life.Head(200, "text/event-stream");
  life.now_ms += 9'000;
  life.Body(": ping\n\n");
  EXPECT_FALSE(life.session().head_ready());
  EXPECT_FALSE(life.session().committed());
  life.now_ms += 1'000;
  life.Body(": ping\n\n");
  EXPECT_TRUE(life.session().committed());
  EXPECT_EQ(life.output, ": ping\n\n: ping\n\n");
  life.End(UpstreamEnd::kReset);
  EXPECT_EQ(Read(life.output).error_code, "upstream_failed");
}

TEST_F(Stream, TheGateDoesNotPileUpAStream) {
  SessionOptions options;
  options.gate_buffer_bytes = 1000;
  Life life(*redacting_, "chat/completions", options);
  life.Send(StreamChat()).Try();
  life.Head(200, "text/event-stream");
  for (int i = 0; i < 30; ++i) life.Body(kRole);
  EXPECT_TRUE(life.session().head_ready());
}

TEST_F(Stream, TheUsageChunkThatNobodyAskedForIsHidden) {
  const std::string usage =
      Event(R"({"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}})");
  const std::string before = kRole + Text("Hello") + Finish();
  Life life(*redacting_);
  life.Send(StreamChat()).AnswerStream({before + usage + kDone});
  EXPECT_EQ(life.output, before + kDone);
  EXPECT_EQ(life.session().prompt_tokens(), 11u);
  EXPECT_EQ(life.record().usage_source, "provider");
  Life asked(*redacting_);
  asked.Send(StreamChat(R"(,"stream_options":{"include_usage":true})"))
      .AnswerStream({before + usage + kDone});
  EXPECT_EQ(asked.output, before + usage + kDone);
}

TEST_F(Stream, UsageOfACutStreamIsEstimated) {
  Life life(*redacting_);
  life.Send(StreamChat())
      .AnswerStream({kRole + Text("Hello there, my friend. ")}, UpstreamEnd::kReset);
  EXPECT_EQ(life.record().usage_source, "estimated");
  EXPECT_EQ(life.record().completion_tokens, 6u);
}

// ---- blocks ------------------------------------------------------------------------------------

TEST_F(Stream, ABlockBeforeTheFirstReleaseIsAStatus) {
  Life life(*blocking_);
  life.Send(StreamChat()).AnswerStream({Whole({"jane.doe", "@acme-mail.com", " is it"})});
  EXPECT_EQ(life.status(), 409);
  EXPECT_EQ(life.error("code"), "output_blocked");
  EXPECT_EQ(life.header("x-should-retry"), "false");
  EXPECT_EQ(life.output.find("jane"), std::string::npos);
}

TEST_F(Stream, ABlockedStreamIsAPrefixAtEveryCut) {
  for (size_t cut = 0; cut <= kValue.size(); ++cut) {
    Life life(*blocking_);
    life.Send(StreamChat())
        .AnswerStream({Whole({"Well then. ", kValue.substr(0, cut), kValue.substr(cut)})});
    ASSERT_EQ(life.status(), 200) << cut;
    const Seen seen = Read(life.output);
    EXPECT_EQ(seen.error_code, "output_blocked");
    EXPECT_FALSE(seen.done);
    EXPECT_EQ(("Well then. " + kValue).rfind(seen.text.at(0), 0), 0u);
    EXPECT_LE(seen.text.at(0).size(), ("Well then. " + std::string(kLeft)).size());
    EXPECT_EQ(life.record().verdict, "blocked");
    EXPECT_EQ(life.record().released_bytes, seen.text.at(0).size());
  }
}

TEST_F(Stream, ABlockNeedsNothingMoreFromUpstream) {
  Life life(*blocking_);
  life.Send(StreamChat()).Try();
  life.Head(200, "text/event-stream");
  life.Body(Text("Well then. "));
  EXPECT_EQ(life.Body(Text(kValue) + Text("more")), Step::kFinished);
  EXPECT_TRUE(life.session().finished());
  EXPECT_EQ(life.Body(Text("more")), Step::kFinished);
  EXPECT_EQ(life.End(), Step::kFinished);
  EXPECT_EQ(life.output.find("more"), std::string::npos);
}

TEST_F(Stream, AToolNameWithPersonalDataBlocks) {
  const std::string name = Event(Delta(
      R"({"tool_calls":[{"index":0,"function":{"name":"jane.doe@acme-mail.com","arguments":""}}]})"));
  Life life(*redacting_);
  life.Send(StreamChat()).AnswerStream({name + Finish() + kDone});
  EXPECT_EQ(life.status(), 409);
  EXPECT_EQ(life.session().reason(), "pii_detector.in_identifier");
}

// ---- buffered ----------------------------------------------------------------------------------

TEST_F(Stream, ABufferedAnswerLeavesAsAWhole) {
  Life life(*buffered_);
  life.Send(StreamChat()).Try();
  life.Head(200, "text/event-stream");
  life.Body(kRole + Deltas(Pieces(kValue, 4)) + Finish());
  EXPECT_FALSE(life.session().head_ready());
  EXPECT_TRUE(life.session().committed());
  life.Body(kDone);
  EXPECT_EQ(Read(life.output).text.at(0), kEdited);
  EXPECT_TRUE(Read(life.output).done);
}

TEST_F(Stream, ABufferedAnswerLargerThanTheHoldLimitLeaves) {
  std::string text;
  while (text.size() < 600'000) text += "some words and then more ";
  const std::string output = Run({Whole(Pieces(text, 50'000))}, buffered_);
  EXPECT_EQ(Read(output).text.at(0), text);
}

// ---- responses ---------------------------------------------------------------------------------

std::string ResponsesEvent(const std::string& type, const std::string& more, int number) {
  return "event: " + type + "\n" +
         Event("{\"type\":\"" + type + "\",\"sequence_number\":" + std::to_string(number) + more +
               "}");
}
std::string OutputText(const std::string& text, int number) {
  return ResponsesEvent(
      "response.output_text.delta",
      R"(,"item_id":"i","output_index":0,"content_index":0,"delta":)" + json::Quote(text), number);
}

class Responses : public Stream {
 protected:
  static std::string Ask(const std::string& body, UpstreamEnd end = UpstreamEnd::kClean) {
    Life life(*redacting_, "responses");
    life.Send(R"({"model":"m","input":"Hi","stream":true})").AnswerStream({body}, end);
    return life.output;
  }
  const std::string created_ = ResponsesEvent("response.created", R"(,"response":{"id":"r"})", 0);
  const std::string completed_ =
      ResponsesEvent("response.completed", R"(,"response":{"id":"r","output":[]})", 90);
};

TEST_F(Responses, ACleanStreamIsTheSameBytes) {
  const std::string whole =
      created_ + OutputText("Hello", 1) + OutputText(" there", 2) + completed_;
  EXPECT_EQ(Ask(whole), whole);
}

TEST_F(Responses, DeltasAndCompleteTextsAgree) {
  const std::string done = R"(,"item_id":"i","output_index":0,"content_index":0,"text":)";
  const auto stream = [&](const std::string& a, const std::string& b, const std::string& all) {
    return created_ + OutputText(a, 1) + OutputText(b, 2) +
           ResponsesEvent("response.output_text.done", done + json::Quote(all), 3) + completed_;
  };
  EXPECT_EQ(Ask(stream("Mail jane.doe", "@acme-mail.com", "Mail jane.doe@acme-mail.com")),
            stream("Mail [EMAIL]", "", "Mail [EMAIL]"));
}

TEST_F(Responses, AnEndedTextIsHeldOnlyWhereTheNextOneMayGoOnWithIt) {
  Life life(*redacting_, "responses");
  life.Send(R"({"model":"m","input":"Hi","stream":true})").Try();
  life.Head(200, "text/event-stream");
  life.Body(created_ + OutputText("Hello, jane.doe", 1));
  EXPECT_EQ(life.output, "");
  const std::string done = ResponsesEvent(
      "response.output_text.done",
      R"(,"item_id":"i","output_index":0,"content_index":0,"text":"Hello, jane.doe")", 2);
  life.Body(done);
  EXPECT_EQ(life.output, "");
  life.Body(completed_);
  EXPECT_EQ(life.output, created_ + OutputText("Hello, jane.doe", 1) + done + completed_);

  Life clear(*redacting_, "responses");
  clear.Send(R"({"model":"m","input":"Hi","stream":true})").Try();
  clear.Head(200, "text/event-stream");
  const std::string sentence =
      created_ + OutputText("Hello there! ", 1) +
      ResponsesEvent("response.output_text.done",
                     R"(,"item_id":"i","output_index":0,"content_index":0,"text":"Hello there! ")",
                     2);
  clear.Body(sentence);
  EXPECT_EQ(clear.output, sentence);
}

TEST_F(Responses, AnIncompleteStreamEndsWithBothErrorShapes) {
  const std::string output = Ask(created_ + OutputText("Hello there. ", 1), UpstreamEnd::kReset);
  const Seen seen = Read(output);
  EXPECT_EQ(seen.error_code, "upstream_failed");
  json::View view;
  ASSERT_TRUE(view.Parse(seen.data.back(), 0, {}).ok());
  EXPECT_EQ(view.String(view.Find(0, "type")), "error");
  EXPECT_EQ(view.Unsigned(view.Find(0, "sequence_number"), 0), 2u);
  EXPECT_FALSE(seen.done);
}

}  // namespace
}  // namespace kt::session
