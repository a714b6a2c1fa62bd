#include "core/policy/chain.h"

#include <gtest/gtest.h>

#include "fake_policy.h"

namespace kt::policy {
namespace {

struct Judged {
  std::optional<Block> block;
  std::vector<std::string> texts;
};

Judged JudgeAll(ChainRun* run, const std::vector<std::string>& texts, bool identifier = false,
                Phase phase = Phase::kInput) {
  std::vector<ChainRun::Text> units;
  for (const std::string& text : texts) {
    ChainRun::Text unit;
    unit.unit.text = text;
    unit.unit.phase = phase;
    if (identifier) {
      unit.unit.text_class = openai::TextClass::kIdentifier;
      unit.replaceable = false;
    }
    units.push_back(unit);
  }
  std::vector<std::vector<TextEdit>> edits;
  Judged out;
  out.block = run->Judge(phase, units, &edits);
  for (size_t i = 0; i < texts.size(); ++i) out.texts.push_back(Applied(texts[i], edits[i]));
  return out;
}

TEST(Chain, EditsEachTextByItself) {
  const auto chain = MakeChain(List(Fake("p", {{.pattern = "secret"}})));
  ChainRun run(*chain, {});
  const Judged out = JudgeAll(&run, {"a secret", "none", "secret secret"});
  EXPECT_FALSE(out.block);
  EXPECT_EQ(out.texts, (std::vector<std::string>{"a [X]", "none", "[X] [X]"}));
  ASSERT_EQ(run.redactions().size(), 1u);
  EXPECT_EQ(run.redactions()[0].count, 3u);
}

TEST(Chain, OverlappingRedactionsBecomeTheirUnion) {
  const auto chain = MakeChain(
      List(Fake("p", {{.pattern = "abc", .marker = "[1]"}, {.pattern = "cde", .marker = "[2]"}})));
  ChainRun run(*chain, {});
  EXPECT_EQ(JudgeAll(&run, {"xabcdex"}).texts[0], "x[1]x");
}

TEST(Chain, TouchingRedactionsStayApart) {
  const auto chain = MakeChain(
      List(Fake("p", {{.pattern = "ab", .marker = "[1]"}, {.pattern = "cd", .marker = "[2]"}})));
  ChainRun run(*chain, {});
  EXPECT_EQ(JudgeAll(&run, {"abcd"}).texts[0], "[1][2]");
}

TEST(Chain, ALaterPolicyDoesNotSeeWhatAnEarlierOneHid) {
  const auto chain =
      MakeChain(List(Fake("pii", {{.pattern = "kill@bomb.com"}}),
                     Fake("safety", {{.pattern = "bomb", .effect = Effect::kBlock}})));
  ChainRun hidden(*chain, {});
  EXPECT_FALSE(JudgeAll(&hidden, {"write to kill@bomb.com"}).block);
  ChainRun open(*chain, {});
  EXPECT_TRUE(JudgeAll(&open, {"kill@bomb.com and a bomb"}).block);
}

TEST(Chain, TheFirstBlockEndsTheChainAndDropsTheEdits) {
  const auto chain = MakeChain(List(Fake("first", {{.pattern = "x"}}),
                                    Fake("second", {{.pattern = "bad", .effect = Effect::kBlock}}),
                                    Fake("third", {{.pattern = "y"}})));
  ChainRun run(*chain, {});
  const Judged out = JudgeAll(&run, {"x y", "so bad"});
  ASSERT_TRUE(out.block);
  EXPECT_EQ(out.block->kind, "second");
  EXPECT_EQ(out.block->reason_code, "second.blocked");
  EXPECT_EQ(out.block->message, "no");
  EXPECT_EQ(out.block->text_index, 1u);
  EXPECT_EQ(out.block->begin, 3u);
  EXPECT_EQ(out.texts[0], "x y");
  ASSERT_EQ(run.outcomes().size(), 2u);
  EXPECT_EQ(run.outcomes()[0].verdict, Verdict::kRedacted);
  EXPECT_EQ(run.outcomes()[1].verdict, Verdict::kBlocked);
  EXPECT_TRUE(run.redactions().empty());
}

TEST(Chain, EscalationIsABlockOfItsOwnKind) {
  const auto chain = MakeChain(List(Fake("p", {{.pattern = "help", .effect = Effect::kEscalate}})));
  ChainRun run(*chain, {});
  const Judged out = JudgeAll(&run, {"help"});
  ASSERT_TRUE(out.block);
  EXPECT_TRUE(out.block->escalate);
  EXPECT_EQ(run.outcomes()[0].verdict, Verdict::kEscalated);
}

TEST(Chain, WithoutEnforcementEverythingIsAFlag) {
  const auto chain = MakeChain(List(Fake("a", {{.pattern = "x"}}),
                                    Fake("b", {{.pattern = "bad", .effect = Effect::kBlock}})));
  ChainRun run(*chain, {.enforce = false});
  const Judged out = JudgeAll(&run, {"x bad"});
  EXPECT_FALSE(out.block);
  EXPECT_EQ(out.texts[0], "x bad");
  EXPECT_EQ(run.outcomes()[0].verdict, Verdict::kFlagged);
  EXPECT_EQ(run.outcomes()[0].reason_code, "a.flagged");
  EXPECT_EQ(run.outcomes()[1].reason_code, "b.flagged");
}

TEST(Chain, ARedactionInAnIdentifierThatCannotBeReplacedBlocks) {
  const auto chain = MakeChain(List(Fake("pii-detector", {{.pattern = "x"}})));
  ChainRun run(*chain, {});
  const Judged out = JudgeAll(&run, {"x"}, true);
  ASSERT_TRUE(out.block);
  EXPECT_EQ(out.block->reason_code, "pii_detector.in_identifier");
}

TEST(Chain, AFailureBlocksOrIsRecordedAsTheFailModeSays) {
  auto broken = [] {
    auto policy = Fake("pii-detector", {{.pattern = "x"}});
    policy->fails = true;
    return policy;
  };
  const auto chain = MakeChain(List(broken(), Fake("b", {{.pattern = "y"}})));
  ChainRun closed(*chain, {});
  const Judged out = JudgeAll(&closed, {"x y"});
  ASSERT_TRUE(out.block);
  EXPECT_EQ(out.block->reason_code, "pii_detector.failed");
  EXPECT_EQ(closed.outcomes()[0].verdict, Verdict::kError);

  ChainRun open(*chain, {.fail_mode = FailMode::kAllow});
  const Judged allowed = JudgeAll(&open, {"x y"});
  EXPECT_FALSE(allowed.block);
  EXPECT_EQ(allowed.texts[0], "x [X]") << "the other policy still acts";
  EXPECT_EQ(open.outcomes()[0].verdict, Verdict::kFailedOpen);
}

TEST(Chain, KeepsTheHighestScoreOverAllTexts) {
  auto policy = Fake("p", {{.pattern = "x"}});
  policy->score = 0.1;
  const auto chain = MakeChain(List(std::move(policy)));
  ChainRun run(*chain, {});
  JudgeAll(&run, {"", "12345", "1"});
  EXPECT_DOUBLE_EQ(run.outcomes()[0].score, 0.105);
}

TEST(Chain, RunsOnlyTheOutputPoliciesOnAnswersAndKeepsBothOutcomes) {
  auto input_only = Fake("in", {{.pattern = "x"}});
  input_only->output = false;
  const auto chain = MakeChain(List(std::move(input_only), Fake("both", {{.pattern = "y"}})));
  ChainRun run(*chain, {});
  JudgeAll(&run, {"x y"});
  EXPECT_EQ(JudgeAll(&run, {"x y"}, false, Phase::kOutput).texts[0], "x [X]");
  ASSERT_EQ(run.outcomes().size(), 3u);
  EXPECT_EQ(run.outcomes()[2].kind, "both");
  EXPECT_EQ(run.outcomes()[2].phase, Phase::kOutput);
}

TEST(Chain, APhaseWithoutPoliciesLeavesTextsAlone) {
  auto input_only = Fake("in", {{.pattern = "x"}});
  input_only->output = false;
  const auto chain = MakeChain(List(std::move(input_only)));
  ChainRun run(*chain, {});
  EXPECT_EQ(JudgeAll(&run, {"x", "y"}, false, Phase::kOutput).texts,
            (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(run.outcomes().empty());
  EXPECT_EQ(JudgeAll(&run, {"x", "y"}).texts, (std::vector<std::string>{"[X]", "y"}));
}

class Facts : public RequestFacts {
 public:
  std::string_view path() const override { return "/v1/chat/completions"; }
  std::string_view model() const override { return "gpt"; }
  bool HeaderEquals(std::string_view name, std::string_view value) const override {
    return name == "x-team" && value == "red";
  }
};

TEST(Chain, ConditionsAreAnded) {
  const Condition yes{
      .path_prefix = "/v1/chat", .headers = {{"x-team", "red"}}, .models = {"a", "gpt"}};
  Condition wrong_path = yes, wrong_header = yes, wrong_model = yes;
  wrong_path.path_prefix = "/v1/emb";
  wrong_header.headers.push_back({"x-other", "1"});
  wrong_model.models = {"a"};
  const auto chain = MakeChain(List(Fake("0", {{.pattern = "a"}}), Fake("1", {{.pattern = "b"}}),
                                    Fake("2", {{.pattern = "c"}}), Fake("3", {{.pattern = "d"}})),
                               {yes, wrong_path, wrong_header, wrong_model});
  ChainRun run(*chain, {});
  run.Select(Facts());
  EXPECT_EQ(JudgeAll(&run, {"abcd"}).texts[0], "[X]bcd");
  EXPECT_EQ(run.outcomes().size(), 1u);
}

TEST(Chain, SaysWhenAnAnswerMustBeWhole) {
  EXPECT_FALSE(
      ChainRun(*MakeChain(List(Fake("p", {{.pattern = "a{3}"}}))), {}).needs_whole_answer());
  EXPECT_TRUE(ChainRun(*MakeChain(List(Fake("p", {{.pattern = "a+"}}))), {}).needs_whole_answer());
  auto policy = Fake("p", {{.pattern = "a"}});
  policy->whole = true;
  EXPECT_TRUE(ChainRun(*MakeChain(List(std::move(policy))), {}).needs_whole_answer());
}

}  // namespace
}  // namespace kt::policy
