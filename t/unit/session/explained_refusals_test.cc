// What is refused says what is wrong and where, without a word of the text.
#include "life.h"

namespace kt::session {
namespace {

class Explained : public ::testing::Test {
 protected:
  static std::string Message(const Gateway& gateway, const std::string& body) {
    Life life(gateway);
    life.Send(body);
    EXPECT_GE(life.status(), 400);
    return life.error("message");
  }
  static std::string AnswerMessage(const Gateway& gateway, const std::string& body,
                                   std::string_view type = "application/json") {
    Life life(gateway);
    life.Send(Chat("Hi"));
    life.Try();
    if (life.Head(200, std::string(type)) == Step::kContinue) {
      life.Body(body);
      life.End();
    }
    EXPECT_EQ(life.status(), 502);
    return life.error("message");
  }
};

TEST_F(Explained, AMalformedBodyNamesTheReasonAndTheByte) {
  const auto gateway = MakeGateway(Yaml());
  const std::pair<std::string, std::string> cases[] = {
      {R"({"a" 1})", "The body is no valid JSON: colon expected at byte 5."},
      {R"({"secret":1,"secret":2})",
       "The body names a key twice in one object: duplicate key at byte 12."},
      {"\xef\xbb\xbf{}", "The body is not accepted as UTF-8: it begins with a byte order mark."},
      {R"({"a":"\ud83d"})",
       "The body is not accepted as UTF-8: half of a surrogate pair at byte 6."},
      {"{\"a\":\"\xff\"}", "The body is not accepted as UTF-8: some bytes are none."},
      {"[]", "The body must be a JSON object."},
  };
  for (const auto& [body, message] : cases) EXPECT_EQ(Message(*gateway, body), message) << body;
}

TEST_F(Explained, ALimitIsNamedWithItsKey) {
  const auto gateway = MakeGateway(
      Yaml() +
      "size_limits: {max_body_bytes: 300, max_text_bytes: 100, max_response_bytes: 200}\n");
  const std::string over = "The body is over the limit of this gateway: ";
  EXPECT_EQ(Message(*gateway, Chat(std::string(400, 'x'))),
            over + "300 bytes (size_limits.max_body_bytes).");
  EXPECT_EQ(Message(*gateway, Chat(std::string(150, 'x'))),
            over + "100 bytes of text (size_limits.max_text_bytes).");
  EXPECT_EQ(Message(*gateway,
                    R"({"messages":[],"x":)" + std::string(70, '[') + std::string(70, ']') + "}")
                .rfind(over + "nested too deep at byte ", 0),
            0u);
  EXPECT_EQ(
      AnswerMessage(*gateway, JsonAnswer(std::string(300, 'x'))),
      "The provider's answer is over the limit of this gateway (size_limits.max_response_bytes).");
}

TEST_F(Explained, AnInvalidAnswerSaysWhy) {
  const auto gateway = MakeGateway(Yaml());
  EXPECT_EQ(AnswerMessage(*gateway, "<html>secret"),
            "The provider's answer is not valid: value expected.");
  EXPECT_EQ(AnswerMessage(*gateway, R"({"secret":"x"})"),
            "The provider's answer is not one of this endpoint.");
  EXPECT_EQ(AnswerMessage(*gateway, "", "text/event-stream"),
            "The provider answered with a stream, unasked.");
}

// ---- a bodiless read of the stock surface ------------------------------------------------------

TEST(StockRead, WhatTheUpstreamHasKeptPassesAsUnscanned) {
  const auto gateway = MakeGateway(Yaml());
  SessionOptions options;
  options.routed = false;
  const auto read = [&](const char* method, const char* path) {
    RequestHead head;
    head.method = method;
    head.path = path;
    return Life(*gateway, options, head);
  };
  Life stored = read("GET", "/v1/chat/completions");
  stored.Send("");
  EXPECT_EQ(stored.status(), 0);
  EXPECT_FALSE(stored.session().governs_answer());
  EXPECT_TRUE(stored.session().recorded());
  EXPECT_EQ(stored.record().unscanned, std::vector<std::string>{"endpoint"});
  Life head_only = read("HEAD", "/v1/chat/completions");
  head_only.Send("");
  EXPECT_EQ(head_only.status(), 0);
  EXPECT_FALSE(head_only.session().recorded());
}

TEST(StockRead, NeedsAUserWhereHipaaControlsAreOn) {
  const auto gateway = MakeGateway(Yaml(OneTarget(), "[audit-logger]",
                                        "policy: {audit-logger: {hipaa_audit_controls: true}}\n"));
  SessionOptions options;
  options.routed = false;
  RequestHead head;
  head.method = "GET";
  head.path = "responses";
  Life anonymous(*gateway, options, head);
  anonymous.Send("");
  EXPECT_EQ(anonymous.error("code"), "user_id_required");
}

}  // namespace
}  // namespace kt::session
