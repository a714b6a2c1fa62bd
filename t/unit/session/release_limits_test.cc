#include "core/session/stream_release.h"
#include "life.h"

namespace kt::session {
namespace {

class ReleaseLimitsTest : public ::testing::Test {
 protected:
  ReleaseLimitsTest() : gateway_(MakeGateway(Yaml())), chain_(gateway_->chain(), {}) {
    class Anything final : public policy::RequestFacts {
      std::string_view path() const override { return "/v1/chat/completions"; }
      std::string_view model() const override { return "m"; }
      bool HeaderEquals(std::string_view, std::string_view) const override { return false; }
    };
    chain_.Select(Anything());
  }
  // Adds events until the release refuses, at most `most`. How many it took.
  size_t AddUntilBlocked(StreamRelease* release, const std::string& data, size_t most) {
    const std::string raw = Event(data);
    sse::Event event;
    event.raw = raw;
    event.data = data;
    event.has_data = true;
    json::View view;
    EXPECT_TRUE(view.Parse(data, 0, {}).ok());
    openai::EventInfo info;
    openai::MapEvent(view, openai::Endpoint::kChatCompletions, "", &info);
    for (size_t i = 0; i < most; ++i) {
      event.raw = raw;
      if (release->Add(event, view, info) != StreamRelease::Result::kGoOn) return i;
    }
    return most;
  }
  StreamRelease Make(const ReleaseLimits& limits, bool buffered = false) {
    return StreamRelease(chain_, &placeholders_, openai::Endpoint::kChatCompletions, buffered,
                         limits);
  }
  std::unique_ptr<const Gateway> gateway_;
  policy::ChainRun chain_;
  Placeholders placeholders_;
};

TEST_F(ReleaseLimitsTest, TooManyHeldEventsBlock) {
  ReleaseLimits limits;
  limits.max_held_events = 10;
  StreamRelease release = Make(limits);
  ASSERT_EQ(AddUntilBlocked(&release, Delta(R"({"content":"jane.doe@"})"), 1), 1u);
  EXPECT_EQ(AddUntilBlocked(&release, Delta(R"({"role":"assistant"})"), 1000), 9u);
  EXPECT_EQ(release.block().reason_code, "stream.hold_limit");
  EXPECT_EQ(release.Take(), "");
}

TEST_F(ReleaseLimitsTest, TooManyHeldBytesBlock) {
  ReleaseLimits limits;
  limits.max_held_bytes = 20'000;
  StreamRelease release = Make(limits);
  ASSERT_EQ(AddUntilBlocked(&release, Delta(R"({"content":"jane.doe@"})"), 1), 1u);
  EXPECT_LT(AddUntilBlocked(&release, Delta(R"({"role":"assistant"})"), 1000), 200u);
}

TEST_F(ReleaseLimitsTest, TooMuchPendingTextBlocks) {
  ReleaseLimits limits;
  limits.max_pending_text = 1000;
  StreamRelease release = Make(limits, true);
  EXPECT_EQ(AddUntilBlocked(&release, Delta(R"({"content":"0123456789"})"), 1000), 100u);
}

TEST_F(ReleaseLimitsTest, TooManyLanesAreInvalid) {
  ReleaseLimits limits;
  limits.max_lanes = 3;
  StreamRelease release = Make(limits);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(AddUntilBlocked(&release, Delta(R"({"content":"Hello. "})", i), 1), 1u);
  }
  EXPECT_EQ(AddUntilBlocked(&release, Delta(R"({"content":"Hello. "})", 3), 1), 0u);
}

TEST_F(ReleaseLimitsTest, ALongStreamDoesNotGrow) {
  StreamRelease release = Make(ReleaseLimits());
  const std::string data = Delta(R"({"content":"some words, and then more. "})");
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(AddUntilBlocked(&release, data, 100), 100u);
    EXPECT_GT(release.Take().size(), 99 * data.size());
  }
}

TEST_F(ReleaseLimitsTest, ManyChoicesWithoutTextKeepTheirOrder) {
  StreamRelease release = Make(ReleaseLimits());
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string data = Delta(R"({"role":"assistant"})", i);
    ASSERT_EQ(AddUntilBlocked(&release, data, 1), 1u);
    expected += Event(data);
  }
  EXPECT_EQ(release.Take(), expected);
}

}  // namespace
}  // namespace kt::session
