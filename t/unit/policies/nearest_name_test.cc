// A value between words that speak for it and words that speak against it: the one that stands
// nearest decides, and no word that belongs to something else hides a value.
#include <gtest/gtest.h>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

TEST(NearestName, OutweighsAWordOfSomethingElse) {
  const Redaction examples[] = {
      {"In order to verify me: my SSN is 536-90-4399", "In order to verify me: my SSN is [SSN]"},
      {"order 4471, SSN 536-90-4399", "order 4471, SSN [SSN]"},
      {"version 2 client, NHS number 4010232137", "version 2 client, NHS number [NHS_NUMBER]"},
      {"user 12, bank account 000123456789", "user 12, bank account [BANK_ACCOUNT]"},
      {"{\"id\": 42, \"name\": \"Jane\", \"phone\": \"2125550147\"}",
       "{\"id\": 42, \"name\": \"Jane\", \"phone\": \"[PHONE]\"}"},
      {"{\"id\":42,\"mobile\":\"07700900123\"}", "{\"id\":42,\"mobile\":\"[PHONE]\"}"},
      {"order 123, phone 0612345678", "order 123, phone [PHONE]"},
      {"card ok; call me 2125550147", "card ok; call me [PHONE]"},
      {"index page; tel 0171 2345678", "index page; tel [PHONE]"},
      {"order 77, paid with 4111 1111 1111 1111", "order 77, paid with [CREDIT_CARD]"},
      {"In order to verify: 536-90-4399", "In order to verify: [SSN]"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
}

TEST(NearestName, OfSomethingElseHidesANumber) {
  for (const char* text :
       {"SSN ok, order number 536-90-4399", "phone ok, order id 2125550147",
        "call me about the account 2125550147", "card ok, tracking number 4111111111111111",
        "index 0171 2345678", "serial 4010232137", "tracking 2496 6319 3142"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

TEST(NearestName, TellsAnAddressFromAVersion) {
  const Redaction examples[] = {
      {"build agent, login from 8.8.4.4", "build agent, login from [IP_ADDRESS]"},
      {"v2 api: client_ip=8.8.4.4", "v2 api: client_ip=[IP_ADDRESS]"},
      {"mail.build.example.org, relay=x[8.8.4.4]:25",
       "mail.build.example.org, relay=x[[IP_ADDRESS]]:25"},
  };
  for (const Redaction& e : examples) EXPECT_EQ(RedactedByPii(e.text), e.redacted);
  for (const char* text :
       {"server version 8.8.4.4", "upgrade from 8.8.4.4 to 8.8.4.5",
        "Bump zonk from 8.8.4.4 to 8.8.4.5", "firmware 8.8.4.4", "host build 8.8.4.4"}) {
    EXPECT_EQ(RedactedByPii(text), text);
  }
}

}  // namespace
}  // namespace kt::policies
