#include "life.h"

namespace kt::session {
namespace {

class Routing : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    one_ = MakeGateway(Yaml()).release();
    two_ = MakeGateway(Yaml(TwoTargets())).release();
  }
  static void TearDownTestSuite() {
    delete one_;
    delete two_;
    one_ = two_ = nullptr;
  }
  static const Gateway *one_, *two_;
};
const Gateway* Routing::one_ = nullptr;
const Gateway* Routing::two_ = nullptr;

TEST_F(Routing, EachTryGetsItsOwnModelAndThePoliciesEdits) {
  Life life(*two_);
  life.Send(
      R"({"model" : "m","messages":[{"role":"user","content":"Mail jane.doe@acme-mail.com"}]})");
  EXPECT_EQ(life.Try(), "a");
  EXPECT_EQ(life.request.body,
            R"({"model" : "model-a","messages":[{"role":"user","content":"Mail [EMAIL]"}]})");
  EXPECT_EQ(life.End(UpstreamEnd::kConnectFailed), Step::kNextTarget);
  EXPECT_EQ(life.Try(), "b");
  EXPECT_EQ(life.request.body,
            R"({"model" : "model-b","messages":[{"role":"user","content":"Mail [EMAIL]"}]})");
  EXPECT_EQ(life.session().model(), "model-b");
}

TEST_F(Routing, AMissingModelIsAdded) {
  Life life(*two_);
  life.Send(R"({"messages":[]})");
  life.Try();
  EXPECT_EQ(life.request.body, R"({"model":"model-a","messages":[]})");
}

TEST_F(Routing, UsageOfAStreamIsAskedFor) {
  const std::pair<std::string, std::string> cases[] = {
      {"", R"("stream_options":{"include_usage":true})"},
      {R"(,"stream_options":null)", R"("stream_options":{"include_usage":true})"},
      {R"(,"stream_options":{})", R"("stream_options":{"include_usage":true})"},
      {R"(,"stream_options":{"x":1})", R"("stream_options":{"include_usage":true,"x":1})"},
      {R"(,"stream_options":{"include_usage":false})",
       R"("stream_options":{"include_usage":true})"},
  };
  for (const auto& [more, wanted] : cases) {
    Life life(*two_);
    life.Send(StreamChat(more));
    life.Try();
    EXPECT_NE(life.request.body.find(wanted), std::string_view::npos) << life.request.body;
    json::View view;
    EXPECT_TRUE(view.Parse(life.request.body, 0, {}).ok());
  }
}

TEST_F(Routing, UsageIsNotAskedForOutsideChatStreamsOrAgainstTheTarget) {
  const auto gateway = MakeGateway(
      Yaml("    - {id: main, provider: openai-compatible, base_url: \"http://127.0.0.1:1/v1\", "
           "secret_key_ref: {env: KEY}, stream_usage: false}\n"));
  Life off(*gateway);
  off.Send(StreamChat());
  off.Try();
  EXPECT_EQ(off.request.body, StreamChat());
  Life whole(*one_);
  whole.Send(Chat("Hi"));
  whole.Try();
  EXPECT_EQ(whole.request.body, Chat("Hi"));
}

TEST_F(Routing, TheFewClientHeadersGoUp) {
  RequestHead head;
  head.method = "POST";
  head.path = "chat/completions";
  head.header = [](std::string_view name) -> std::optional<std::string_view> {
    if (name == "traceparent") return "00-abc";
    if (name == "authorization") return "Bearer client";
    if (name == "cookie") return "a=b";
    return std::nullopt;
  };
  Life life(*one_, SessionOptions(), head);
  life.Send(Chat("Hi"));
  life.Try();
  EXPECT_NE(life.request.head.find("traceparent: 00-abc\r\n"), std::string::npos);
  EXPECT_NE(life.request.head.find("Authorization: Bearer sk-test-key\r\n"), std::string::npos);
  EXPECT_EQ(life.request.head.find("client"), std::string::npos);
  EXPECT_EQ(life.request.head.find("ookie"), std::string::npos);
}

TEST_F(Routing, FailuresBeforeCommitAskTheNextTarget) {
  const UpstreamEnd ends[] = {UpstreamEnd::kConnectFailed, UpstreamEnd::kTlsFailed,
                              UpstreamEnd::kReset,         UpstreamEnd::kTimedOut,
                              UpstreamEnd::kInvalid,       UpstreamEnd::kTruncated};
  for (const UpstreamEnd end : ends) {
    Life life(*two_);
    life.Send(Chat("Hi"));
    life.Try();
    EXPECT_EQ(life.End(end), Step::kNextTarget);
    EXPECT_EQ(life.status(), 0);
    life.AnswerJson(JsonAnswer("Hello"));
    EXPECT_EQ(life.status(), 200);
    EXPECT_EQ(life.header("x-keeptrusts-target"), "b");
    EXPECT_EQ(life.record().attempts.size(), 2u);
  }
}

