// Who is one client to the verdict cache.
#include "life.h"

namespace kt::session {
namespace {

struct Client {
  std::map<std::string, std::string, std::less<>> headers = {};
  std::string address = "192.0.2.1", user_id = {};
};

// How many texts of a request of this client were known.
uint32_t Known(const Gateway& gateway, policy::VerdictCache* cache, const Client& client) {
  RequestHead head;
  head.method = "POST";
  head.path = "/v1/chat/completions";
  head.content_type = "application/json";
  head.client = client.address;
  head.user_id = client.user_id;
  head.header = [&](std::string_view name) -> std::optional<std::string_view> {
    const auto known = client.headers.find(name);
    if (known == client.headers.end()) return std::nullopt;
    return known->second;
  };
  SessionOptions options;
  options.verdicts = cache;
  Life life(gateway, options, head);
  life.Send(Chat("Could you explain how the keepers carried oil up the stairs every evening?"));
  return life.session().cached_texts();
}

TEST(VerdictCacheOfASession, WhatTellsClientsApartKeepsTheirTextsApart) {
  const auto gateway = MakeGateway(Yaml());
  const auto cache = std::move(policy::VerdictCache::Make(64)).value();
  const Client clients[] = {
      {},
      {.headers = {{"authorization", "Bearer none"}}},
      {.headers = {{"authorization", "Bearer none"}, {"x-api-key", "a"}}},
      {.headers = {{"authorization", "Bearer none"}, {"api-key", "a"}}},
      {.headers = {{"authorization", "Bearer none"}, {"cookie", "a"}}},
      {.headers = {{"authorization", "Bearer none"}}, .user_id = "a"},
      {.headers = {{"authorization", "Bearer none"}}, .address = "192.0.2.2"},
      {.headers = {{"authorization", "Bearer none"}}, .address = "1", .user_id = "92.0.2.2"},
  };
  for (const Client& client : clients) EXPECT_EQ(Known(*gateway, cache.get(), client), 0u);
  for (const Client& client : clients) EXPECT_EQ(Known(*gateway, cache.get(), client), 1u);
}

}  // namespace
}  // namespace kt::session
