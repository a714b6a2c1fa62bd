#include "life.h"

namespace kt::session {
namespace {

class AnswerSide : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    gateway_ = MakeGateway(Yaml()).release();
    blocking_ = MakeGateway(Yaml(OneTarget(), "[{pii-detector: {stage: output}}, audit-logger]",
                                 "policy: {pii-detector: {action: block}}\n"))
                    .release();
  }
  static void TearDownTestSuite() {
    delete gateway_;
    delete blocking_;
    gateway_ = blocking_ = nullptr;
  }
  static const Gateway *gateway_, *blocking_;
};
const Gateway* AnswerSide::gateway_ = nullptr;
const Gateway* AnswerSide::blocking_ = nullptr;

TEST_F(AnswerSide, ACleanAnswerIsTheSameBytes) {
  Life life(*gateway_);
  const std::string body =
      " {\"choices\" : [{\"index\":0,\"message\":{\"content\":\"caf\\u00e9 "
      "\\ud83d\"},\"x\":1.50}]}\n";
  life.Send(Chat("Hi")).AnswerJson(body);
  EXPECT_EQ(life.output, body);
  EXPECT_EQ(life.session().head().content_length, body.size());
  EXPECT_EQ(life.header("x-keeptrusts-verdict"), "allowed");
  EXPECT_EQ(life.header("x-keeptrusts-target"), "main");
}

TEST_F(AnswerSide, AnAnswerIsRedactedWhereverItIsCut) {
  const std::string body = JsonAnswer("Mail " + std::string(kEmail) + " now");
  for (size_t cut = 0; cut <= body.size(); cut += 7) {
    Life life(*gateway_);
    life.Send(Chat("Hi")).Try();
    life.Head(200, "application/json; charset=utf-8");
    life.Body(body.substr(0, cut));
    EXPECT_FALSE(life.session().head_ready());
    life.Body(body.substr(cut));
    EXPECT_EQ(life.End(), Step::kFinished);
    EXPECT_EQ(life.output, JsonAnswer("Mail [EMAIL] now"));
    EXPECT_EQ(life.session().head().content_length, life.output.size());
    EXPECT_EQ(life.session().head().content_type, "application/json; charset=utf-8");
    EXPECT_EQ(life.header("x-keeptrusts-verdict"), "redacted");
  }
}

TEST_F(AnswerSide, NoParameterOfTheTypeMakesOtherTextOfTheBytes) {
  for (const std::string type : {"application/json", "text/event-stream"}) {
    const bool stream = type == "text/event-stream";
    const std::pair<std::string, bool> cases[] = {
        {"", true},
        {"; charset=utf-8", true},
        {";charset=\"UTF-8\"", true},
        {";", false},
        {"; charset=utf-7", false},
        {";charset=utf-16", false},
        {"; charset=utf-8; x=y", false},
    };
    for (const auto& [parameters, stays] : cases) {
      Life life(*gateway_);
      life.Send(stream ? StreamChat() : Chat("Hi"));
      ASSERT_FALSE(life.Try().empty());
      life.Head(200, type + parameters);
      life.Body(stream ? Text("Hi. ") + Finish() + kDone : JsonAnswer("Hi."));
      if (!stream) life.End();
      EXPECT_EQ(life.session().head().content_type, stays ? type + parameters : type);
    }
  }
}

TEST_F(AnswerSide, LogprobsOfATouchedChoiceGo) {
  const std::string logprobs = R"(,"logprobs":{"content":[{"token":"jane","logprob":-0.1}]})";
  Life life(*gateway_);
  life.Send(Chat("Hi")).AnswerJson(JsonAnswer("Mail " + std::string(kEmail), logprobs));
  EXPECT_EQ(life.output, JsonAnswer("Mail [EMAIL]", R"(,"logprobs":null)"));
}

TEST_F(AnswerSide, LogprobsOfACleanChoiceStay) {
  const std::string logprobs = R"(,"logprobs":{"content":[{"token":"Hello","logprob":-0.1}]})";
  Life life(*gateway_);
  life.Send(Chat("Hi")).AnswerJson(JsonAnswer("Hello", logprobs));
  EXPECT_EQ(life.output, JsonAnswer("Hello", logprobs));
}

