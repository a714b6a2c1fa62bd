#include "core/session/answer_headers.h"

#include <gtest/gtest.h>

namespace kt::session {
namespace {

bool Passes(std::string_view name, std::string_view value) {
  const auto allowed = AllowedHeaders({{name, value}});
  return allowed.size() == 1 && allowed.front().value == value;
}

TEST(AnswerHeaders, WhatProvidersSendPasses) {
  const std::pair<const char*, const char*> headers[] = {
      {"Retry-After", "7"},
      {"retry-after", "0.25"},
      {"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"},
      {"retry-after-ms", "1500"},
      {"x-should-retry", "false"},
      {"openai-processing-ms", "123"},
      {"X-RateLimit-Limit", "60"},
      {"x-ratelimit-limit-requests", "10000"},
      {"x-ratelimit-remaining-tokens", "149984"},
      {"x-ratelimit-reset-requests", "6m0s"},
      {"x-ratelimit-reset-tokens", "17ms"},
      {"x-ratelimit-reset-tokens", "2m59.56s"},
      {"x-ratelimit-reset-requests-day", "33011.382867"},
      {"x-ratelimit-reset", "1767225600000"},
      {"x-ratelimit-reset-input-tokens", "2026-01-31T12:00:00Z"},
      {"x-ratelimit-reset", "2026-01-31T12:00:00.25+01:00"},
      {"x-ratelimit-over-limit", "no"},
      {"x-ratelimit-limit-tokens-prompt", "60000"},
      {"x-ratelimit-remaining-project-tokens", "9"},
  };
  for (const auto& [name, value] : headers) EXPECT_TRUE(Passes(name, value)) << name << value;
}

TEST(AnswerHeaders, TextDoesNot) {
  const char* const texts[] = {"",
                               "jane",
                               "jane.doe@acme-mail.com",
                               "4111 1111 1111 1111",
                               "4111111111111111",
                               "536-90-4399",
                               "7 jane",
                               "7jane",
                               "1s jane",
                               "1s2",
                               "-7",
                               "7.",
                               ".7",
                               "1.2.3",
                               "6m0s6m0s6m0s6m0s",
                               "2026-01-31T12:00:00Zjane",
                               "2026-01-31T12:00:00.Z",
                               "2026-01-31T12:00:00",
                               "Wed, 21 Oct 2026 07:28:00 GMT jane",
                               "jane, 21 Oct 2026 07:28:00 GMT",
                               "7\r\nset-cookie: a=b",
                               "7\x01"};
  for (const char* name :
       {"retry-after", "retry-after-ms", "x-should-retry", "openai-processing-ms",
        "x-ratelimit-limit", "x-ratelimit-reset-tokens"}) {
    for (const char* text : texts) EXPECT_TRUE(AllowedHeaders({{name, text}}).empty()) << text;
    EXPECT_TRUE(AllowedHeaders({{name, std::string(2000, '1')}}).empty());
  }
}

TEST(AnswerHeaders, NorDoNamesThatAreNotKnown) {
  for (const std::string name :
       {"x-ratelimit-", "x-ratelimit-jane", "x-ratelimit-limit-jane-doe", "x-ratelimit-limit-4111",
        "x-ratelimit-limit-", "x-ratelimit--limit", "x-ratelimit", "server", "x-request-id",
        "openai-organization", "openai-version", "set-cookie"}) {
    EXPECT_TRUE(AllowedHeaders({{name, "7"}}).empty()) << name;
  }
  std::string longest = "x-ratelimit-limit";
  while (longest.size() <= 64) longest += "-limit";
  EXPECT_TRUE(AllowedHeaders({{longest, "7"}}).empty());
}

TEST(AnswerHeaders, ABlankAroundAValueGoes) {
  const auto allowed = AllowedHeaders({{"Retry-After", " 7 "}});
  ASSERT_EQ(allowed.size(), 1u);
  EXPECT_EQ(allowed.front().name, "retry-after");
  EXPECT_EQ(allowed.front().value, "7");
}

TEST(AnswerHeaders, ARequestIdLooksLikeOne) {
  EXPECT_EQ(FindRequestId({{"X-Request-Id", "req_011CSy-7.a"}}), "req_011CSy-7.a");
  EXPECT_EQ(FindRequestId({{"x-request-id", "jane.doe@acme-mail.com"}}), "");
  EXPECT_EQ(FindRequestId({{"x-request-id", "to jane"}}), "");
  EXPECT_EQ(FindRequestId({{"x-request-id", std::string(129, 'a')}}), "");
  EXPECT_EQ(FindRequestId({}), "");
}

}  // namespace
}  // namespace kt::session