TEST_F(Routing, StatusesOfTheTargetsOwnAskTheNextTarget) {
  for (const int status : {401, 402, 403, 404, 408, 429, 500, 503, 529, 301}) {
    Life life(*two_);
    life.Send(Chat("Hi"));
    life.Try();
    EXPECT_EQ(life.Head(status, "application/json"), Step::kNextTarget) << status;
    EXPECT_EQ(life.Try(), "b") << status;
  }
}

TEST_F(Routing, ErrorsOfTheClientDoNot) {
  for (const int status : {400, 409, 413, 415, 422}) {
    Life life(*two_);
    life.Send(Chat("Hi"));
    life.AnswerJson(R"({"error":{"message":"no such parameter"}})", status);
    EXPECT_EQ(life.status(), status);
    EXPECT_EQ(life.output, R"({"error":{"message":"no such parameter"}})");
  }
}

TEST_F(Routing, ABrokenAnswerAsksTheNextTarget) {
  for (const char* body : {"<html>", "", R"({"a":1,"a":2})", R"({"error":{"message":"boom"}})"}) {
    Life life(*two_);
    life.Send(Chat("Hi"));
    life.Try();
    life.Head(200, "application/json");
    life.Body(body);
    EXPECT_EQ(life.End(), Step::kNextTarget) << body;
  }
}

TEST_F(Routing, AStreamThatFailsBeforeTextAsksTheNextTarget) {
  const std::vector<std::string> starts[] = {{},
                                             {kRole},
                                             {": ping\n\n"},
                                             {Event(R"({"error":{"message":"boom"}})")},
                                             {kRole, Event("{")},
                                             {kRole, kDone}};
  for (const auto& start : starts) {
    Life life(*two_);
    life.Send(StreamChat());
    life.Try();
    Step step = life.Head(200, "text/event-stream");
    for (const auto& piece : start) step = life.Body(piece);
    if (step == Step::kContinue) step = life.End();
    EXPECT_EQ(step, Step::kNextTarget);
    life.AnswerStream({kRole, Text("Hello"), Finish(), kDone});
    EXPECT_EQ(life.output, kRole + Text("Hello") + Finish() + kDone);
  }
}

TEST_F(Routing, AfterTextNoOtherTargetIsAsked) {
  Life life(*two_);
  life.Send(StreamChat());
  life.Try();
  life.Head(200, "text/event-stream");
  life.Body(kRole + Text("Hello there "));
  EXPECT_TRUE(life.session().committed());
  EXPECT_FALSE(life.session().has_more_targets());
  EXPECT_EQ(life.End(UpstreamEnd::kReset), Step::kFinished);
  EXPECT_EQ(Read(life.output).error_code, "upstream_failed");
}

TEST_F(Routing, ALongAnswerCommits) {
  SessionOptions options;
  options.gate_buffer_bytes = 100;
  Life life(*two_, "chat/completions", options);
  life.Send(Chat("Hi"));
  life.Try();
  life.Head(200, "application/json");
  life.Body(R"({"choices":[")" + std::string(200, 'x'));
  EXPECT_TRUE(life.session().committed());
  EXPECT_EQ(life.End(UpstreamEnd::kTruncated), Step::kFinished);
  EXPECT_EQ(life.status(), 502);
}

TEST_F(Routing, WhenNoneIsLeftTheLastFailureDecides) {
  struct Case {
    UpstreamEnd end;
    int status;
    const char* code;
  };
  const Case cases[] = {{UpstreamEnd::kConnectFailed, 502, "upstream_failed"},
                        {UpstreamEnd::kTimedOut, 504, "upstream_timeout"},
                        {UpstreamEnd::kInvalid, 502, "upstream_invalid_response"}};
  for (const Case& wanted : cases) {
    Life life(*two_);
    life.Send(Chat("Hi"));
    life.Try();
    life.End(wanted.end);
    life.Try();
    EXPECT_EQ(life.End(wanted.end), Step::kFinished);
    EXPECT_EQ(life.status(), wanted.status);
    EXPECT_EQ(life.error("code"), wanted.code);
    EXPECT_EQ(life.error("type"), "upstream_error");
    EXPECT_EQ(life.header("x-should-retry"), "false");
    EXPECT_EQ(life.session().verdict(), "error");
  }
}

TEST_F(Routing, ARefusedKeyIsNotTheClientsFault) {
  for (const int status : {401, 402, 403}) {
    Life life(*one_);
    life.Send(Chat("Hi"));
    life.Try();
    EXPECT_EQ(life.Head(status, "application/json"), Step::kFinished);
    EXPECT_EQ(life.status(), 502);
    EXPECT_EQ(life.error("code"), "upstream_auth_failed");
    EXPECT_EQ(life.Body(R"({"error":{"message":"bad key sk-abc"}})"), Step::kFinished);
    EXPECT_EQ(life.output.find("sk-abc"), std::string::npos);
  }
}

