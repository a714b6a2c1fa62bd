// How streams end: well, cut, blocked, held as a whole; those of responses too.
#include "stream_fixture.h"

namespace kt::session {
namespace {

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

// As SGLang and older Ollama have it in every event but the last.
TEST_F(Stream, AnEmptyFinishReasonIsNone) {
  const auto says = [](const std::string& text) {
    return Event(Delta("{\"content\":" + json::Quote(text) + "}", 0, R"(,"finish_reason":"")"));
  };
  const std::string events = says("Hello ") + says("there. ");
  const Seen seen = Read(Run({events, Finish(), kDone}));
  EXPECT_EQ(seen.text.at(0), "Hello there. ");
  EXPECT_TRUE(seen.done);
  for (const std::string& end : {std::string(), kDone}) {
    const Seen cut = Read(Run({events, end}));
    EXPECT_EQ(cut.error_code, "upstream_invalid_response");
    EXPECT_FALSE(cut.done);
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
