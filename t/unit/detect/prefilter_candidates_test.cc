#include "core/detect/prefilter_candidates.h"

#include <gtest/gtest.h>

#include <utility>

namespace kt::detect {
namespace {

using Ranges = std::vector<std::pair<size_t, size_t>>;

Ranges Of(const Candidates& candidates, size_t index = 0) {
  Ranges out;
  uint32_t range = candidates.rules()[index].head;
  for (; range != Candidates::kNone; range = candidates.range(range).next) {
    out.emplace_back(candidates.range(range).first, candidates.range(range).last);
  }
  return out;
}

TEST(Candidates, StayApartWhereTheyDoNotMeet) {
  Candidates candidates;
  candidates.Add(3, 1, 2);
  candidates.Add(5, 4, 9);
  candidates.Add(3, 4, 5);
  candidates.Add(3, 6, 8);
  EXPECT_EQ(Of(candidates), (Ranges{{1, 2}, {4, 8}}));
  EXPECT_EQ(Of(candidates, 1), (Ranges{{4, 9}}));
}

TEST(Candidates, OneThatReachesBackTakesInThoseThatItPasses) {
  Candidates candidates;
  for (const size_t at : {1, 7, 20, 30}) candidates.Add(0, at, at);
  candidates.Add(0, 6, 51);
  EXPECT_EQ(Of(candidates), (Ranges{{1, 1}, {6, 51}}));
  candidates.Add(0, 60, 60);
  EXPECT_EQ(Of(candidates), (Ranges{{1, 1}, {6, 51}, {60, 60}}));
  candidates.Add(0, 0, 70);
  EXPECT_EQ(Of(candidates), (Ranges{{0, 70}}));
}

TEST(Candidates, ThoseThatWaitedTakeInWhatTheyPass) {
  Candidates candidates;
  candidates.AddIfSeen(9, 0, 2, 25);
  candidates.AddIfSeen(8, 0, 0, 0);
  for (const size_t at : {10, 20, 30, 40}) candidates.Add(0, at, at);
  candidates.See(9);
  EXPECT_EQ(Of(candidates), (Ranges{{2, 40}}));
}

}  // namespace
}  // namespace kt::detect
