#include "core/openai/error_body.h"

#include <gtest/gtest.h>

#include "core/openai/text_map.h"
#include "core/sse/splitter.h"
#include "map_util.h"

namespace kt::openai {
namespace {

ErrorInfo Blocked() {
  ErrorInfo error;
  error.message = "blocked \"here\"";
  error.type = "policy_violation";
  error.code = "input_blocked";
  error.policy = "prompt-injection";
  error.request_id = "req-1";
  return error;
}

TEST(ErrorBody, HasTheDocumentedShape) {
  EXPECT_EQ(ErrorBody(Blocked()),
            R"({"error":{"message":"blocked \"here\"","type":"policy_violation","param":null,)"
            R"("code":"input_blocked","policy":"prompt-injection","request_id":"req-1"}})");
}

TEST(ErrorBody, LeavesOutThePolicyAndShowsTheParameter) {
  ErrorInfo error = Blocked();
  error.policy.clear();
  error.param = "stream";
  const std::string body = ErrorBody(error);
  EXPECT_EQ(body.find("policy\":"), std::string::npos);
  EXPECT_NE(body.find(R"("param":"stream")"), std::string::npos);
}

TEST(ErrorBody, IsValidForAnyBytes) {
  ErrorInfo error = Blocked();
  error.message = "\xFF\n\x01";
  ParseView(ErrorBody(error));
}

sse::Event Only(sse::Splitter* splitter, const std::string& bytes) {
  splitter->Feed(bytes);
  sse::Event event;
  EXPECT_TRUE(splitter->Next(&event).value());
  EXPECT_EQ(splitter->Rest(), "");
  return event;
}

TEST(ErrorEvent, IsTheBodyInAStream) {
  sse::Splitter splitter(4096);
  const sse::Event event = Only(&splitter, ErrorEvent(Blocked(), Endpoint::kChatCompletions, 0));
  EXPECT_EQ(event.name, "");
  EXPECT_EQ(event.data, ErrorBody(Blocked()));
}

TEST(ErrorEvent, HasBothShapesForResponses) {
  sse::Splitter splitter(4096);
  const sse::Event event = Only(&splitter, ErrorEvent(Blocked(), Endpoint::kResponses, 7));
  EXPECT_EQ(event.name, "error");
  const json::View view = ParseView(event.data);
  EXPECT_TRUE(view.Equals(view.Find(0, "type"), "error"));
  EXPECT_TRUE(view.Equals(view.Find(0, "code"), "input_blocked"));
  EXPECT_EQ(view.Unsigned(view.Find(0, "sequence_number"), 0), 7u);
  EXPECT_TRUE(view.Equals(view.Find(view.Find(0, "error"), "code"), "input_blocked"));
  EventInfo info;
  MapEvent(view, Endpoint::kResponses, event.name, &info);
  EXPECT_TRUE(info.is_error);
}

}  // namespace
}  // namespace kt::openai
