// Runs that share their buffers find in them nothing of one another.
#include "core/policy/chain_buffers.h"

#include <gtest/gtest.h>

#include "fake_policy.h"

namespace kt::policy {
namespace {

class ChainBuffersTest : public testing::Test {
 protected:
  // What `run` makes of the texts, all of them written in full width, too.
  std::vector<std::string> Judge(ChainRun* run, const std::vector<std::string>& texts) {
    std::vector<ChainRun::Text> units(texts.size());
    for (size_t i = 0; i < texts.size(); ++i) units[i].unit.text = texts[i];
    std::vector<std::vector<TextEdit>> edits;
    EXPECT_FALSE(run->Judge(Phase::kInput, units, &edits));
    std::vector<std::string> out;
    for (size_t i = 0; i < texts.size(); ++i) out.push_back(Applied(texts[i], edits[i]));
    return out;
  }

  const std::unique_ptr<const Chain> one_ = MakeChain(List(Fake("p", {{.pattern = "secret"}})));
  const std::unique_ptr<const Chain> other_ = MakeChain(List(Fake("p", {{.pattern = "plain"}})));
  ChainBuffers buffers_;
};

TEST_F(ChainBuffersTest, RunsOfSeveralChainsTakeTurns) {
  ChainRun first(*one_, {.buffers = &buffers_}), second(*other_, {.buffers = &buffers_});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Judge(&first, {"a secret", "plain", "ｓecret"}),
              (std::vector<std::string>{"a [X]", "plain", "[X]"}));
    EXPECT_EQ(Judge(&second, {"a secret plain"}), (std::vector<std::string>{"a secret [X]"}));
  }
}

TEST_F(ChainBuffersTest, ADeltaIsJudgedBetweenThoseOfAnother) {
  ChainRun first(*one_, {.buffers = &buffers_}), second(*other_, {.buffers = &buffers_});
  const std::string texts[] = {"a sec", "a secret"};
  std::vector<TextEdit> edits;
  size_t cleared = 0;
  EXPECT_FALSE(first.JudgeDelta(texts[0], 0, false, openai::Role::kAssistant, &cleared, &edits));
  EXPECT_LE(cleared, 2u);
  Judge(&second, {"ｐlain", "secret", "plain"});
  const size_t from = cleared;
  EXPECT_FALSE(first.JudgeDelta(texts[1], from, true, openai::Role::kAssistant, &cleared, &edits));
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_EQ(edits[0].begin, 2u);
  EXPECT_EQ(edits[0].end, 8u);
}

TEST_F(ChainBuffersTest, WhatLargeTextsTookGoesBack) {
  ChainRun run(*one_, {.buffers = &buffers_});
  std::string large;
  while (large.size() < 300'000) large += "ｓecret ";
  Judge(&run, {large});
  ASSERT_EQ(buffers_.judged.size(), 1u);
  EXPECT_FALSE(buffers_.judged[0].reading.folded());
  EXPECT_LT(buffers_.own_matches.capacity(), 1000u);
  Judge(&run, std::vector<std::string>(100, "secret"));
  EXPECT_TRUE(buffers_.judged.empty());
}

}  // namespace
}  // namespace kt::policy
