#include "core/session/provider_metrics.h"

#include "world.h"

namespace kt::session {
namespace {

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(ProviderMetrics, AreValidJson) {
  World world(Yaml(TwoTargets()));
  const std::string text = ProvidersAsJson({{&world.gateway()}, {&world.board()}, 1'000'000});
  json::View view;
  ASSERT_TRUE(view.Parse(text, 0, {}).ok()) << text;
  EXPECT_EQ(view.String(view.Find(view.Find(0, "targets") + 1, "target")), "a");
  EXPECT_EQ(view.String(view.Find(view.Find(0, "targets") + 1, "state")), "up");
}

TEST(ProviderMetrics, ATargetWithoutItsKeyIsUnavailable) {
  World world(
      Yaml("    - {id: main, provider: openai-compatible, base_url: \"http://127.0.0.1:1/v1\", "
           "secret_key_ref: {env: NOT_SET}}\n"));
  const ProviderFacts facts{{&world.gateway()}, {&world.board()}, 1'000'000};
  EXPECT_NE(ProvidersAsJson(facts).find("\"state\":\"unavailable\""), std::string::npos);
  EXPECT_NE(
      ProvidersAsPrometheus(facts).find("keeptrusts_target_up{pack=\"test\",target=\"main\"} 0"),
      std::string::npos);
}

TEST(ProviderMetrics, NoSeriesComesTwice) {
  World one(Yaml()), other(Yaml());
  const std::string text =
      ProvidersAsPrometheus({{&one.gateway(), &one.gateway(), &other.gateway()},
                             {&one.board(), &one.board(), &other.board()},
                             1'000'000});
  EXPECT_EQ(Count(text, "keeptrusts_target_up{pack=\"test\",target=\"main\"}"), 1u);
  EXPECT_EQ(Count(text, "keeptrusts_target_up{pack=\"test#2\",target=\"main\"}"), 1u);
  EXPECT_EQ(Count(text, "# TYPE keeptrusts_target_up gauge"), 1u);
}

TEST(ProviderMetrics, AGatewayThatDoesNotRouteIsLeftOut) {
  World world(Yaml());
  EXPECT_EQ(ProvidersAsPrometheus({{&world.gateway()}, {nullptr}, 1}), "");
  EXPECT_EQ(ProvidersAsJson({{&world.gateway()}, {nullptr}, 1}), "{\"targets\":[]}\n");
}

}  // namespace
}  // namespace kt::session
