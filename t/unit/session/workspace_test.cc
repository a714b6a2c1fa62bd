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

TEST_F(WorkspaceTest, StreamsTakeTurnsWithinAnEvent) {
  Life first = Begin(), second = Begin();
  for (Life* life : {&first, &second}) {
    life->Send(StreamChat());
    ASSERT_FALSE(life->Try().empty());
    life->Head(200, "text/event-stream");
  }
  const std::string stream =
      kRole + Text("Mail ") + Text(kEmail) + Text(" and \n") + Text(kMail) + Finish() + kDone;
  for (const char byte : stream) {
    first.Body({&byte, 1});
    second.Body({&byte, 1});
  }
  for (Life* life : {&first, &second}) {
    EXPECT_EQ(Read(life->output).text[0], "Mail [EMAIL] and \nMail [EMAIL] now");
    EXPECT_TRUE(life->session().answer_complete());
  }
}

TEST_F(WorkspaceTest, LargeEventsAreNotKept) {
  const std::string large = "Mail " + std::string(300'000, '\n') + "\\u0041";
  Life life = Begin();
  life.Send(StreamChat()).AnswerStream({kRole, Text(large), Finish(), kDone});
  EXPECT_EQ(Read(life.output).text[0], large);
  EXPECT_LT(workspace_.stream.unescaped.capacity(), 64u * 1024);
  EXPECT_LT(workspace_.stream.decoded.held_bytes(), 64u * 1024);
  EXPECT_TRUE(workspace_.stream.run.empty());
  EXPECT_TRUE(workspace_.stream.event.empty());
}

// ---- what a stream does not need any more ------------------------------------------------------

class ForgetRequestTest : public WorkspaceTest {};

TEST_F(ForgetRequestTest, NothingIsForgottenBeforeTheCommit) {
  const auto two = MakeGateway(Yaml(TwoTargets()));
  Life life(*two, "/v1/chat/completions", Sharing(&workspace_));
  life.Send(Chat(kMail, R"(,"stream":true)"));
  ASSERT_EQ(life.Try(), "a");
  const std::string first(life.request.body);
  life.Head(200, "text/event-stream");
  life.Body(kRole + ": keep-alive\n\n");
  EXPECT_FALSE(life.session().committed());
  EXPECT_EQ(life.End(UpstreamEnd::kReset), Step::kNextTarget);
  ASSERT_EQ(life.Try(), "b");
  EXPECT_NE(life.request.body.find("Mail [EMAIL] now"), std::string::npos);
  EXPECT_NE(life.request.body.find("model-b"), std::string::npos);
  EXPECT_NE(first.find("model-a"), std::string::npos);
}

TEST_F(ForgetRequestTest, AStreamGoesOnWithoutItsRequest) {
  for (const bool keep : {false, true}) {
    Life life = Begin();
    life.Send(Chat(kMail, R"(,"stream":true)"));
    ASSERT_FALSE(life.Try().empty());
    life.Head(200, "text/event-stream");
    life.Body(kRole + Text("Hello "));
    ASSERT_TRUE(life.session().committed());
    life.session().ForgetRequest(keep);
    EXPECT_EQ(life.session().forwarded_body().empty(), !keep);
    life.Body(Text(kEmail) + Text(" now") + Finish() + kDone);
    EXPECT_EQ(Read(life.output).text[0], "Hello [EMAIL] now");
    EXPECT_EQ(life.record().model, "m");
    EXPECT_EQ(life.record().verdict, "redacted");
    EXPECT_TRUE(life.record().stream);
  }
}

}  // namespace
}  // namespace kt::session