// By which anybody can write down again what was taken out.
TEST_F(AnswerSide, TokenIdsGoAsLogprobsDo) {
  const auto tokens = [](const char* ids) {
    return std::string(R"(,"token_ids":)") + ids + R"(,"raw_output":{"completion":"[EMAIL]",)" +
           R"("prompt_token_ids":[1],"completion_token_ids":)" + ids + "}";
  };
  Life life(*gateway_);
  std::string said = JsonAnswer("Mail " + std::string(kEmail), tokens("[7,8]"));
  life.Send(Chat("Hi")).AnswerJson(said.replace(said.find("[EMAIL]"), 7, kEmail));
  EXPECT_EQ(life.output, JsonAnswer("Mail [EMAIL]", tokens("null")));
  Life clean(*gateway_);
  const std::string stays = JsonAnswer("Hello", R"(,"token_ids":[7,8])");
  clean.Send(Chat("Hi")).AnswerJson(stays);
  EXPECT_EQ(clean.output, stays);
  EXPECT_EQ(clean.record().unscanned, std::vector<std::string>{"tokens"});
}

TEST_F(AnswerSide, AProvidersErrorIsRedacted) {
  Life life(*gateway_);
  life.Send(Chat("Hi")).AnswerJson(R"({"error":{"message":"no jane.doe@acme-mail.com"}})", 400);
  EXPECT_EQ(life.status(), 400);
  EXPECT_EQ(life.error("message"), "no [EMAIL]");
}

TEST_F(AnswerSide, AnErrorPageOfAProviderDoesNotPass) {
  Life life(*gateway_);
  life.Send(Chat("Hi")).AnswerJson("<html>node-17</html>", 400);
  EXPECT_EQ(life.status(), 400);
  EXPECT_EQ(life.error("code"), "invalid_request");
  EXPECT_EQ(life.output.find("node-17"), std::string::npos);
  Life large(*gateway_);
  large.Send(Chat("Hi")).AnswerJson("<html>node-17</html>", 413);
  EXPECT_EQ(large.status(), 413);
  EXPECT_EQ(large.error("code"), "body_too_large");
}

TEST_F(AnswerSide, AnErrorWhoseBodyBreaksOffKeepsItsStatus) {
  for (const int status : {400, 422, 429}) {
    for (const UpstreamEnd end : {UpstreamEnd::kTimedOut, UpstreamEnd::kTruncated}) {
      Life life(*gateway_);
      life.Send(Chat("Hi")).Try();
      life.Head(status, "application/json", {{"Retry-After", "7"}});
      life.Body("{\"error");
      EXPECT_EQ(life.End(end), Step::kFinished);
      EXPECT_EQ(life.status(), status);
      EXPECT_EQ(life.header("retry-after"), "7");
      EXPECT_EQ(life.record().attempts[0].error, status == 429 ? "rate_limit" : "");
    }
  }
}

TEST_F(AnswerSide, JsonWithoutAnAnswerIsInvalid) {
  for (const char* body :
       {"{}", "[]", "null", R"({"detail":"boom"})", R"({"choices":null})", R"({"choices":{}})"}) {
    Life life(*gateway_);
    life.Send(Chat("Hi")).AnswerJson(body);
    EXPECT_EQ(life.status(), 502) << body;
    EXPECT_EQ(life.error("code"), "upstream_invalid_response") << body;
  }
}

// A client that reads "Text" as "text" puts together what was judged apart.
TEST_F(AnswerSide, AKeyThatDiffersInItsCaseIsInvalid) {
  const auto answer = [](const std::string& message) {
    Life life(*gateway_);
    life.Send(Chat("Hi"));
    life.AnswerJson(R"({"choices":[{"index":0,"message":)" + message + "}]}");
    return life;
  };
  for (
      const char* message :
      {R"({"Content":"Hi"})",
       R"({"content":[{"type":"text","text":"jane.doe@"},{"type":"text","Text":"acme-mail.com"}]})"}) {
    const Life life = answer(message);
    EXPECT_EQ(life.status(), 502) << message;
    EXPECT_EQ(life.error("code"), "upstream_invalid_response") << message;
  }
  EXPECT_EQ(answer(R"({"content":"Hi","x":{"Content":"a"},"X":"b"})").status(), 200);
  // An error stays the client's to read.
  Life error(*gateway_);
  error.Send(Chat("Hi")).AnswerJson(R"({"Error":{"Message":"ask jane.doe@acme-mail.com"}})", 400);
  EXPECT_EQ(error.status(), 400);
  EXPECT_NE(error.output.find("ask [EMAIL]"), std::string::npos) << error.output;
}

