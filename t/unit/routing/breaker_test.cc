#include "core/routing/breaker.h"

#include <gtest/gtest.h>

namespace kt::routing {
namespace {

class Breaker : public ::testing::Test {
 protected:
  Permit Enter() { return EnterBreaker(&state_, config_, now_ms_, now_ms_ + 60'000); }
  BreakerChange Leave(const Permit& permit, Outcome outcome) {
    return LeaveBreaker(&state_, config_, permit, outcome, now_ms_);
  }
  void Fail(uint32_t times) {
    for (uint32_t i = 0; i < times; ++i) Leave(Enter(), Outcome::kFailure);
  }
  BreakerState state() const { return StateOfBreaker(state_, now_ms_); }

  TargetState state_{};
  config::CircuitBreaker config_;
  uint64_t now_ms_ = 1'000'000;
};

TEST_F(Breaker, OpensAfterFailuresInARow) {
  Fail(4);
  EXPECT_EQ(state(), BreakerState::kClosed);
  EXPECT_EQ(Leave(Enter(), Outcome::kFailure), BreakerChange::kOpened);
  EXPECT_EQ(state(), BreakerState::kOpen);
  EXPECT_FALSE(Enter().granted);
}

TEST_F(Breaker, ASuccessBetweenBeginsTheCountAnew) {
  Fail(4);
  Leave(Enter(), Outcome::kSuccess);
  Fail(4);
  EXPECT_EQ(state(), BreakerState::kClosed);
}

TEST_F(Breaker, WhatIsNeutralNeitherCountsNorClears) {
  Fail(4);
  for (int i = 0; i < 9; ++i) Leave(Enter(), Outcome::kNeutral);
  EXPECT_EQ(state(), BreakerState::kClosed);
  EXPECT_EQ(Leave(Enter(), Outcome::kFailure), BreakerChange::kOpened);
}

TEST_F(Breaker, AfterTheCooldownOneRequestProbes) {
  Fail(5);
  now_ms_ += 29'999;
  EXPECT_FALSE(Enter().granted);
  now_ms_ += 1;
  EXPECT_EQ(state(), BreakerState::kHalfOpen);
  const Permit probe = Enter();
  EXPECT_TRUE(probe.granted && probe.probe);
  EXPECT_FALSE(Enter().granted);
  EXPECT_EQ(Leave(probe, Outcome::kSuccess), BreakerChange::kClosed);
  EXPECT_EQ(state(), BreakerState::kClosed);
  Fail(4);
  EXPECT_EQ(state(), BreakerState::kClosed);
}

TEST_F(Breaker, AProbeThatFailsOpensItAgain) {
  Fail(5);
  now_ms_ += 30'000;
  EXPECT_EQ(Leave(Enter(), Outcome::kFailure), BreakerChange::kOpened);
  now_ms_ += 29'999;
  EXPECT_EQ(state(), BreakerState::kOpen);
  EXPECT_EQ(state_.breaker_opened.load(), 2u);
}

TEST_F(Breaker, AProbeThatSaysNothingGivesItsPlaceBack) {
  Fail(5);
  now_ms_ += 30'000;
  EXPECT_EQ(Leave(Enter(), Outcome::kNeutral), BreakerChange::kNone);
  EXPECT_EQ(state(), BreakerState::kHalfOpen);
  EXPECT_TRUE(Enter().granted);
}

TEST_F(Breaker, AsManyProbesAsConfigured) {
  config_.half_open_max_requests = 3;
  Fail(5);
  now_ms_ += 30'000;
  const Permit first = Enter(), second = Enter(), third = Enter();
  EXPECT_TRUE(first.granted && second.granted && third.granted);
  EXPECT_FALSE(Enter().granted);
  Leave(second, Outcome::kNeutral);
  EXPECT_TRUE(Enter().granted);
  EXPECT_EQ(Leave(first, Outcome::kFailure), BreakerChange::kOpened);
  EXPECT_EQ(Leave(third, Outcome::kSuccess), BreakerChange::kNone);
  EXPECT_EQ(state(), BreakerState::kOpen);
}

TEST_F(Breaker, AProbeOfADeadWorkerComesBack) {
  Fail(5);
  now_ms_ += 30'000;
  const Permit lost = Enter();
  now_ms_ += 59'999;
  EXPECT_FALSE(Enter().granted);
  now_ms_ += 1;
  const Permit next = Enter();
  EXPECT_TRUE(next.granted && next.probe);
  EXPECT_EQ(Leave(next, Outcome::kFailure), BreakerChange::kOpened);
  EXPECT_EQ(Leave(lost, Outcome::kSuccess), BreakerChange::kNone);
}

TEST_F(Breaker, WhatWasSentBeforeItOpenedDecidesNothing) {
  const Permit before = Enter();
  Fail(5);
  EXPECT_EQ(Leave(before, Outcome::kSuccess), BreakerChange::kNone);
  EXPECT_EQ(state(), BreakerState::kOpen);
  now_ms_ += 30'000;
  Leave(Enter(), Outcome::kSuccess);
  for (int i = 0; i < 9; ++i) Leave(before, Outcome::kFailure);
  EXPECT_EQ(state(), BreakerState::kClosed);
}

TEST_F(Breaker, SwitchedOffItNeverOpens) {
  config_.enabled = false;
  Fail(100);
  EXPECT_TRUE(Enter().granted);
}

TEST_F(Breaker, TheWordKeepsItsParts) {
  const BreakerWord word = BreakerWord::Unpack(BreakerWord{(1ull << 40) - 1, 100, 65535}.Pack());
  EXPECT_EQ(word.at_ms, (1ull << 40) - 1);
  EXPECT_EQ(word.probes, 100u);
  EXPECT_EQ(word.epoch, 65535u);
}

TEST(PutAside, LastsAsLongAsTheLongestReason) {
  TargetState state{};
  EXPECT_TRUE(PutAside(&state, AsideReason::kAuth, 1000, 61'000));
  EXPECT_FALSE(PutAside(&state, AsideReason::kRetryAfter, 2000, 5000));
  EXPECT_EQ(AsideOf(state).reason, AsideReason::kAuth);
  EXPECT_EQ(AsideOf(state).until_ms, 61'000u);
}

TEST(PutAside, TheReturnIsToldOnce) {
  TargetState state{};
  EXPECT_FALSE(ReturnFromAside(&state, 1000));
  PutAside(&state, AsideReason::kModel, 1000, 2000);
  EXPECT_FALSE(ReturnFromAside(&state, 1999));
  EXPECT_TRUE(ReturnFromAside(&state, 2000));
  EXPECT_FALSE(ReturnFromAside(&state, 2000));
  EXPECT_TRUE(PutAside(&state, AsideReason::kModel, 3000, 4000));
}

TEST(Standing, NamesWhatKeepsATargetOutAndUntilWhen) {
  TargetState state{};
  config::Target target;
  config::CircuitBreaker config;
  EXPECT_EQ(StandingOf(state, target, config, 1000).out, Out::kNo);
  PutAside(&state, AsideReason::kRetryAfter, 1000, 9000);
  EXPECT_EQ(StandingOf(state, target, config, 1000).out, Out::kAside);
  EXPECT_EQ(StandingOf(state, target, config, 1000).back_ms, 9000u);
  for (int i = 0; i < 5; ++i) {
    const Permit permit = EnterBreaker(&state, config, 1000, 2000);
    LeaveBreaker(&state, config, permit, Outcome::kFailure, 1000);
  }
  EXPECT_EQ(StandingOf(state, target, config, 9000).out, Out::kBreaker);
  EXPECT_EQ(StandingOf(state, target, config, 9000).back_ms, 31'000u);
  EXPECT_EQ(StandingOf(state, target, config, 31'000).out, Out::kNo);
}

TEST(Standing, AnUnhealthyTargetIsOutOnlyWhileItIsProbed) {
  TargetState state{};
  state.health.store(static_cast<uint32_t>(Health::kUnhealthy));
  config::Target target;
  EXPECT_EQ(StandingOf(state, target, {}, 1000).out, Out::kNo);
  target.health_probe.emplace();
  EXPECT_EQ(StandingOf(state, target, {}, 1000).out, Out::kUnhealthy);
  target.health_probe->enabled = false;
  EXPECT_EQ(StandingOf(state, target, {}, 1000).out, Out::kNo);
}

}  // namespace
}  // namespace kt::routing