TEST_F(Routing, ARateLimitWithoutAnotherTargetPassesThrough) {
  Life life(*one_);
  life.Send(Chat("Hi"));
  life.Try();
  EXPECT_EQ(life.Head(429, "application/json", {{"Retry-After", "7"}, {"Set-Cookie", "x=y"}}),
            Step::kContinue);
  life.Body(R"({"error":{"message":"slow down"}})");
  life.End();
  EXPECT_EQ(life.status(), 429);
  EXPECT_EQ(life.header("retry-after"), "7");
  EXPECT_EQ(life.header("set-cookie"), "");
  EXPECT_EQ(life.output, R"({"error":{"message":"slow down"}})");
  EXPECT_EQ(life.record().attempts[0].error, "rate_limit");
}

TEST_F(Routing, ARateLimitPageBecomesOurShape) {
  Life life(*one_);
  life.Send(Chat("Hi"));
  life.Try();
  life.Head(429, "text/html", {{"Retry-After", "7"}});
  life.Body("<html>slow down</html>");
  life.End();
  EXPECT_EQ(life.status(), 429);
  EXPECT_EQ(life.error("type"), "rate_limit");
  EXPECT_EQ(life.header("retry-after"), "7");
}

TEST_F(Routing, AnEncodedAnswerIsInvalid) {
  Life life(*one_);
  life.Send(Chat("Hi"));
  life.Try();
  UpstreamHead head;
  head.status = 200;
  head.content_type = "application/json";
  head.content_encoding = "gzip";
  EXPECT_EQ(life.session().OnUpstreamHeader(head, 1), Step::kFinished);
  EXPECT_EQ(life.status(), 502);
}

TEST_F(Routing, NoTargetIsA503) {
  const auto gateway = MakeGateway(
      Yaml("    - {id: main, provider: openai-compatible, base_url: \"http://127.0.0.1:1/v1\", "
           "secret_key_ref: {env: NOT_SET}}\n"));
  Life life(*gateway);
  life.Send(Chat("Hi"));
  EXPECT_EQ(life.Try(), "");
  EXPECT_EQ(life.status(), 503);
  EXPECT_EQ(life.error("code"), "no_target_available");
  EXPECT_FALSE(life.header("retry-after").empty());
  EXPECT_TRUE(life.session().recorded());
}

TEST_F(Routing, StateAtOneProviderSwitchesFailoverOff) {
  Life life(*two_, "responses");
  life.Send(R"({"model":"m","input":"Hi","previous_response_id":"r-1"})");
  EXPECT_EQ(life.Try(), "a");
  EXPECT_FALSE(life.session().has_more_targets());
  EXPECT_EQ(life.End(UpstreamEnd::kConnectFailed), Step::kFinished);
  EXPECT_EQ(life.record().unscanned, std::vector<std::string>{"previous_response_id"});
}

TEST_F(Routing, SingleNeverFailsOver) {
  const auto gateway = MakeGateway(Yaml(TwoTargets(), "[pii-detector]", "  strategy: single\n"));
  Life life(*gateway);
  life.Send(Chat("Hi"));
  EXPECT_EQ(life.Try(), "a");
  EXPECT_EQ(life.End(UpstreamEnd::kConnectFailed), Step::kFinished);
  EXPECT_EQ(life.status(), 502);
}

TEST_F(Routing, TheNumberOfTriesIsBounded) {
  const std::string third =
      "    - {id: c, provider: openai-compatible, base_url: \"http://127.0.0.1:3/v1\", "
      "secret_key_ref: {env: KEY}}\n";
  const auto gateway = MakeGateway(
      Yaml(TwoTargets() + third, "[pii-detector]", "  fallback: {max_fallback_attempts: 1}\n"));
  Life life(*gateway);
  life.Send(Chat("Hi"));
  life.Try();
  EXPECT_EQ(life.End(UpstreamEnd::kReset), Step::kNextTarget);
  EXPECT_EQ(life.Try(), "b");
  EXPECT_EQ(life.End(UpstreamEnd::kReset), Step::kFinished);
}

TEST_F(Routing, TheTimeOfAllTriesIsBounded) {
  const auto gateway =
      MakeGateway(Yaml(TwoTargets(), "[pii-detector]", "  fallback: {total_timeout_seconds: 5}\n"));
  Life life(*gateway);
  life.Send(Chat("Hi"));
  life.Try();
  EXPECT_EQ(life.session().TryTimeoutMs(0), 5000u);
  life.now_ms += 4000;
  EXPECT_EQ(life.End(UpstreamEnd::kReset), Step::kNextTarget);
  life.Try();
  EXPECT_EQ(life.session().TryTimeoutMs(1), 1000u);
  Life late(*gateway);
  late.Send(Chat("Hi"));
  late.Try();
  late.now_ms += 5000;
  EXPECT_EQ(late.End(UpstreamEnd::kReset), Step::kFinished);
}

}  // namespace
}  // namespace kt::session
