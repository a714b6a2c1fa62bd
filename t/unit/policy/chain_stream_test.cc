#include <gtest/gtest.h>

#include <random>

#include "core/policy/chain.h"
#include "fake_policy.h"

namespace kt::policy {
namespace {

// Feeds a text in deltas as a session does: keeps what is not cleared and some context before it.
class Stream {
 public:
  explicit Stream(const Chain& chain, RunOptions options = {}) : run_(chain, options) {}

  void Feed(std::string_view delta, bool final) {
    if (block) return;
    lane_ += delta;
    std::vector<TextEdit> edits;
    size_t cleared = 0;
    block = run_.JudgeDelta(lane_, from_, final, openai::Role::kAssistant, &cleared, &edits);
    EXPECT_GE(cleared, from_);
    out += Applied(lane_, edits, from_, cleared);
    from_ = cleared;
    if (from_ > kStreamContextBytes) {
      const size_t drop = from_ - kStreamContextBytes;
      lane_.erase(0, drop);
      from_ -= drop;
    }
  }
  const ChainRun& run() const { return run_; }

  std::string out;
  std::optional<Block> block;

 private:
  ChainRun run_;
  std::string lane_;
  size_t from_ = 0;
};

std::string Whole(const Chain& chain, const std::string& text) {
  ChainRun run(chain, {});
  ChainRun::Text unit;
  unit.unit.text = text;
  unit.unit.phase = Phase::kOutput;
  std::vector<std::vector<TextEdit>> edits;
  EXPECT_FALSE(run.Judge(Phase::kOutput, {&unit, 1}, &edits));
  return Applied(text, edits[0]);
}

std::unique_ptr<const Chain> Redacting() {
  return MakeChain(List(
      Fake("pii",
           {{.pattern = R"(\b\d{3}-\d{2}-\d{4}\b)", .marker = "[SSN]"},
            {.pattern = R"([a-z.]{1,20}@[a-z]{1,9}\.com\b)", .marker = "[EMAIL]"},
            {.pattern = R"(\b\d(?:[ -]?\d){6,14}\b)", .marker = "[NUMBER]"},
            {.pattern = R"(key[:=]\s?([a-z0-9]{4,40})(?:\W|$))", .marker = "[KEY]", .group = 1}}),
      Fake("dlp", {{.pattern = "(?i)project x", .marker = "[DLP]"}})));
}

const char* const kParts[] = {"123-45-6789",
                              "john.doe@example.com",
                              "4111 1111 1111 1111",
                              "key: abcd99",
                              "Project X",
                              "hello ",
                              " ",
                              "1",
                              "-",
                              "é",
                              "key=",
                              ".",
                              "x@y.com",
                              "12 34 56 78 90 12 34 56 78 90 ",
                              "提示\n",
                              "123-45-67890"};

TEST(ChainStream, EqualsTheWholeTextForEveryPairOfCuts) {
  const auto chain = Redacting();
  std::mt19937 random(5);
  for (int round = 0; round < 25; ++round) {
    std::string text;
    for (int i = 0; i < 6; ++i) text += kParts[random() % std::size(kParts)];
    const std::string whole = Whole(*chain, text);
    for (size_t a = 0; a <= text.size(); ++a) {
      for (size_t b = a; b <= text.size(); b += 1 + random() % 7) {
        Stream stream(*chain);
        stream.Feed(text.substr(0, a), false);
        stream.Feed(text.substr(a, b - a), false);
        stream.Feed(text.substr(b), true);
        ASSERT_EQ(stream.out, whole) << text << " cut at " << a << " and " << b;
      }
    }
  }
}

TEST(ChainStream, EqualsTheWholeTextByteByByteOverLongTexts) {
  const auto chain = Redacting();
  std::mt19937 random(6);
  for (int round = 0; round < 10; ++round) {
    std::string text;
    for (int i = 0; i < 120; ++i) text += kParts[random() % std::size(kParts)];
    Stream stream(*chain);
    for (const char c : text) stream.Feed({&c, 1}, false);
    stream.Feed("", true);
    ASSERT_FALSE(stream.block) << text;
    ASSERT_EQ(stream.out, Whole(*chain, text)) << text;
  }
}

TEST(ChainStream, LetsNoByteOfAValueOutEarly) {
  const auto chain = Redacting();
  const std::string before = "the number is ", value = "123-45-6789";
  Stream stream(*chain);
  stream.Feed(before, false);
  for (const char c : value) {
    stream.Feed({&c, 1}, false);
    EXPECT_EQ(stream.out.find_first_of("0123456789"), std::string::npos);
  }
  stream.Feed(" ok", true);
  EXPECT_EQ(stream.out, before + "[SSN] ok");
}

TEST(ChainStream, ABlockLetsNothingMoreOut) {
  const auto chain = MakeChain(List(Fake("safety", {{.pattern = "bomb", .effect = Effect::kBlock}}),
                                    Fake("pii", {{.pattern = "secret"}})));
  const std::string text = "a secret and a bomb";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Stream stream(*chain);
    stream.Feed(text.substr(0, cut), false);
    stream.Feed(text.substr(cut), true);
    ASSERT_TRUE(stream.block) << cut;
    EXPECT_TRUE(std::string_view("a [X] and a ").starts_with(stream.out)) << stream.out;
  }
}

TEST(ChainStream, WhatMustBeHeldTooLongIsBlockedWhateverTheFailMode) {
  // Every place to cut lies inside a match of one rule or the other.
  const auto chain = MakeChain(List(Fake("pii", {{.pattern = "xyzw"}, {.pattern = "zwxy"}})));
  for (const FailMode mode : {FailMode::kBlock, FailMode::kAllow}) {
    Stream stream(*chain, {.fail_mode = mode});
    for (int i = 0; i < 200; ++i) stream.Feed("xyzw", false);
    ASSERT_TRUE(stream.block);
    EXPECT_EQ(stream.block->reason_code, "pii.hold_limit");
    EXPECT_EQ(stream.out, "");
  }
}

TEST(ChainStream, CountsEachRedactionOnce) {
  const auto chain = Redacting();
  Stream stream(*chain);
  for (const char c : std::string("x@y.com x@y.com 123-45-6789 ")) stream.Feed({&c, 1}, false);
  stream.Feed("", true);
  uint64_t sum = 0;
  for (const auto& count : stream.run().redactions()) sum += count.count;
  EXPECT_EQ(sum, 3u);
  EXPECT_EQ(stream.run().outcomes().size(), 2u);
}

TEST(ChainStream, FlagsWithoutHoldingTheTextForEverWhenNotEnforced) {
  const auto chain = Redacting();
  Stream stream(*chain, {.enforce = false});
  stream.Feed("mail x@y.com", false);
  stream.Feed(" now", true);
  EXPECT_EQ(stream.out, "mail x@y.com now");
  EXPECT_EQ(stream.run().outcomes()[0].verdict, Verdict::kFlagged);
}

TEST(ChainStream, PassesEverythingWhenNoPolicyJudgesAnswers) {
  auto policy = Fake("in", {{.pattern = "a"}});
  policy->output = false;
  const auto chain = MakeChain(List(std::move(policy)));
  Stream stream(*chain);
  stream.Feed("aaa", false);
  EXPECT_EQ(stream.out, "aaa");
}

// Of a delta in which nothing was found only those are asked who may speak all the same, and each
// of them once before.
TEST(ChainStream, AsksOnlyWhoMaySpeak) {
  for (const bool both : {false, true}) {
    auto quiet = Fake("quiet", {{"secret"}}), other = Fake("other", {{"token"}});
    const FakePolicy &first = *quiet, &second = *other;
    quiet->needs_match = true;
    other->needs_match = both;
    const auto chain = MakeChain(List(std::move(quiet), std::move(other)));
    Stream stream(*chain);
    for (int i = 0; i < 10; ++i) stream.Feed("plain words ", false);
    EXPECT_EQ(first.asked, both ? 1u : 10u);
    EXPECT_EQ(second.asked, first.asked);
    stream.Feed("a secret here. ", false);
    EXPECT_EQ(first.asked, both ? 2u : 11u);
    // What folds is more than what the rules found.
    stream.Feed("\uFF21 wide word. ", false);
    EXPECT_EQ(first.asked, both ? 3u : 12u);
    stream.Feed("", true);
    const auto outcomes = stream.run().outcomes();
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_EQ(outcomes[0].verdict, Verdict::kRedacted);
    EXPECT_EQ(outcomes[1].verdict, Verdict::kAllowed);
    EXPECT_GT(outcomes[0].latency_ns, 0u);
    EXPECT_NE(stream.out.find("a [X] here"), std::string::npos);
  }
}

}  // namespace
}  // namespace kt::policy
