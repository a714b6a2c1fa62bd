#include "core/config/header_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace kt::config {
namespace {

TEST(HeaderRules, AcceptsTokensAsNames) {
  EXPECT_TRUE(IsHeaderName("X-Title"));
  EXPECT_TRUE(IsHeaderName("x_y.z!"));
  EXPECT_TRUE(IsHeaderName(std::string(128, 'a')));
}

TEST(HeaderRules, RefusesOtherNames) {
  for (const std::string name : {"", "a b", "a:", "a\r\nb", "\xC3\xA9", "a\"", "(a)"}) {
    EXPECT_FALSE(IsHeaderName(name)) << name;
  }
  EXPECT_FALSE(IsHeaderName(std::string(129, 'a')));
}

TEST(HeaderRules, RefusesValuesThatBreakTheLine) {
  for (const std::string value : {"a\r", "a\nb", "\n", " a", "a ", "a\x7f"}) {
    EXPECT_FALSE(IsHeaderValue(value)) << value;
  }
  EXPECT_FALSE(IsHeaderValue(std::string_view("a\0b", 3)));
  EXPECT_TRUE(IsHeaderValue("a b\tc"));
  EXPECT_TRUE(IsHeaderValue(""));
}

TEST(HeaderRules, KnowsCredentials) {
  for (const char* name :
       {"Authorization", "PROXY-AUTHORIZATION", "Cookie", "Set-Cookie", "X-Api-Key", "api-key",
        "x-goog-api-key", "X-Auth-Token", "token", "X-Secret", "X-Auth-Key"}) {
    EXPECT_EQ(UseOfHeader(name), HeaderUse::kCredential) << name;
  }
}

TEST(HeaderRules, KnowsHopHeaders) {
  for (const char* name : {"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
                           "Transfer-Encoding", "Upgrade"}) {
    EXPECT_EQ(UseOfHeader(name), HeaderUse::kHop) << name;
  }
}

TEST(HeaderRules, KnowsTheGatewaysOwnHeaders) {
  for (const char* name : {"Host", "Content-Length", "content-type", "Accept", "Accept-Encoding",
                           "User-Agent", "Expect"}) {
    EXPECT_EQ(UseOfHeader(name), HeaderUse::kOwn) << name;
  }
}

TEST(HeaderRules, LeavesOtherHeadersFree) {
  for (const char* name : {"X-Title", "HTTP-Referer", "OpenAI-Organization", "X-Max-Tokens"}) {
    EXPECT_EQ(UseOfHeader(name), HeaderUse::kFree) << name;
  }
}

}  // namespace
}  // namespace kt::config