TEST_F(AnswerSide, AStreamIsNoWholeAnswerAndTheOtherWayRound) {
  Life whole(*gateway_);
  whole.Send(Chat("Hi")).AnswerStream({kRole, Text("Hello"), Finish(), kDone});
  EXPECT_EQ(whole.error("code"), "upstream_invalid_response");
  Life stream(*gateway_);
  stream.Send(StreamChat()).AnswerJson(JsonAnswer("Hello"));
  EXPECT_EQ(stream.error("code"), "upstream_invalid_response");
}

TEST_F(AnswerSide, AnOutputBlockReplacesTheAnswer) {
  Life life(*blocking_);
  life.Send(Chat("Hi")).AnswerJson(JsonAnswer(kEmail));
  EXPECT_EQ(life.status(), 409);
  EXPECT_EQ(life.error("code"), "output_blocked");
  EXPECT_EQ(life.error("policy"), "pii-detector");
  EXPECT_EQ(life.header("x-should-retry"), "false");
  EXPECT_EQ(life.output.find("jane"), std::string::npos);
  EXPECT_EQ(life.record().verdict, "blocked");
}

TEST_F(AnswerSide, AnAnswerOverTheLimitIsA502) {
  const auto small =
      MakeGateway(Yaml(OneTarget(), "[pii-detector]", "size_limits: {max_response_bytes: 1000}\n"));
  Life life(*small);
  life.Send(Chat("Hi")).Try();
  life.Head(200, "application/json");
  EXPECT_EQ(life.Body(std::string(600, ' ')), Step::kContinue);
  EXPECT_EQ(life.Body(std::string(600, ' ')), Step::kFinished);
  EXPECT_EQ(life.error("code"), "upstream_invalid_response");
}

TEST_F(AnswerSide, OnlyAllowedHeadersPass) {
  Life life(*gateway_);
  life.Send(Chat("Hi")).Try();
  life.Head(200, "application/json",
            {{"X-RateLimit-Remaining", "9"},
             {"x-request-id", "up-1"},
             {"Server", "x"},
             {"openai-processing-ms", "12"},
             {"X-Keeptrusts-Verdict", "forged"}});
  life.Body(JsonAnswer("Hello"));
  life.End();
  EXPECT_EQ(life.header("x-ratelimit-remaining"), "9");
  EXPECT_EQ(life.header("openai-processing-ms"), "12");
  EXPECT_EQ(life.header("server"), "");
  EXPECT_EQ(life.header("x-request-id"), "req-1");
  EXPECT_EQ(life.header("x-keeptrusts-verdict"), "allowed");
  EXPECT_EQ(life.record().attempts[0].upstream_request_id, "up-1");
}

TEST_F(AnswerSide, OnTheStockSurfaceTheUpstreamsKeyErrorsPass) {
  SessionOptions options;
  options.routed = false;
  Life life(*gateway_, "chat/completions", options);
  life.Send(Chat("Hi"));
  EXPECT_EQ(life.Head(401, "application/json"), Step::kContinue);
  life.Body(R"({"error":{"message":"whose key?"}})");
  life.End();
  EXPECT_EQ(life.status(), 401);
}

TEST_F(AnswerSide, OnTheStockSurfaceAServerErrorGetsOurShape) {
  SessionOptions options;
  options.routed = false;
  for (const auto& [status, wanted] : std::map<int, int>{{500, 502}, {502, 502}, {504, 504}}) {
    Life life(*gateway_, "chat/completions", options);
    life.Send(Chat("Hi"));
    EXPECT_EQ(life.Head(status, "text/html"), Step::kFinished);
    EXPECT_EQ(life.status(), wanted);
    EXPECT_EQ(life.error("type"), "upstream_error");
  }
}

// ---- the record --------------------------------------------------------------------------------

