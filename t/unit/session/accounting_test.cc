// Tokens and cost of a request, whatever becomes of it.
#include <gtest/gtest.h>

#include "life.h"

namespace kt::session {
namespace {

constexpr char kDone[] = "data: [DONE]\n\n";

std::string Chat(const std::string& more = "") {
  return R"({"model":"m","messages":[{"role":"user","content":"Eight by"}])" + more + "}";
}
std::string Event(const std::string& json) {
  return "data: " + json + "\n\n";
}
std::string Text(const std::string& text) {
  return Event(R"({"choices":[{"index":0,"delta":{"content":")" + text + R"("}}]})");
}
const std::string kFinish = Event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
const std::string kUsage =
    Event(R"({"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":500,)"
          R"("prompt_tokens_details":{"cached_tokens":400}}})");

std::string Priced(const std::string& pricing) {
  return "    - {id: main, provider: openai-compatible, base_url: \"http://127.0.0.1:1/v1\", "
         "stream_usage: true, pricing: " +
         pricing + "}\n";
}

struct Accounting : ::testing::Test {
  std::unique_ptr<const Gateway> gateway =
      MakeGateway(Yaml(Priced("{prompt: 3, completion: 10, cached_prompt: 1}")));
};

std::string Answer(const std::string& usage, const std::string& text = "Four and a half") {
  return R"({"choices":[{"index":0,"message":{"role":"assistant","content":")" + text +
         R"("},"finish_reason":"stop"}])" + usage + "}";
}

TEST_F(Accounting, CostFollowsFromPromptCachedPromptAndCompletion) {
  Life life(*gateway);
  life.Send(Chat(R"(,"stream":true)")).AnswerStream({Text("a") + kFinish + kUsage + kDone});
  const audit::Record& record = life.record();
  EXPECT_EQ(record.usage_source, "provider");
  EXPECT_EQ(record.cached_tokens, 400u);
  EXPECT_DOUBLE_EQ(record.cost_usd.value(), (600 * 3 + 400 * 1 + 500 * 10) / 1e6);
}

TEST_F(Accounting, CachedTokensCostAsOthersUnlessPriced) {
  const auto plain = MakeGateway(Yaml(Priced("{prompt: 3, completion: 10}")));
  const auto free = MakeGateway(Yaml(Priced("{prompt: 3, completion: 10, cached_prompt: 0}")));
  Life first(*plain), second(*free);
  for (Life* life : {&first, &second}) {
    life->Send(Chat(R"(,"stream":true)")).AnswerStream({Text("a") + kFinish + kUsage + kDone});
  }
  EXPECT_DOUBLE_EQ(first.record().cost_usd.value(), (1000 * 3 + 500 * 10) / 1e6);
  EXPECT_DOUBLE_EQ(second.record().cost_usd.value(), (600 * 3 + 500 * 10) / 1e6);
}

TEST_F(Accounting, ReasoningTokensAreRecorded) {
  Life life(*gateway);
  life.Send(Chat()).AnswerJson(
      Answer(R"(,"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30,)"
             R"("completion_tokens_details":{"reasoning_tokens":5}})"));
  EXPECT_EQ(life.record().reasoning_tokens, 5u);
  EXPECT_EQ(life.record().completion_tokens, 20u);
}

TEST_F(Accounting, AnAnswerWithoutUsageIsEstimated) {
  for (const char* usage : {"", R"(,"usage":null)", R"(,"usage":{})",
                            R"(,"usage":{"prompt_tokens":0,"completion_tokens":0})"}) {
    Life life(*gateway);
    life.Send(Chat()).AnswerJson(Answer(usage));
    const audit::Record& record = life.record();
    EXPECT_EQ(record.usage_source, "estimated") << usage;
    EXPECT_EQ(record.prompt_tokens, 2u);
    EXPECT_EQ(record.completion_tokens, 4u);
    EXPECT_DOUBLE_EQ(record.cost_usd.value(), (2 * 3 + 4 * 10) / 1e6);
  }
}

TEST_F(Accounting, AStreamWithoutUsageIsEstimatedByAllThatCame) {
  Life life(*gateway);
  life.Send(Chat(R"(,"stream":true)"))
      .AnswerStream({Text("Mail ") + Text("jane.doe@acme-mail.com now") + kFinish + kDone});
  EXPECT_EQ(life.record().usage_source, "estimated");
  EXPECT_EQ(life.record().completion_tokens, 8u);  // 31 bytes, though fewer went out
}

