// Retries, put-aside targets and the breaker, over the state that requests share.
#include "core/routing/retry.h"
#include "world.h"

namespace kt::session {
namespace {

std::string OneWith(const std::string& more) {
  return Yaml(OneTarget(), "[pii-detector]", more);
}
std::string TwoWith(const std::string& more) {
  return Yaml(TwoTargets(), "[pii-detector]", more);
}
const char kNoJitter[] = "  retry: {jitter: false}\n";

class Shared : public ::testing::Test {
 protected:
  // A request that is sent and asks its first target.
  std::unique_ptr<Life> Start(World& world) {
    auto life = std::make_unique<Life>(world.gateway(), "/v1/chat/completions", world.options());
    life->now_ms = now_ms_;
    life->Send(Chat("Hi"));
    return life;
  }
  // A whole request whose tries all end so; the ids that were asked.
  std::string Fail(World& world, UpstreamEnd end) {
    auto life = Start(world);
    std::string asked;
    for (;;) {
      const std::string id = life->Try();
      if (id.empty()) break;
      asked += id;
      if (life->End(end) != Step::kNextTarget) break;
    }
    last_ = std::move(life);
    return asked;
  }
  uint64_t now_ms_ = 1'000'000;
  std::unique_ptr<Life> last_;
};

TEST_F(Shared, TheSameTargetIsAskedAgainWhenNoOtherIsLeft) {
  World world(OneWith(kNoJitter));
  auto life = Start(world);
  life->Try();
  EXPECT_EQ(life->Head(503, "application/json"), Step::kNextTarget);
  EXPECT_EQ(life->session().NextDelayMs(life->now_ms), 100u);
  life->now_ms += 100;
  EXPECT_EQ(life->session().NextDelayMs(life->now_ms), 0u);
  EXPECT_EQ(life->Try(), "main");
  EXPECT_EQ(life->Head(503, "application/json"), Step::kNextTarget);
  EXPECT_EQ(life->session().NextDelayMs(life->now_ms), 200u);
  life->now_ms += 200;
  life->AnswerJson(JsonAnswer("Hello"));
  EXPECT_EQ(life->status(), 200);
  EXPECT_EQ(life->session().attempts(), "main:503,main:503,main:200");
  EXPECT_EQ(world.board().target(0).retries.load(), 2u);
}

TEST_F(Shared, RetriesAreBounded) {
  World world(OneWith("  retry: {max_retries: 1, jitter: false}\n"));
  EXPECT_EQ(Fail(world, UpstreamEnd::kConnectFailed), "mainmain");
  EXPECT_EQ(last_->status(), 502);
}

TEST_F(Shared, AnotherTargetGoesBeforeARetryAndTheLongestIdleIsRetriedFirst) {
  World world(TwoWith(kNoJitter));
  EXPECT_EQ(Fail(world, UpstreamEnd::kConnectFailed), "abab");
}

TEST_F(Shared, ATargetThatMayRecoverIsAskedAgainAfterOneThatMayNot) {
  World world(TwoWith(kNoJitter));
  auto life = Start(world);
  life->Try();
  EXPECT_EQ(life->Head(503, "application/json"), Step::kNextTarget);
  EXPECT_EQ(life->Try(), "b");
  life->now_ms += 60;
  EXPECT_EQ(life->End(UpstreamEnd::kReset), Step::kNextTarget);
  EXPECT_EQ(life->session().NextDelayMs(life->now_ms), 40u);  // counted from its own failure
  life->now_ms += 40;
  life->AnswerJson(JsonAnswer("Hello"));
  EXPECT_EQ(life->session().attempts(), "a:503,b:0,a:200");
  EXPECT_EQ(world.board().target(0).retries.load(), 1u);
  EXPECT_EQ(world.board().target(1).fallbacks.load(), 1u);
}

TEST_F(Shared, TheRetryThatMayComeSoonestIsChosen) {
  World world(TwoWith(kNoJitter));
  auto life = Start(world);
  life->Try();
  EXPECT_EQ(life->Head(429, "application/json", {{"Retry-After", "2"}}), Step::kNextTarget);
  EXPECT_EQ(life->Try(), "b");
  EXPECT_EQ(life->Head(503, "application/json"), Step::kNextTarget);
  EXPECT_EQ(life->session().NextDelayMs(life->now_ms), 100u);
  life->now_ms += 100;
  EXPECT_EQ(life->Try(), "b");
}

TEST_F(Shared, WhatMayNotLeaveATargetDoesNotGoBackToAnother) {
  World world(TwoWith(std::string(kNoJitter) + "  fallback: {triggers: [rate_limit]}\n"));
  auto life = Start(world);
  life->Try();
  EXPECT_EQ(life->Head(429, "application/json"), Step::kNextTarget);
  EXPECT_EQ(life->Try(), "b");
  EXPECT_EQ(life->Head(503, "application/json"), Step::kNextTarget);
  life->now_ms += 100;
  EXPECT_EQ(life->Try(), "b");
}

TEST_F(Shared, SingleRetriesItsOneTarget) {
  World world(TwoWith("  strategy: single\n  retry: {max_retries: 2}\n"));
  EXPECT_EQ(Fail(world, UpstreamEnd::kConnectFailed), "aaa");
}

TEST_F(Shared, WhatMayHaveBeenBilledIsNotSentAgainUnlessListed) {
  for (const UpstreamEnd end : {UpstreamEnd::kTimedOut, UpstreamEnd::kReset}) {
    World world(OneWith(kNoJitter));
    EXPECT_EQ(Fail(world, end), "main");
    EXPECT_TRUE(last_->record().attempts[0].maybe_billed);
    World listed(OneWith("  retry: {retry_on: [timeout, reset]}\n"));
    EXPECT_EQ(Fail(listed, end), "mainmainmain");
    EXPECT_TRUE(last_->record().attempts[1].maybe_billed);
  }
}

TEST_F(Shared, AShortRetryAfterIsWaitedFor) {
  World world(OneWith(kNoJitter));
  auto life = Start(world);
  life->Try();
  EXPECT_EQ(life->Head(429, "application/json", {{"Retry-After-Ms", "1500"}}), Step::kNextTarget);
  EXPECT_EQ(life->session().NextDelayMs(life->now_ms), 1500u);
}

TEST_F(Shared, ALongRetryAfterPutsTheTargetAside) {
  World world(OneWith(kNoJitter));
  auto life = Start(world);
  life->Try();
  EXPECT_EQ(life->Head(429, "application/json", {{"Retry-After", "30"}}), Step::kContinue);
  life->Body(R"({"error":{"message":"slow down"}})");
  life->End();
  EXPECT_EQ(life->status(), 429);
  EXPECT_EQ(life->header("retry-after"), "30");
  ASSERT_EQ(life->session().TakeNotices().size(), 1u);
  now_ms_ += 10'000;
  auto refused = Start(world);
  EXPECT_EQ(refused->Try(), "");
  EXPECT_EQ(refused->status(), 503);
  EXPECT_EQ(refused->error("code"), "no_target_available");
  EXPECT_EQ(refused->header("retry-after"), "20");
  now_ms_ += 20'000;
  auto again = Start(world);
  EXPECT_EQ(again->Try(), "main");
  EXPECT_EQ(again->session().TakeNotices().size(), 1u);
}

TEST_F(Shared, ARefusedKeyPutsTheTargetAside) {
  for (const int status : {401, 402, 403, 404}) {
    World world(TwoWith(kNoJitter));
    auto first = Start(world);
    first->Try();
    EXPECT_EQ(first->Head(status, "application/json"), Step::kNextTarget);
    first->AnswerJson(JsonAnswer("Hello"));
    EXPECT_EQ(first->session().TakeNotices().size(), 1u);
    EXPECT_EQ(Start(world)->Try(), "b");
    now_ms_ += 60'000;
    EXPECT_EQ(Start(world)->Try(), "a");
  }
}

TEST_F(Shared, ARefusalIsConfirmedByTheFirstTextOfAnotherTargetsStream) {
  World world(TwoWith(kNoJitter));
  Life life(world.gateway(), "/v1/chat/completions", world.options());
  life.now_ms = now_ms_;
  life.Send(StreamChat()).Try();
  EXPECT_EQ(life.Head(403, "application/json"), Step::kNextTarget);
  life.Try();
  life.Head(200, "text/event-stream");
  EXPECT_EQ(Start(world)->Try(), "a");
  life.Body(kRole + Text("Hello there "));
  EXPECT_EQ(Start(world)->Try(), "b");
}

TEST_F(Shared, ARequestThatAllRefuseTakesNobodyAway) {
  for (const int status : {402, 403, 404}) {
    World world(TwoWith(kNoJitter));
    auto life = Start(world);
    life->Try();
    EXPECT_EQ(life->Head(status, "application/json"), Step::kNextTarget);
    life->Try();
    EXPECT_EQ(life->Head(status, "application/json"), Step::kFinished);
    EXPECT_EQ(life->error("code"), "upstream_auth_failed");
    EXPECT_TRUE(life->session().TakeNotices().empty());
    EXPECT_EQ(Start(world)->Try(), "a");
  }
}

TEST_F(Shared, WhenEveryKeyWasRefusedTheAnswerSaysSo) {
  World world(OneWith(kNoJitter));
  auto first = Start(world);
  first->Try();
  EXPECT_EQ(first->Head(401, "application/json"), Step::kFinished);
  auto second = Start(world);
  EXPECT_EQ(second->Try(), "");
  EXPECT_EQ(second->status(), 502);
  EXPECT_EQ(second->error("code"), "upstream_auth_failed");
}

TEST_F(Shared, ABreakerOpensAndARealRequestClosesIt) {
  World world(TwoWith("  circuit_breaker: {failure_threshold: 2, cooldown_seconds: 10}\n"));
  const auto fail_first = [&] {
    auto life = Start(world);
    EXPECT_EQ(life->Try(), "a");
    EXPECT_EQ(life->Head(500, "application/json"), Step::kNextTarget);
    life->AnswerJson(JsonAnswer("Hello"));
  };
  fail_first();
  fail_first();
  EXPECT_EQ(Start(world)->Try(), "b");
  now_ms_ += 10'000;
  auto probe = Start(world);
  EXPECT_EQ(probe->Try(), "a");
  EXPECT_EQ(Start(world)->Try(), "b");
  probe->Head(200, "application/json");
  probe->Body(JsonAnswer("Hello"));
  probe->End();
  EXPECT_EQ(probe->status(), 200);
  EXPECT_EQ(probe->session().TakeNotices().size(), 1u);
  EXPECT_EQ(Start(world)->Try(), "a");
}

TEST_F(Shared, WhatIsNotTheTargetsFaultDoesNotCount) {
  World world(OneWith("  circuit_breaker: {failure_threshold: 1}\n  retry: {max_retries: 0}\n"));
  for (const int status : {400, 413, 422, 429}) {
    auto life = Start(world);
    life->Try();
    life->Head(status, "application/json");
    life->Body(R"({"error":{"message":"no"}})");
    life->End();
    EXPECT_EQ(life->status(), status);
  }
  auto left = Start(world);
  left->Try();
  left->session().OnClientGone(left->now_ms);
  EXPECT_EQ(Start(world)->Try(), "main");
}

TEST_F(Shared, ATimeoutThatOtherTriesCausedDoesNotCount) {
  World world(TwoWith(
      "  circuit_breaker: {failure_threshold: 1}\n  fallback: {total_timeout_seconds: 61}\n"));
  auto life = Start(world);
  life->Try();
  life->now_ms += 60'000;
  EXPECT_EQ(life->End(UpstreamEnd::kTimedOut), Step::kNextTarget);
  EXPECT_EQ(life->Try(), "b");
  life->now_ms += 1000;
  EXPECT_EQ(life->End(UpstreamEnd::kTimedOut), Step::kFinished);
  now_ms_ = life->now_ms;
  EXPECT_EQ(Start(world)->Try(), "b");
}

TEST_F(Shared, AnAnswerThatBreaksOffAfterItsFirstTextCounts) {
  World world(OneWith("  circuit_breaker: {failure_threshold: 1}\n  retry: {max_retries: 0}\n"));
  auto life = Start(world);
  life->Try();
  life->Head(200, "text/event-stream");
  life->Body(kRole + Text("Hello there "));
  EXPECT_EQ(life->End(UpstreamEnd::kReset), Step::kFinished);
  EXPECT_EQ(Start(world)->Try(), "");
}

TEST_F(Shared, WhenAllAreOutTheSoonestReturnIsTold) {
  World world(TwoWith("  circuit_breaker: {failure_threshold: 1, cooldown_seconds: 40}\n"));
  EXPECT_EQ(Fail(world, UpstreamEnd::kConnectFailed), "ab");
  now_ms_ += 15'500;
  EXPECT_EQ(Fail(world, UpstreamEnd::kConnectFailed), "");
  EXPECT_EQ(last_->status(), 503);
  EXPECT_EQ(last_->header("retry-after"), "25");
}

TEST_F(Shared, AnOutageIsNotMultiplied) {
  World world(OneWith("  circuit_breaker: {enabled: false}\n  retry: {max_retries: 2}\n"));
  size_t tries = 0;
  for (int i = 0; i < 200; ++i) tries += Fail(world, UpstreamEnd::kConnectFailed).size() / 4;
  EXPECT_EQ(tries, 240u);
}

TEST_F(Shared, TurnsAreTakenAcrossRequests) {
  World world(TwoWith("  strategy: round_robin\n"));
  std::string asked;
  for (int i = 0; i < 6; ++i) asked += Start(world)->Try();
  EXPECT_EQ(asked, "ababab");
}

TEST_F(Shared, TheFasterTargetGetsTheTraffic) {
  World world(TwoWith("  strategy: lowest_latency\n"));
  std::map<std::string, int> asked;
  for (int i = 0; i < 200; ++i) {
    auto life = Start(world);
    const std::string id = life->Try();
    asked[id]++;
    life->now_ms += id == "a" ? 80 : 20;
    life->Head(200, "application/json");
    life->Body(JsonAnswer("Hello"));
    life->End();
    now_ms_ = life->now_ms;
  }
  EXPECT_GT(asked["b"], 170);
  EXPECT_GE(asked["a"], 5);
}

TEST_F(Shared, UsageIsCountedForTheTargetThatAnswered) {
  World world(OneWith(kNoJitter));
  auto life = Start(world);
  life->AnswerJson(JsonAnswer("Hello"));
  life->record();
  EXPECT_EQ(world.board().target(0).prompt_tokens.load(), 11u);
  EXPECT_EQ(world.board().target(0).completion_tokens.load(), 7u);
  EXPECT_EQ(world.board().target(0).requests.load(), 1u);
}

}  // namespace
}  // namespace kt::session
