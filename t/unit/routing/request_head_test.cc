#include <gtest/gtest.h>

#include "core/routing/target.h"

namespace kt::routing {
namespace {

using openai::Endpoint;

config::Target Provider() {
  config::Target target;
  target.id = "main";
  target.base_url = {true, "api.example.com", 443, "/v1"};
  return target;
}

std::string Head(const config::Target& config, const std::string& key,
                 const std::vector<Header>& passed = {}) {
  Target target;
  target.config = &config;
  target.key = key;
  return BuildRequestHead(target, Endpoint::kChatCompletions, 17, false, passed);
}

bool HasLine(const std::string& head, const std::string& line) {
  return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

size_t Lines(const std::string& head) {
  size_t n = 0;
  for (size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) ++n;
  return n;
}

TEST(RequestHead, HoldsWhatAProviderNeedsAndEndsWithTheEmptyLine) {
  const std::string head = Head(Provider(), "secret");
  EXPECT_EQ(head.rfind("POST /v1/chat/completions HTTP/1.1\r\n", 0), 0u);
  EXPECT_TRUE(HasLine(head, "Host: api.example.com"));
  EXPECT_TRUE(HasLine(head, "Content-Type: application/json"));
  EXPECT_TRUE(HasLine(head, "Content-Length: 17"));
  EXPECT_TRUE(HasLine(head, "Accept-Encoding: identity"));
  EXPECT_TRUE(HasLine(head, "Authorization: Bearer secret"));
  EXPECT_EQ(head.substr(head.size() - 4), "\r\n\r\n");
}

TEST(RequestHead, NamesAnUnusualPortAndBracketsIpv6) {
  config::Target target = Provider();
  target.base_url = {false, "::1", 8000, ""};
  const std::string head = Head(target, "");
  EXPECT_EQ(head.rfind("POST /chat/completions HTTP/1.1\r\n", 0), 0u);
  EXPECT_TRUE(HasLine(head, "Host: [::1]:8000"));
}

TEST(RequestHead, SendsNoKeyHeaderWithoutAKey) {
  EXPECT_EQ(Head(Provider(), "").find("Authorization"), std::string::npos);
}

TEST(RequestHead, UsesTheConfiguredKeyHeader) {
  config::Target target = Provider();
  target.api_key_header = "api-key";
  target.api_key_prefix = "";
  EXPECT_TRUE(HasLine(Head(target, "secret"), "api-key: secret"));
}

TEST(RequestHead, LeavesOutValuesThatWouldBreakTheHead) {
  const std::string plain = Head(Provider(), "secret");
  for (const std::string& value :
       {std::string("a\r\nX-Evil: 1"), std::string("a\nb"), std::string("a\0b", 3)}) {
    EXPECT_EQ(Head(Provider(), "secret", {{"traceparent", value}}), plain);
  }
}

TEST(RequestHead, LeavesOutNamesThatAreNoToken) {
  const std::string plain = Head(Provider(), "secret");
  for (const char* name : {"", "a b", "a:b", "a\r\nb", "caf\xC3\xA9"}) {
    EXPECT_EQ(Head(Provider(), "secret", {{name, "x"}}), plain) << name;
  }
}

TEST(RequestHead, PassedHeadersCannotReplaceFramingOrKey) {
  const std::string plain = Head(Provider(), "secret");
  for (const char* name : {"Content-Length", "transfer-encoding", "HOST", "Connection",
                           "authorization", "Accept-Encoding", "Expect"}) {
    EXPECT_EQ(Head(Provider(), "secret", {{name, "x"}}), plain) << name;
  }
}

TEST(RequestHead, AddsFixedAndPassedHeaders) {
  config::Target target = Provider();
  target.headers = {{"X-Team", "blue"}, {"User-Agent", "mine"}};
  const std::string head = Head(target, "", {{"OpenAI-Beta", "assistants=v2"}});
  EXPECT_TRUE(HasLine(head, "X-Team: blue"));
  EXPECT_TRUE(HasLine(head, "OpenAI-Beta: assistants=v2"));
  EXPECT_TRUE(HasLine(head, "User-Agent: mine"));
  EXPECT_EQ(head.find("keeptrusts-gateway"), std::string::npos);
}

TEST(RequestHead, EscapesAPassedPath) {
  const config::Target config = Provider();
  Target target;
  target.config = &config;
  RequestShape shape;
  shape.method = "DELETE";
  shape.path = "/files/a b\r\nX-Evil: 1?q";
  shape.content_type = "";
  const std::string head = BuildRequestHead(target, shape, {});
  EXPECT_EQ(head.rfind("DELETE /v1/files/a%20b%0D%0AX-Evil:%201%3Fq HTTP/1.1\r\n", 0), 0u);
  EXPECT_EQ(head.find("Content-Type"), std::string::npos);
  EXPECT_EQ(Lines(head), 8u);
}

TEST(RequestHead, APreparedOneIsTheSame) {
  config::Target config = Provider();
  config.headers = {{"X-Org", "Content-Length: 0"}, {"X-Empty", ""}};
  Target plain;
  plain.config = &config;
  plain.key = "secret";
  Target prepared = plain;
  PrepareHeads(&prepared);
  for (int endpoint = 0; endpoint <= static_cast<int>(Endpoint::kModels); ++endpoint) {
    for (const bool stream : {false, true}) {
      for (const size_t length :
           {size_t{0}, size_t{9}, size_t{10}, size_t{18446744073709551615u}}) {
        const auto head = [&](const Target& target, const std::vector<Header>& passed) {
          return BuildRequestHead(target, static_cast<Endpoint>(endpoint), length, stream, passed);
        };
        EXPECT_EQ(head(prepared, {}), head(plain, {}));
        const std::vector<Header> passed = {{"x-request-id", "1"}};
        EXPECT_EQ(head(prepared, passed), head(plain, passed));
        EXPECT_NE(head(prepared, passed), head(prepared, {}));
      }
    }
  }
}

}  // namespace
}  // namespace kt::routing
