#include "core/routing/probe.h"

#include <gtest/gtest.h>

#include <cstring>

namespace kt::routing {
namespace {

using State = ProbeReader::State;

// The whole of `text`, in pieces of `size` bytes.
State Read(std::string_view text, size_t size, int* status) {
  ProbeReader reader;
  State state = State::kMore;
  for (size_t at = 0; at < text.size() && state == State::kMore; at += size) {
    state = reader.Feed(text.substr(at, size));
  }
  *status = reader.status();
  return state;
}

TEST(ProbeReader, ReadsTheStatusAtEverySplit) {
  for (size_t size = 1; size < 20; ++size) {
    int status = 0;
    EXPECT_EQ(Read("HTTP/1.1 204 No Content\r\n\r\n", size, &status), State::kDone);
    EXPECT_EQ(status, 204);
    EXPECT_EQ(Read("HTTP/1.0 503\r\n", size, &status), State::kDone);
    EXPECT_EQ(status, 503);
  }
}

TEST(ProbeReader, RefusesWhatIsNoStatusLineAtEverySplit) {
  for (const char* text : {"HTTP/2 200 OK\r\n", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 2000 OK\r\n",
                           "HTTP/1.1  200 OK", "HTTP/1.1 20x OK\r\n", "HTTP/1.x 200 OK\r\n"}) {
    for (size_t size = 1; size < 20; ++size) {
      int status = 0;
      EXPECT_EQ(Read(text, size, &status), State::kInvalid) << text << " by " << size;
    }
  }
}

TEST(ProbeReader, WaitsForMore) {
  int status = 0;
  EXPECT_EQ(Read("HTTP/1.1 200", 100, &status), State::kMore);
}

struct ProbeState : ::testing::Test {
  ProbeState() { std::memset(static_cast<void*>(&state), 0, sizeof state); }
  HealthChange Note(bool passed) { return NoteProbe(&state, probe, passed, ++now_ms); }
  Health health() const { return static_cast<Health>(state.health.load()); }
  config::HealthProbe probe;  // 2 up, 3 down
  TargetState state;
  uint64_t now_ms = 1000;
};

TEST_F(ProbeState, GoesDownAfterTheThresholdAndSaysSoOnce) {
  EXPECT_EQ(Note(false), HealthChange::kNone);
  EXPECT_EQ(Note(false), HealthChange::kNone);
  EXPECT_EQ(health(), Health::kUnknown);
  EXPECT_EQ(Note(false), HealthChange::kDown);
  EXPECT_EQ(Note(false), HealthChange::kNone);
  EXPECT_EQ(health(), Health::kUnhealthy);
}

TEST_F(ProbeState, ComesBackAfterTheThresholdAndSaysSoOnce) {
  for (int i = 0; i < 3; ++i) Note(false);
  EXPECT_EQ(Note(true), HealthChange::kNone);
  EXPECT_EQ(health(), Health::kUnhealthy);
  EXPECT_EQ(Note(true), HealthChange::kUp);
  EXPECT_EQ(Note(true), HealthChange::kNone);
  EXPECT_EQ(health(), Health::kHealthy);
}

TEST_F(ProbeState, OneOfTheOtherKindBeginsTheCountAgain) {
  for (int i = 0; i < 10; ++i) {
    Note(false);
    Note(false);
    EXPECT_EQ(Note(true), HealthChange::kNone);
  }
  EXPECT_NE(health(), Health::kUnhealthy);
}

TEST_F(ProbeState, TheFirstGoodProbesAreNoNews) {
  EXPECT_EQ(Note(true), HealthChange::kNone);
  EXPECT_EQ(Note(true), HealthChange::kNone);
  EXPECT_EQ(health(), Health::kHealthy);
}

TEST_F(ProbeState, IsNotDueShortlyAfterAnother) {
  EXPECT_TRUE(IsProbeDue(state, probe, now_ms));
  Note(true);
  EXPECT_FALSE(IsProbeDue(state, probe, now_ms + 4'999));
  EXPECT_TRUE(IsProbeDue(state, probe, now_ms + 5'000));
}

TEST(ProbeDelay, StaysWithinATenth) {
  config::HealthProbe probe;
  for (uint64_t random = 0; random < 100'000; random += 7) {
    EXPECT_GE(ProbeDelayMs(probe, random), 9'000u);
    EXPECT_LE(ProbeDelayMs(probe, random), 11'000u);
  }
  EXPECT_NE(ProbeDelayMs(probe, 1), ProbeDelayMs(probe, 2));
  EXPECT_GT(ProbeLeaseMs(probe), ProbeDelayMs(probe, 2'000) + probe.timeout_seconds * 1000 - 1000);
}

TEST(ProbeRequest, HasTheKeyAndNothingOfAUser) {
  config::Target config;
  config.base_url = {true, "llm.test", 443, "/v1"};
  config.headers = {{"X-Team", "a"}};
  config.health_probe.emplace();
  config.health_probe->path = "/models?limit=1";
  Target target;
  target.config = &config;
  target.key = "k";
  EXPECT_EQ(BuildProbeRequest(target),
            "GET /v1/models?limit=1 HTTP/1.1\r\nHost: llm.test\r\nAccept: application/json\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\nAuthorization: Bearer k\r\n"
            "X-Team: a\r\nUser-Agent: keeptrusts-gateway\r\n\r\n");
}

TEST(ProbeStatus, IsExpectedWithinTheRange) {
  config::HealthProbe probe;
  EXPECT_TRUE(IsExpected(probe, 200));
  EXPECT_TRUE(IsExpected(probe, 299));
  EXPECT_FALSE(IsExpected(probe, 301));
  EXPECT_FALSE(IsExpected(probe, 199));
}

}  // namespace
}  // namespace kt::routing
