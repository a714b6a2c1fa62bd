#include "core/session/notice.h"

#include <gtest/gtest.h>

namespace kt::session {
namespace {

TEST(Notice, OfALongJudgementNamesBytesTimeAndRequest) {
  std::vector<Notice> notices;
  NoteLongJudgement("request", 1048576, kLongJudgementNs + 112'345'678, "r1", &notices);
  NoteLongJudgement("answer", 20, kLongJudgementNs, "r2", &notices);
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_TRUE(notices[0].warn);
  EXPECT_EQ(notices[0].text,
            "judging 1048576 bytes of text held this worker for 212 ms, request r1");
  EXPECT_EQ(notices[1].text,
            "judging 20 bytes of text held this worker for 100 ms, answer to request r2");
}

TEST(Notice, OfAShortJudgementThereIsNone) {
  std::vector<Notice> notices;
  NoteLongJudgement("request", 1 << 20, kLongJudgementNs - 1, "r", &notices);
  EXPECT_TRUE(notices.empty());
}

}  // namespace
}  // namespace kt::session
