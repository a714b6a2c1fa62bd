#include "core/routing/retry.h"

#include <gtest/gtest.h>

#include "core/routing/latency.h"

namespace kt::routing {
namespace {

constexpr int64_t kNow = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

uint64_t Parsed(std::string_view retry_after, std::string_view ms = "") {
  const auto parsed = ParseRetryAfter(retry_after, ms, kNow);
  return parsed ? *parsed : UINT64_MAX;
}

TEST(RetryAfter, IsSecondsMillisecondsOrADate) {
  EXPECT_EQ(Parsed("7"), 7000u);
  EXPECT_EQ(Parsed(" 7 "), 7000u);
  EXPECT_EQ(Parsed("1.5"), 1500u);
  EXPECT_EQ(Parsed("", "250"), 250u);
  EXPECT_EQ(Parsed("", "0.5"), 1u);
  EXPECT_EQ(Parsed("7", "250"), 250u);
  EXPECT_EQ(Parsed("Sun, 06 Nov 1994 08:49:47 GMT"), 10'000u);
  EXPECT_EQ(Parsed("Sunday, 06-Nov-94 08:49:47 GMT"), 10'000u);
  EXPECT_EQ(Parsed("Sun Nov  6 08:49:47 1994"), 10'000u);
}

TEST(RetryAfter, HostileValuesAreBounded) {
  for (const char* huge :
       {"999999999999", "3601", "99999999999999999999999999999999999999999999"}) {
    EXPECT_EQ(Parsed(huge), kMaxRetryAfterMs) << huge;
  }
  EXPECT_EQ(Parsed("Fri, 31 Dec 2999 23:59:59 GMT"), kMaxRetryAfterMs);
  EXPECT_EQ(Parsed("", "1e300"), UINT64_MAX);
  EXPECT_EQ(Parsed("Sun, 06 Nov 1994 08:49:36 GMT"), 0u);
  EXPECT_EQ(Parsed("Thu, 01 Jan 1970 00:00:00 GMT"), 0u);
  EXPECT_EQ(Parsed("0"), 0u);
}

TEST(RetryAfter, WhatIsNoneSaysNothing) {
  for (const char* none : {"", "-5", "NaN", "inf", "+3", "0x10", "soon", "7 s", "1.2.3", ".",
                           "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:47 GMTx"}) {
    EXPECT_EQ(Parsed(none), UINT64_MAX) << none;
  }
  EXPECT_EQ(Parsed(std::string(100, '1')), UINT64_MAX);
  EXPECT_EQ(Parsed("7", "-1"), 7000u);
}

TEST(MayAskAgain, FollowsTheList) {
  const config::Retry retry;
  EXPECT_TRUE(MayAskAgain(retry, TryError::kConnect, 0));
  EXPECT_TRUE(MayAskAgain(retry, TryError::kTls, 0));
  EXPECT_TRUE(MayAskAgain(retry, TryError::kRateLimit, 429));
  EXPECT_TRUE(MayAskAgain(retry, TryError::kServerError, 529));
  EXPECT_FALSE(MayAskAgain(retry, TryError::kServerError, 500));
  EXPECT_FALSE(MayAskAgain(retry, TryError::kTimeout, 0));
  EXPECT_FALSE(MayAskAgain(retry, TryError::kReset, 0));
  EXPECT_FALSE(MayAskAgain(retry, TryError::kAuth, 401));
  EXPECT_FALSE(MayAskAgain(retry, TryError::kNone, 400));
}

TEST(MayAskAgain, ATimeoutOrResetOnlyWhenListed) {
  config::Retry retry;
  retry.retry_on = {"timeout", "reset"};
  EXPECT_TRUE(MayAskAgain(retry, TryError::kTimeout, 0));
  EXPECT_TRUE(MayAskAgain(retry, TryError::kReset, 0));
  EXPECT_FALSE(MayAskAgain(retry, TryError::kConnect, 0));
}

TEST(Backoff, GrowsUpToItsLimitWithoutJitter) {
  config::Retry retry;
  retry.jitter = false;
  EXPECT_EQ(BackoffMs(retry, 0, 99), 100u);
  EXPECT_EQ(BackoffMs(retry, 1, 99), 200u);
  EXPECT_EQ(BackoffMs(retry, 2, 99), 400u);
  EXPECT_EQ(BackoffMs(retry, 9, 99), 2000u);
  EXPECT_EQ(BackoffMs(retry, 4000, 99), 2000u);
}

TEST(Backoff, JitterIsFull) {
  const config::Retry retry;
  EXPECT_EQ(BackoffMs(retry, 0, 0), 0u);
  EXPECT_EQ(BackoffMs(retry, 0, 100), 100u);
  uint64_t state = 1, sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const uint64_t ms = BackoffMs(retry, 1, state >> 20);
    ASSERT_LE(ms, 200u);
    sum += ms;
  }
  EXPECT_NEAR(static_cast<double>(sum) / 10'000, 100, 5);
}

TEST(RetryBudget, AFifthOfTheRequestsAndAFewInAnyCase) {
  StateCell budget{};
  uint64_t now_ms = 1'000'000;
  uint64_t taken = 0;
  for (int i = 0; i < 100; ++i) taken += TakeRetry(&budget, now_ms) ? 1 : 0;
  EXPECT_EQ(taken, kFreeRetries);
  for (int i = 0; i < 500; ++i) NoteRequest(&budget, now_ms);
  for (int i = 0; i < 500; ++i) taken += TakeRetry(&budget, now_ms) ? 1 : 0;
  EXPECT_EQ(taken, 100u);
}

TEST(RetryBudget, RenewsItselfWithTime) {
  StateCell budget{};
  for (int i = 0; i < 20; ++i) TakeRetry(&budget, 1'000'000);
  EXPECT_FALSE(TakeRetry(&budget, 1'004'999));
  EXPECT_FALSE(TakeRetry(&budget, 1'009'999));
  EXPECT_TRUE(TakeRetry(&budget, 1'010'000));
}

TEST(Latency, FollowsWhatIsMeasured) {
  TargetState state{};
  NoteLatency(&state, LatencyKind::kStream, 1000, 5);
  EXPECT_EQ(LatencyOf(state, LatencyKind::kStream).average_us, 1000u);
  NoteLatency(&state, LatencyKind::kStream, 3000, 6);
  EXPECT_EQ(LatencyOf(state, LatencyKind::kStream).average_us, 2000u);
  for (int i = 0; i < 60; ++i) NoteLatency(&state, LatencyKind::kStream, 500, 7);
  EXPECT_NEAR(static_cast<double>(LatencyOf(state, LatencyKind::kStream).average_us), 500, 5);
  EXPECT_EQ(LatencyOf(state, LatencyKind::kStream).samples, 62u);
  EXPECT_EQ(LatencyOf(state, LatencyKind::kWhole).samples, 0u);
  EXPECT_EQ(state.sampled_at_ms.load(), 7u);
}

TEST(Latency, ATimeBeyondReasonIsCut) {
  TargetState state{};
  NoteLatency(&state, LatencyKind::kWhole, UINT64_MAX, 5);
  EXPECT_EQ(LatencyOf(state, LatencyKind::kWhole).average_us, (uint64_t{1} << 40) - 1);
}

}  // namespace
}  // namespace kt::routing
