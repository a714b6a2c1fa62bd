// Sessions that take turns with one workspace do not find what another one has left.
#include "core/session/workspace.h"

#include "life.h"

namespace kt::session {
namespace {

SessionOptions Sharing(Workspace* workspace) {
  SessionOptions options;
  options.workspace = workspace;
  return options;
}

const std::string kMail = std::string("Mail ") + kEmail + " now";

class WorkspaceTest : public testing::Test {
 protected:
  Life Begin() { return Life(*gateway_, "/v1/chat/completions", Sharing(&workspace_)); }

  const std::unique_ptr<const Gateway> gateway_ = MakeGateway(Yaml());
  Workspace workspace_;
};

TEST_F(WorkspaceTest, ARequestThatWaitsIsSentAsItWasJudged) {
  Life first = Begin(), second = Begin(), third = Begin();
  first.Send(Chat(kMail));
  second.Send(Chat(kInjection));
  third.Send(Chat(std::string(3000, 'x') + " \n " + kMail + kMail, R"(,"stream":true)"));
  EXPECT_EQ(second.error("code"), "input_blocked");
  ASSERT_EQ(first.Try(), "main");
  EXPECT_EQ(first.request.body, Chat("Mail [EMAIL] now"));
  first.Head(200, "application/json");
  first.Body(JsonAnswer(kMail));
  third.AnswerStream({kRole, Text(kMail), Finish(), kDone});
  first.End();
  EXPECT_EQ(first.output, JsonAnswer("Mail [EMAIL] now"));
  EXPECT_EQ(Read(third.output).text[0], "Mail [EMAIL] now");
}

TEST_F(WorkspaceTest, WhatFailedLeavesNothingBehind) {
  const std::string deep(100, '['), cut = R"({"model":"m","messages":[{"role":"us)";
  for (const std::string& bad : {deep, cut, std::string(), std::string("{\"a\":1,\"a\":1}"),
                                 Chat(std::string(300'000, '\n')) + "]"}) {
    EXPECT_EQ(Begin().Send(bad).status() / 100, 4) << bad.substr(0, 40);
    Life life = Begin();
    life.Send(Chat(kMail)).AnswerJson(JsonAnswer("ok"));
    EXPECT_EQ(life.request.body, Chat("Mail [EMAIL] now"));
    EXPECT_EQ(life.output, JsonAnswer("ok"));
  }
}

TEST_F(WorkspaceTest, LargeTextsAreNotKept) {
  WholeTexts& texts = workspace_.texts;
  Life life = Begin();
  life.Send(Chat("a\n" + std::string(300'000, 'x')));
  EXPECT_FALSE(texts.edited());
  EXPECT_EQ(texts.held_bytes(), 0u);
  Begin().Send(Chat("a\nb"));
  EXPECT_GT(texts.held_bytes(), 0u);
}

}  // namespace
}  // namespace kt::session
