#include "core/policy/verdict_cache.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "fake_policy.h"

namespace kt::policy {
namespace {

const std::string kText(100, 'a');

std::unique_ptr<VerdictCache> Cache(size_t texts = 64) {
  return std::move(VerdictCache::Make(texts)).value();
}

// One policy that redacts "secret", and counts what it is asked.
struct Fixture {
  explicit Fixture(double score = -1, std::vector<Condition> when = {}) {
    auto fake = Fake("p", {{.pattern = "secret"}});
    policy = fake.get();
    policy->score = score;
    chain = MakeChain(List(std::move(fake)), std::move(when));
  }
  struct Said {
    std::string text;
    double score = -1;
    Verdict verdict = Verdict::kAllowed;
    size_t asked = 0;  // for this text
  };
  Said Judge(std::string_view text, VerdictCache* cache, std::string_view caller = {},
             openai::Role role = openai::Role::kUser, Phase phase = Phase::kInput) {
    const size_t before = policy->asked;
    ChainRun run(*chain, {.cache = cache, .caller = caller});
    ChainRun::Text unit;
    unit.unit.text = text;
    unit.unit.role = role;
    std::vector<std::vector<TextEdit>> edits;
    EXPECT_FALSE(run.Judge(phase, {&unit, 1}, &edits));
    EXPECT_EQ(run.outcomes().size(), 1u);
    const PolicyOutcome& outcome = run.outcomes()[0];
    return {Applied(text, edits[0]), outcome.score, outcome.verdict, policy->asked - before};
  }
  FakePolicy* policy;
  std::unique_ptr<const Chain> chain;
};

class Facts : public RequestFacts {
 public:
  explicit Facts(std::string_view path) : path_(path) {}
  std::string_view path() const override { return path_; }
  std::string_view model() const override { return ""; }
  bool HeaderEquals(std::string_view, std::string_view) const override { return false; }