TEST_F(AnswerSide, TheRecordTellsTheWholeStory) {
  const auto priced = MakeGateway(
      Yaml("    - {id: main, provider: openai-compatible, base_url: \"http://127.0.0.1:1/v1\", "
           "secret_key_ref: {env: KEY}, pricing: {prompt: 1.0, completion: 2.0}}\n"));
  Life life(*priced);
  life.Send(Chat("Mail " + std::string(kEmail)));
  life.now_ms += 30;
  life.AnswerJson(JsonAnswer("Hello"));
  life.now_ms += 12;
  const audit::Record& record = life.session().Finish(200, life.now_ms);
  EXPECT_TRUE(life.session().recorded());
  EXPECT_EQ(record.verdict, "redacted");
  EXPECT_EQ(record.reason_code, "pii_detector.redacted");
  ASSERT_EQ(record.redactions.size(), 1u);
  EXPECT_EQ(record.redactions[0].type, "EMAIL_ADDRESS");
  EXPECT_EQ(record.redactions[0].count, 1u);
  EXPECT_EQ(record.target, "main");
  EXPECT_EQ(record.provider, "openai-compatible");
  EXPECT_EQ(record.model, "m");
  EXPECT_EQ(record.route, "chat/completions");
  EXPECT_EQ(record.latency_ms, 42u);
  EXPECT_EQ(record.ttft_ms, 30u);
  EXPECT_EQ(record.prompt_tokens, 11u);
  EXPECT_EQ(record.completion_tokens, 7u);
  EXPECT_EQ(record.usage_source, "provider");
  EXPECT_NEAR(record.cost_usd.value(), 25e-6, 1e-12);
  EXPECT_EQ(record.request_id, "req-1");
  EXPECT_EQ(record.pack_name, "test");
  ASSERT_EQ(record.attempts.size(), 1u);
  EXPECT_EQ(record.attempts[0].status, 200);
  EXPECT_EQ(record.attempts[0].error, "");
  EXPECT_EQ(&record, &life.session().Finish(500, 0)) << "only the first call counts";
  EXPECT_EQ(record.status, 200);
}

TEST_F(AnswerSide, MediaIsCountedAsUnscanned) {
  Life life(*gateway_);
  life.Send(R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":)"
            R"({"url":"data:image/png;base64,amFuZS5kb2VAYWNtZS1tYWlsLmNvbQ=="}}]}]})");
  life.AnswerJson(JsonAnswer("Hello"));
  EXPECT_EQ(life.record().unscanned, std::vector<std::string>{"image"});
}

TEST_F(AnswerSide, AFailedTryMayHaveBeenBilled) {
  const std::pair<UpstreamEnd, bool> cases[] = {{UpstreamEnd::kConnectFailed, false},
                                                {UpstreamEnd::kTlsFailed, false},
                                                {UpstreamEnd::kReset, true},
                                                {UpstreamEnd::kTimedOut, true}};
  for (const auto& [end, billed] : cases) {
    Life life(*gateway_);
    life.Send(Chat("Hi")).Try();
    life.End(end);
    EXPECT_EQ(life.record().attempts[0].maybe_billed, billed);
  }
}

TEST_F(AnswerSide, AClientThatLeftIsA499) {
  Life life(*gateway_);
  life.Send(StreamChat()).Try();
  life.Head(200, "text/event-stream");
  life.Body(kRole + Text("Hello there and "));
  life.session().OnClientGone(life.now_ms);
  EXPECT_EQ(life.Body(Text("more")), Step::kFinished);
  const audit::Record& record = life.record();
  EXPECT_EQ(record.status, 499);
  EXPECT_TRUE(record.attempts[0].maybe_billed);
  EXPECT_EQ(record.usage_source, "estimated");
  EXPECT_GT(record.completion_tokens.value(), 0u);
}

TEST_F(AnswerSide, WithoutAnAuditLoggerThereIsNoRecord) {
  const auto silent = MakeGateway(Yaml(OneTarget(), "[pii-detector]"));
  Life life(*silent);
  life.Send(Chat("Hi")).AnswerJson(JsonAnswer("Hello"));
  EXPECT_FALSE(life.session().recorded());
}

TEST_F(AnswerSide, LogAllAccessRecordsRefusalsToo) {
  const auto all = MakeGateway(
      Yaml(OneTarget(), "[audit-logger]", "policy: {audit-logger: {log_all_access: true}}\n"));
  Life life(*all);
  life.Send("no JSON");
  EXPECT_TRUE(life.session().recorded());
  EXPECT_EQ(life.record().verdict, "error");
  EXPECT_EQ(life.record().reason_code, "invalid_json");
}

}  // namespace
}  // namespace kt::session