TEST_F(Accounting, ABlockedStreamIsEstimatedThoughNothingWentOut) {
  const auto blocking =
      MakeGateway(Yaml(Priced("{prompt: 3, completion: 10}"), "[pii-detector, audit-logger]",
                       "policy: {pii-detector: {action: block}}\n"));
  Life life(*blocking);
  life.Send(Chat(R"(,"stream":true)")).AnswerStream({Text("jane.doe@acme-mail.com is it")});
  EXPECT_EQ(life.status(), 409);
  EXPECT_EQ(life.record().usage_source, "estimated");
  EXPECT_EQ(life.record().completion_tokens, 7u);
}

TEST_F(Accounting, ACutAnswerIsEstimated) {
  Life life(*gateway);
  life.Send(Chat()).Try();
  life.Head(200, "application/json");
  life.Body(Answer("").substr(0, 40));
  life.End(UpstreamEnd::kTruncated);
  EXPECT_EQ(life.record().usage_source, "estimated");
  EXPECT_EQ(life.record().completion_tokens, 10u);
}

TEST_F(Accounting, AClientThatLeavesBeforeTheFirstByteHasCostItsPrompt) {
  Life life(*gateway);
  life.Send(Chat()).Try();
  life.session().OnClientGone(life.now_ms);
  EXPECT_EQ(life.record().usage_source, "estimated");
  EXPECT_EQ(life.record().prompt_tokens, 2u);
  EXPECT_EQ(life.record().completion_tokens, 0u);
  EXPECT_GT(life.record().cost_usd.value(), 0);
}

TEST_F(Accounting, AnErrorCostsNothing) {
  for (const int status : {400, 401, 429, 500, 503}) {
    Life life(*gateway);
    life.Send(Chat()).AnswerJson(R"({"error":{"message":"no"}})", status);
    EXPECT_EQ(life.record().usage_source, "none") << status;
    EXPECT_FALSE(life.record().cost_usd.has_value());
  }
  Life in_band(*gateway);
  in_band.Send(Chat()).AnswerJson(R"({"error":{"message":"no"}})", 200);
  EXPECT_EQ(in_band.record().usage_source, "none");
}

TEST_F(Accounting, ABlockedRequestCostsNothing) {
  Life life(*gateway);
  life.Send(R"({"model":"m","messages":[{"role":"user","content":")" + std::string(kInjection) +
            R"("}]})");
  EXPECT_EQ(life.record().usage_source, "none");
  EXPECT_FALSE(life.record().prompt_tokens.has_value());
}

TEST_F(Accounting, AnEmbeddingWithoutUsageCostsItsInput) {
  Life life(*gateway, "/v1/embeddings");
  life.Send(R"({"model":"m","input":"Eight by"})")
      .AnswerJson(R"({"object":"list","data":[{"index":0,"embedding":[0.1,0.2]}]})");
  EXPECT_EQ(life.record().usage_source, "estimated");
  EXPECT_EQ(life.record().prompt_tokens, 2u);
  EXPECT_EQ(life.record().completion_tokens, 0u);
}

TEST_F(Accounting, UsageOfATryThatFailedIsNotTheNextOnes) {
  const auto two = MakeGateway(Yaml(TwoTargets()));
  Life life(*two);
  life.Send(Chat(R"(,"stream":true)")).Try();
  life.Head(200, "text/event-stream");
  life.Body(kUsage);
  ASSERT_EQ(life.End(UpstreamEnd::kReset), Step::kNextTarget);
  life.AnswerStream({Text("Four") + kFinish + kDone});
  EXPECT_EQ(life.record().usage_source, "estimated");
  EXPECT_EQ(life.record().completion_tokens, 1u);
}

TEST_F(Accounting, CompletionsAreAskedForUsageToo) {
  Life life(*gateway, "/v1/completions");
  life.Send(R"({"model":"m","prompt":"Eight by","stream":true})");
  life.Try();
  EXPECT_NE(life.request.body.find(R"("stream_options":{"include_usage":true})"),
            std::string_view::npos);
}

}  // namespace
}  // namespace kt::session
