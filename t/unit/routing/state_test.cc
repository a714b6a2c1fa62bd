#include "core/routing/state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/routing/board.h"
#include "core/routing/selector.h"

namespace kt::routing {
namespace {

struct alignas(64) Line {
  unsigned char bytes[64];
};

class Memory {
 public:
  explicit Memory(const StateNeeds& needs)
      : lines_((StateTable::BytesFor(needs) + 63) / 64), bytes_(StateTable::BytesFor(needs)) {}
  void* data() { return lines_.data(); }
  size_t bytes() const { return bytes_; }

 private:
  std::vector<Line> lines_;
  size_t bytes_;
};

TEST(StateTable, FindsWhatAnEarlierConfigurationKnew) {
  Memory memory({4, 4});
  StateTable first = StateTable::Create(memory.data(), memory.bytes());
  first.BeginGeneration();
  first.ClaimTarget(7)->failures_in_a_row.store(3);
  auto second = StateTable::Adopt(memory.data(), memory.bytes());
  ASSERT_TRUE(second.has_value());
  second->BeginGeneration();
  EXPECT_EQ(second->ClaimTarget(7)->failures_in_a_row.load(), 3u);
  EXPECT_EQ(second->ClaimTarget(8)->failures_in_a_row.load(), 0u);
}

TEST(StateTable, AnotherLayoutOrSizeIsNotAdopted) {
  Memory memory({4, 4});
  StateTable::Create(memory.data(), memory.bytes());
  EXPECT_FALSE(StateTable::Adopt(memory.data(), memory.bytes() / 2).has_value());
  static_cast<StateHeader*>(memory.data())->version += 1;
  EXPECT_FALSE(StateTable::Adopt(memory.data(), memory.bytes()).has_value());
  static_cast<StateHeader*>(memory.data())->magic = 0;
  EXPECT_FALSE(StateTable::Adopt(memory.data(), memory.bytes()).has_value());
}

TEST(StateTable, TheLongestUnusedEntryMakesRoom) {
  Memory memory({2, 2});
  StateTable table = StateTable::Create(memory.data(), memory.bytes());
  table.BeginGeneration();
  TargetState* oldest = table.ClaimTarget(1);
  table.BeginGeneration();
  TargetState* older = table.ClaimTarget(2);
  table.BeginGeneration();
  EXPECT_EQ(table.ClaimTarget(3), oldest);
  EXPECT_EQ(older->key.load(), 2u);
  EXPECT_EQ(table.ClaimTarget(4), older);
}

TEST(StateTable, AnEntryThatChangesHandsIsEmpty) {
  Memory memory({1, 1});
  StateTable table = StateTable::Create(memory.data(), memory.bytes());
  table.BeginGeneration();
  table.ClaimTarget(1)->requests.store(9);
  table.BeginGeneration();
  EXPECT_EQ(table.ClaimTarget(2)->requests.load(), 0u);
}

TEST(StateTable, OneConfigurationNeverTakesItsOwnEntries) {
  Memory memory({1, 8});
  StateTable table = StateTable::Create(memory.data(), memory.bytes());
  table.BeginGeneration();
  EXPECT_NE(table.ClaimTarget(1), nullptr);
  EXPECT_EQ(table.ClaimTarget(2), nullptr);
  for (uint64_t key = 1; key <= 8; ++key) EXPECT_NE(table.ClaimCell(key), nullptr);
  EXPECT_EQ(table.ClaimCell(9), nullptr);
}

TEST(StateTable, SaysWhatItNeeds) {
  EXPECT_TRUE(StateTable::Fits({3, 24}, StateTable::BytesFor({3, 0})));
  EXPECT_FALSE(StateTable::Fits({3, 25}, StateTable::BytesFor({3, 0})));
  EXPECT_FALSE(StateTable::Fits({4, 0}, StateTable::BytesFor({3, 0})));
}

TEST(ProbeLease, BelongsToOneWorkerUntilItRunsOut) {
  TargetState state{};
  EXPECT_TRUE(TakeProbeLease(&state, 100, 1000, 2000));
  EXPECT_FALSE(TakeProbeLease(&state, 200, 1500, 2500));
  EXPECT_TRUE(TakeProbeLease(&state, 100, 1500, 2500));
  EXPECT_FALSE(TakeProbeLease(&state, 200, 2400, 3000));
  EXPECT_TRUE(TakeProbeLease(&state, 200, 2500, 3500));
}

TEST(ProbeLease, IsDroppedByItsOwnerOnly) {
  TargetState state{};
  TakeProbeLease(&state, 100, 1000, 2000);
  DropProbeLease(&state, 200);
  EXPECT_FALSE(TakeProbeLease(&state, 200, 1500, 2500));
  DropProbeLease(&state, 100);
  EXPECT_TRUE(TakeProbeLease(&state, 200, 1500, 2500));
}

class Boards : public ::testing::Test {
 protected:
  void Add(const std::string& id, const std::string& identity = "https://a:443") {
    configs_.targets.push_back({});
    configs_.targets.back().id = id;
    identities_.push_back(identity);
  }
  std::vector<Target> Targets() {
    std::vector<Target> targets(configs_.targets.size());
    for (size_t i = 0; i < targets.size(); ++i) {
      targets[i].config = &configs_.targets[i];
      targets[i].identity = identities_[i];
    }
    return targets;
  }
  config::Providers configs_;
  std::vector<std::string> identities_;
};

TEST_F(Boards, TwoOfTheSameTargetsShareWhatIsKnown) {
  Add("a");
  Add("b");
  const std::vector<Target> targets = Targets();
  Board one(configs_, targets, ""), other(configs_, targets, "");
  Memory memory({8, 64});
  StateTable table = StateTable::Create(memory.data(), memory.bytes());
  table.BeginGeneration();
  ASSERT_TRUE(one.Attach(table).ok());
  ASSERT_TRUE(other.Attach(table).ok());
  one.target(1).requests.add(1);
  EXPECT_EQ(other.target(1).requests.load(), 1u);
  EXPECT_EQ(other.target(0).requests.load(), 0u);
}

TEST_F(Boards, ANewKeyOrModelBeginsANewState) {
  Add("a", "https://a:443 key=1");
  std::vector<Target> targets = Targets();
  const uint64_t before = TargetKey(targets[0], "");
  targets[0].identity = "https://a:443 key=2";
  EXPECT_NE(TargetKey(targets[0], ""), before);
  targets[0].identity = "https://a:443 key=1";
  EXPECT_EQ(TargetKey(targets[0], ""), before);
  configs_.targets[0].model = "other";
  EXPECT_NE(TargetKey(targets[0], ""), before);
}

TEST_F(Boards, AnotherConfigurationsTargetsHaveAStateOfTheirOwn) {
  Add("a");
  const std::vector<Target> targets = Targets();
  EXPECT_NE(TargetKey(targets[0], "/etc/one.yaml"), TargetKey(targets[0], "/etc/other.yaml"));
}

TEST_F(Boards, AnOldWorkerDoesNotTouchAnEntryThatIsAnothersNow) {
  Add("a");
  const std::vector<Target> targets = Targets();
  Board old(configs_, targets, "");
  Memory memory({1, 8});
  StateTable table = StateTable::Create(memory.data(), memory.bytes());
  table.BeginGeneration();
  ASSERT_TRUE(old.Attach(table).ok());
  table.BeginGeneration();
  TargetState* now = table.ClaimTarget(1234);
  old.target(0).failures.add(1);
  EXPECT_EQ(now->failures.load(), 0u);
  EXPECT_EQ(old.target(0).failures.load(), 1u);
}

TEST_F(Boards, TooSmallATableIsAnError) {
  Add("a");
  Add("b");
  const std::vector<Target> targets = Targets();
  Board board(configs_, targets, "");
  Memory memory({1, 8});
  StateTable table = StateTable::Create(memory.data(), memory.bytes());
  table.BeginGeneration();
  EXPECT_EQ(board.Attach(table).code(), StatusCode::kResourceExhausted);
}

TEST_F(Boards, EachListThatIsChosenFromHasItsLane) {
  configs_.strategy = config::Strategy::kRoundRobin;
  for (const char* id : {"a", "b", "c"}) Add(id);
  configs_.model_groups.push_back({"pair", {}, {"c", "a"}});
  const std::vector<Target> targets = Targets();
  Board board(configs_, targets, "");
  EXPECT_EQ(board.needs().targets, 3u);
  EXPECT_EQ(board.needs().cells, 1u + 4u + 3u);
  Memory memory(board.needs());
  StateTable table = StateTable::Create(memory.data(), memory.bytes());
  table.BeginGeneration();
  ASSERT_TRUE(board.Attach(table).ok());
  EXPECT_NE(board.FindLane({0, 1, 2}), nullptr);
  EXPECT_NE(board.FindLane({2, 0}), nullptr);
  EXPECT_EQ(board.FindLane({0}), nullptr);
}

TEST_F(Boards, TheOthersTakeTurnsWhileATargetHasNoAddress) {
  configs_.strategy = config::Strategy::kRoundRobin;
  for (const char* id : {"a", "b", "c"}) Add(id);
  std::vector<Target> targets = Targets();
  bool reachable = false;
  targets[2].reachable = &reachable;  // as at a start without a nameserver
  Board board(configs_, targets, "");
  Memory memory(board.needs());
  StateTable table = StateTable::Create(memory.data(), memory.bytes());
  table.BeginGeneration();
  ASSERT_TRUE(board.Attach(table).ok());
  const std::vector<size_t> all =
      PlanTargets(configs_, targets, openai::Endpoint::kChatCompletions, "");
  const auto next = [&] {
    const auto pick = PickTarget(&board, configs_, targets, all, all, {});
    return pick ? static_cast<int>(pick->target) : -1;
  };
  EXPECT_EQ(StandingOf(&board, 2, 0).out, Out::kUnreachable);
  EXPECT_EQ((std::vector<int>{next(), next(), next(), next()}), (std::vector<int>{0, 1, 0, 1}));
  reachable = true;
  const std::vector<int> chosen = {next(), next(), next()};
  EXPECT_EQ(std::count(chosen.begin(), chosen.end(), 0), 1);
  EXPECT_GE(std::count(chosen.begin(), chosen.end(), 2), 1);
}

}  // namespace
}  // namespace kt::routing
