// Runs streams that try to get a value past the policies, and what they are made of.
#pragma once

#include "life.h"

namespace kt::session {

class StreamAttack : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { gateway_ = MakeGateway(Yaml()).release(); }
  static void TearDownTestSuite() {
    delete gateway_;
    gateway_ = nullptr;
  }
  static std::string Run(const std::string& events, const char* path = "/v1/chat/completions") {
    Life life(*gateway_, path);
    life.Send(std::string(path).ends_with("responses")
                  ? R"({"model":"m","input":"Hi","stream":true})"
                  : StreamChat());
    life.AnswerStream({events});
    EXPECT_TRUE(life.session().finished());
    return life.output;
  }
  static void ExpectNoLeak(const std::string& output) {
    EXPECT_EQ(output.find("jane"), std::string::npos) << output;
    EXPECT_EQ(output.find("acme"), std::string::npos) << output;
  }
  static inline const Gateway* gateway_ = nullptr;
};

inline std::string Tool(const std::string& name_or_arguments, const std::string& more) {
  return Event(
      Delta(R"({"tool_calls":[{)" + more + R"("function":{)" + name_or_arguments + "}}]}"));
}

// Of `responses`.
inline const char kCompleted[] =
    "event: response.completed\n"
    R"(data: {"type":"response.completed","response":{"id":"r","output":[]}})"
    "\n\n";

}  // namespace kt::session
