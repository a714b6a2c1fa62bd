#include "core/routing/strategy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace kt::routing {
namespace {

using config::Strategy;

// A lane whose choices are counted as the selector counts them.
class Rotation {
 public:
  explicit Rotation(const std::vector<double>& weights) {
    const std::vector<uint64_t> whole = WholeWeights(weights);
    for (size_t i = 0; i < whole.size(); ++i) {
      Choice choice;
      choice.target = i;
      choice.turn = {0, whole[i], i, whole.size()};
      members_.push_back(choice);
      out_.push_back(false);
    }
  }
  void set_out(size_t member, bool out) { out_[member] = out; }
  size_t Next() {
    std::vector<Choice> left;
    for (size_t i = 0; i < members_.size(); ++i) {
      if (out_[i]) continue;
      left.push_back(members_[i]);
      left.back().turn.count = CaughtUp(left.back().turn, time_);
    }
    const Choice& chosen = left[Choose(Strategy::kWeightedRoundRobin, left, 0, 0)];
    time_ = std::max(time_, VirtualTime(chosen.turn));
    members_[chosen.target].turn.count = chosen.turn.count + 1;
    return chosen.target;
  }
  std::vector<size_t> Run(size_t length) {
    std::vector<size_t> chosen;
    for (size_t i = 0; i < length; ++i) chosen.push_back(Next());
    return chosen;
  }