 private:
  std::string_view path_;
};

TEST(VerdictCache, ATextThatPassedIsNotJudgedAgainAndGetsItsScore) {
  Fixture fixture(0.25);
  const auto cache = Cache();
  const Fixture::Said first = fixture.Judge(kText, cache.get());
  const Fixture::Said again = fixture.Judge(kText, cache.get());
  EXPECT_EQ(first.asked, 1u);
  EXPECT_EQ(again.asked, 0u);
  EXPECT_EQ(again.score, first.score);
  EXPECT_EQ(again.score, 0.35);
  EXPECT_EQ(again.verdict, Verdict::kAllowed);
}

TEST(VerdictCache, ATextInWhichSomethingWasFoundIsJudgedEachTime) {
  Fixture fixture;
  const auto cache = Cache();
  for (int i = 0; i < 3; ++i) {
    const Fixture::Said said = fixture.Judge(kText + "secret", cache.get());
    EXPECT_EQ(said.asked, 1u);
    EXPECT_EQ(said.text, kText + "[X]");
    EXPECT_EQ(said.verdict, Verdict::kRedacted);
  }
}

TEST(VerdictCache, WhatFailedIsJudgedAgain) {
  Fixture fixture;
  const auto cache = Cache();
  ChainRun::Text unit;
  unit.unit.text = kText;
  std::vector<std::vector<TextEdit>> edits;
  fixture.policy->fails = true;
  for (const FailMode mode : {FailMode::kAllow, FailMode::kBlock}) {
    ChainRun run(*fixture.chain, {.fail_mode = mode, .cache = cache.get()});
    EXPECT_EQ(run.Judge(Phase::kInput, {&unit, 1}, &edits).has_value(), mode == FailMode::kBlock);
  }
  fixture.policy->fails = false;
  EXPECT_EQ(fixture.Judge(kText, cache.get()).asked, 1u);
}

// A policy without rules needs no matches, and says nothing of a text that was not read.
TEST(VerdictCache, WhatCouldNotBeReadIsJudgedAgain) {
  auto costly = Fake("p", {{.pattern = "(?s)<.*[0-9]|q"}});
  auto fake = Fake("q", {});
  const FakePolicy* policy = fake.get();
  Condition when;
  when.path_prefix = "/v1/chat";
  const auto chain = MakeChain(List(std::move(costly), std::move(fake)), {when});
  const auto cache = Cache();
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "<q";
  ChainRun::Text unit;
  unit.unit.text = text;
  std::vector<std::vector<TextEdit>> edits;
  for (size_t i = 1; i <= 2; ++i) {
    ChainRun run(*chain, {.cache = cache.get()});
    run.Select(Facts("/v1/other"));
    EXPECT_FALSE(run.Judge(Phase::kInput, {&unit, 1}, &edits));
    EXPECT_EQ(policy->asked, i);
  }
}

TEST(VerdictCache, NothingOfABlockedRequestIsKept) {
  auto fake = Fake("p", {{.pattern = "bad", .effect = Effect::kBlock}});
  const FakePolicy* policy = fake.get();
  const auto chain = MakeChain(List(std::move(fake)));
  const auto cache = Cache();
  ChainRun::Text texts[2];
  texts[0].unit.text = kText;
  texts[1].unit.text = "bad";
  std::vector<std::vector<TextEdit>> edits;
  for (int i = 1; i <= 2; ++i) {
    ChainRun run(*chain, {.cache = cache.get()});
    EXPECT_TRUE(run.Judge(Phase::kInput, texts, &edits));
    EXPECT_EQ(policy->asked, 2u * static_cast<size_t>(i));
  }
}

TEST(VerdictCache, EveryByteCounts) {
  Fixture fixture;
  const auto cache = Cache();
  fixture.Judge(kText, cache.get());
  for (size_t i = 0; i < kText.size(); ++i) {
    std::string other = kText;
    other[i] ^= 1;
    EXPECT_EQ(fixture.Judge(other, cache.get()).asked, 1u) << i;
  }
  EXPECT_EQ(fixture.Judge(kText + '\0', cache.get()).asked, 1u);
  EXPECT_EQ(fixture.Judge(kText.substr(1), cache.get()).asked, 1u);
}

TEST(VerdictCache, WhatTheVerdictDependsOnCounts) {
  Fixture fixture, other_chain;
  const auto cache = Cache();
  fixture.Judge(kText, cache.get(), "one");
  EXPECT_EQ(fixture.Judge(kText, cache.get(), "one").asked, 0u);
  EXPECT_EQ(fixture.Judge(kText, cache.get(), "two").asked, 1u);
  EXPECT_EQ(fixture.Judge(kText, cache.get(), "one", openai::Role::kTool).asked, 1u);
  EXPECT_EQ(other_chain.Judge(kText, cache.get(), "one").asked, 1u);
  // The end of who asks is not the begin of what is said.
  EXPECT_EQ(fixture.Judge("e" + kText, cache.get(), "on").asked, 1u);
}

TEST(VerdictCache, AnswersAreJudgedEachTime) {
  Fixture fixture;
  const auto cache = Cache();
  for (int i = 0; i < 2; ++i) {
    const auto said =
        fixture.Judge(kText, cache.get(), {}, openai::Role::kAssistant, Phase::kOutput);
    EXPECT_EQ(said.asked, 1u);
  }
}

TEST(VerdictCache, AStreamIsJudgedBehindARequestThatIsKnown) {
  Fixture fixture;
  const auto cache = Cache();
  fixture.Judge(kText, cache.get());
  ChainRun run(*fixture.chain, {.cache = cache.get()});
  ChainRun::Text unit;
  unit.unit.text = kText;
  std::vector<std::vector<TextEdit>> edits;
  EXPECT_FALSE(run.Judge(Phase::kInput, {&unit, 1}, &edits));
  EXPECT_EQ(run.cached_texts(), 1u);
  std::vector<TextEdit> cut;
  size_t cleared = 0;
  const std::string answer = "a secret";
  EXPECT_FALSE(run.JudgeDelta(answer, 0, true, openai::Role::kAssistant, &cleared, &cut));
  EXPECT_EQ(Applied(answer, cut), "a [X]");
}

TEST(VerdictCache, ShortTextsAreJudgedEachTime) {
  Fixture fixture;
  const auto cache = Cache();
  const std::string text(VerdictCache::kMinBytes - 1, 'a');
  fixture.Judge(text, cache.get());
  EXPECT_EQ(fixture.Judge(text, cache.get()).asked, 1u);
}

TEST(VerdictCache, APolicyThatTookNoPartHasPassedNothing) {
  auto fake = Fake("p", {{.pattern = "bad", .effect = Effect::kBlock}});
  Condition when;
  when.path_prefix = "/v1/chat";
  const auto chain = MakeChain(List(std::move(fake), Fake("q", {})), {when});
  const auto cache = Cache();
  ChainRun::Text unit;
  const std::string text = kText + "bad";
  unit.unit.text = text;
  std::vector<std::vector<TextEdit>> edits;
  ChainRun without(*chain, {.cache = cache.get()});
  without.Select(Facts("/v1/other"));
  EXPECT_FALSE(without.Judge(Phase::kInput, {&unit, 1}, &edits));
  ChainRun with(*chain, {.cache = cache.get()});
  with.Select(Facts("/v1/chat/completions"));
  EXPECT_TRUE(with.Judge(Phase::kInput, {&unit, 1}, &edits));
}

// Nor is what they have in common: texts in even steps would have hashes in even steps.
TEST(VerdictCache, HashesOfSimilarTextsAreNotSimilar) {
  const auto cache = Cache();
  std::set<std::pair<uint64_t, uint64_t>> steps;
  VerdictCache::Key last;
  for (int i = 0; i <= 16; ++i) {
    VerdictCache::Key key;
    ASSERT_TRUE(cache->KeyOf({}, {}, kText + static_cast<char>('a' + i), &key));
    if (i > 0) steps.emplace(key[0] - last[0], key[1] - last[1]);
    last = key;
  }
  EXPECT_EQ(steps.size(), 16u);
}

TEST(VerdictCache, TakesMemoryAsItIsUsed) {
  const auto pages = [] {
    size_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident;
  };
  const size_t before = pages();
  const auto cache = Cache(1 << 20);
  EXPECT_LT(pages() - before, 1000u) << "of 56 MB";
  cache->Add({{1, 1}}, {});
  EXPECT_NE(cache->Find({{1, 1}}), nullptr);
}

TEST(VerdictCache, TheLongestUnaskedMakesRoom) {
  const auto cache = Cache(4);  // one set
  const auto key = [](uint64_t n) { return VerdictCache::Key{{n, n}}; };
  for (uint64_t n = 1; n <= 4; ++n) cache->Add(key(n), {});
  ASSERT_NE(cache->Find(key(1)), nullptr);
  cache->Add(key(5), {});
  EXPECT_NE(cache->Find(key(1)), nullptr);
  EXPECT_EQ(cache->Find(key(2)), nullptr);
  for (const uint64_t n : {3, 4, 5}) EXPECT_NE(cache->Find(key(n)), nullptr) << n;
}

TEST(VerdictCache, MoreScoresThanItHoldsAreNotKept) {
  VerdictCache::Passed passed;
  EXPECT_TRUE(passed.AddScore(0, -1));
  for (size_t entry = 0; entry < VerdictCache::Passed::kScores; ++entry) {
    EXPECT_TRUE(passed.AddScore(entry, 0.5));
  }
  EXPECT_FALSE(passed.AddScore(7, 0.5));
  EXPECT_EQ(passed.ScoreOf(7), -1);
}

}  // namespace
}  // namespace kt::policy