 private:
  std::vector<Choice> members_;
  std::vector<bool> out_;
  uint64_t time_ = 0;
};

std::string Letters(const std::vector<size_t>& chosen) {
  std::string letters;
  for (const size_t i : chosen) letters += static_cast<char>('a' + i);
  return letters;
}

TEST(RoundRobin, TakesTurns) {
  EXPECT_EQ(Letters(Rotation({1, 1, 1}).Run(9)), "abcabcabc");
}

TEST(WeightedRoundRobin, SpreadsTheHeaviestEvenly) {
  EXPECT_EQ(Letters(Rotation({5, 1, 1}).Run(14)), "aaabacaaaabaca");
}

TEST(WeightedRoundRobin, IsExactInEveryWindow) {
  const std::vector<std::vector<double>> cases = {{0.7, 0.3},        {5, 1, 1}, {1, 2, 3, 4},
                                                  {0.5, 0.25, 0.25}, {99, 1},   {1.5, 1}};
  for (const auto& weights : cases) {
    const std::vector<uint64_t> whole = WholeWeights(weights);
    uint64_t window = 0;
    for (const uint64_t weight : whole) window += weight;
    const std::vector<size_t> chosen = Rotation(weights).Run(window * 20);
    for (size_t from = 0; from + window <= chosen.size(); ++from) {
      for (size_t i = 0; i < whole.size(); ++i) {
        const auto begin = chosen.begin() + static_cast<std::ptrdiff_t>(from);
        const auto count = std::count(begin, begin + static_cast<std::ptrdiff_t>(window), i);
        ASSERT_EQ(static_cast<uint64_t>(count), whole[i]) << "window at " << from;
      }
    }
  }
}

TEST(WeightedRoundRobin, AMemberThatWasOutDoesNotMakeUpForIt) {
  Rotation rotation({1, 1});
  rotation.Run(10);
  rotation.set_out(1, true);
  rotation.Run(1000);
  rotation.set_out(1, false);
  const std::vector<size_t> after = rotation.Run(20);
  const auto returned = std::count(after.begin(), after.end(), 1u);
  EXPECT_GE(returned, 9);
  EXPECT_LE(returned, 12);
}

TEST(WeightedRoundRobin, WithoutOneTheOthersKeepTheirRatio) {
  Rotation rotation({4, 2, 1});
  rotation.set_out(0, true);
  const std::vector<size_t> chosen = rotation.Run(300);
  EXPECT_EQ(std::count(chosen.begin(), chosen.end(), 1u), 200);
}

TEST(WeightedRoundRobin, TheWeightZeroGetsNothingWhileAnotherIsLeft) {
  Rotation rotation({1, 0});
  EXPECT_EQ(Letters(rotation.Run(4)), "aaaa");
  rotation.set_out(0, true);
  EXPECT_EQ(Letters(rotation.Run(2)), "bb");
}

TEST(WholeWeights, AreInLowestTerms) {
  EXPECT_EQ(WholeWeights({0.7, 0.3}), (std::vector<uint64_t>{7, 3}));
  EXPECT_EQ(WholeWeights({100, 50, 0}), (std::vector<uint64_t>{2, 1, 0}));
  EXPECT_EQ(WholeWeights({0.0001, 1}), (std::vector<uint64_t>{1, 1000}));
  EXPECT_EQ(WholeWeights({0}), (std::vector<uint64_t>{0}));
}

Choice Measured(size_t target, uint64_t average_us, uint64_t samples, uint64_t sampled_at_ms) {
  Choice choice;
  choice.target = target;
  choice.average_us = average_us;
  choice.samples = samples;
  choice.sampled_at_ms = sampled_at_ms;
  return choice;
}

TEST(LowestLatency, AsksTheFastestAndTheLongestUnaskedNowAndThen) {
  const std::vector<Choice> choices = {Measured(0, 900, 50, 20), Measured(1, 200, 50, 99),
                                       Measured(2, 500, 50, 10)};
  std::map<size_t, int> asked;
  for (uint64_t turn = 0; turn < 100; ++turn) {
    asked[Choose(Strategy::kLowestLatency, choices, turn, 0)]++;
  }
  EXPECT_EQ(asked[1], 95);
  EXPECT_EQ(asked[2], 5);
}

TEST(LowestLatency, ATargetWithoutSamplesGetsSome) {
  std::vector<Choice> choices = {Measured(0, 100, 50, 9), Measured(1, 0, 0, 0),
                                 Measured(2, 0, 4, 0)};
  std::map<size_t, int> asked;
  for (uint64_t turn = 0; turn < 40; ++turn) {
    asked[Choose(Strategy::kLowestLatency, choices, turn, 0)]++;
  }
  EXPECT_GE(asked[0], 18);
  EXPECT_EQ(asked[1], 10);
  EXPECT_EQ(asked[2], 10);
}

TEST(LowestLatency, ATargetThatFailsInsteadIsOnlyAskedNowAndThen) {
  std::vector<Choice> choices = {Measured(0, 100, 50, 9), Measured(1, 0, 0, 0)};
  choices[1].failing = true;
  int asked = 0;
  for (uint64_t turn = 0; turn < 100; ++turn) {
    asked += Choose(Strategy::kLowestLatency, choices, turn, 0) == 1 ? 1 : 0;
  }
  EXPECT_EQ(asked, 5);
}

TEST(LowestLatency, FindsTheFastestOfTargetsThatNobodyKnows) {
  const uint64_t real_us[] = {700, 300, 500};
  std::vector<Choice> choices = {Measured(0, 0, 0, 0), Measured(1, 0, 0, 0), Measured(2, 0, 0, 0)};
  std::map<size_t, int> asked;
  for (uint64_t turn = 0; turn < 1000; ++turn) {
    Choice& chosen = choices[Choose(Strategy::kLowestLatency, choices, turn, 0)];
    asked[chosen.target]++;
    chosen.average_us = real_us[chosen.target];
    chosen.samples++;
    chosen.sampled_at_ms = turn;
  }
  EXPECT_GT(asked[1], 900);
  EXPECT_GE(asked[0], 20);
  EXPECT_GE(asked[2], 20);
}

TEST(LowestCost, AsksTheCheapestAndThoseWithoutAPriceLast) {
  config::Target cheap, dear, unknown;
  cheap.pricing = config::Pricing{0.2, 0.8, 0.2};
  dear.pricing = config::Pricing{3, 15, 3};
  std::vector<Choice> choices(3);
  choices[0].price = PriceOf(unknown);
  choices[1].price = PriceOf(dear);
  choices[2].price = PriceOf(cheap);
  EXPECT_EQ(Choose(Strategy::kLowestCost, choices, 0, 0), 2u);
  choices.pop_back();
  EXPECT_EQ(Choose(Strategy::kLowestCost, choices, 0, 0), 1u);
  EXPECT_DOUBLE_EQ(PriceOf(cheap), 0.35);
}

TEST(Random, AsksAllAlike) {
  const std::vector<Choice> choices(4);
  std::map<size_t, int> asked;
  for (uint64_t random = 0; random < 400; ++random) {
    asked[Choose(Strategy::kRandom, choices, 0, random)]++;
  }
  for (const auto& [position, count] : asked) EXPECT_EQ(count, 100) << position;
  EXPECT_EQ(asked.size(), 4u);
}

TEST(FallbackAndSingle, AskTheFirst) {
  const std::vector<Choice> choices(3);
  EXPECT_EQ(Choose(Strategy::kFallback, choices, 7, 7), 0u);
  EXPECT_EQ(Choose(Strategy::kSingle, choices, 7, 7), 0u);
}

}  // namespace
}  // namespace kt::routing
