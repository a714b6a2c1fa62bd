// `providers`: the table of known ones, strategy, and what is tried when a target fails.
#include <gtest/gtest.h>

#include "core/config/provider_table.h"
#include "core/config/url.h"
#include "load_helper.h"

namespace kt::config {
namespace {

std::string TwoTargets(const std::string& providers) {
  return WithProviders("providers:\n" + providers +
                       "  targets:\n    - {id: a, provider: openai}\n    - {id: b, provider: "
                       "groq}\n");
}

TEST(ProviderTable, KnowsTheBaseUrlsAndKeys) {
  const struct {
    const char *name, *url, *variable;
  } kExpected[] = {
      {"fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"},
      {"openai", "https://api.openai.com/v1", "OPENAI_API_KEY"},
      {"together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"},
      {"groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
      {"cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"},
      {"mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
      {"deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"},
      {"xai", "https://api.x.ai/v1", "XAI_API_KEY"},
      {"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
      {"perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY"},
      {"ollama", "http://localhost:11434/v1", ""},
  };
  for (const auto& expected : kExpected) {
    const Target target = TargetOf("      provider: " + std::string(expected.name) + "\n");
    EXPECT_EQ(UrlText(target.base_url), expected.url);
    EXPECT_EQ(target.secret_key_ref.env, expected.variable);
  }
}

TEST(ProviderTable, HoldsOnlyUrlsThatParse) {
  for (const ProviderInfo& info : AllProviders()) {
    EXPECT_TRUE(info.base_url.empty() || ParseUrl(info.base_url).ok()) << info.name;
  }
}

TEST(Strategy, KnowsAllNames) {
  const std::pair<const char*, Strategy> kNames[] = {
      {"fallback", Strategy::kFallback},
      {"ordered", Strategy::kFallback},
      {"weighted_round_robin", Strategy::kWeightedRoundRobin},
      {"round_robin", Strategy::kRoundRobin},
      {"lowest_latency", Strategy::kLowestLatency},
      {"lowest_cost", Strategy::kLowestCost},
      {"random", Strategy::kRandom},
      {"single", Strategy::kSingle}};
  for (const auto& [name, strategy] : kNames) {
    const LoadResult top = LoadText(TwoTargets("  strategy: " + std::string(name) + "\n"));
    const LoadResult nested =
        LoadText(TwoTargets("  routing: {strategy: " + std::string(name) + "}\n"));
    ASSERT_TRUE(top.ok() && nested.ok()) << name;
    EXPECT_EQ(top.config->providers.strategy, strategy) << name;
    EXPECT_EQ(nested.config->providers.strategy, strategy) << name;
  }
}

TEST(Strategy, DefaultsToSingleWithOneTarget) {
  const LoadResult result = LoadText(WithTarget("      provider: openai\n"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.config->providers.strategy, Strategy::kSingle);
  EXPECT_TRUE(result.warnings.empty());
}

TEST(Strategy, DefaultsToFallbackWithSeveralAndSaysHowToSplit) {
  const LoadResult result = LoadText(TwoTargets(""));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.config->providers.strategy, Strategy::kFallback);
  EXPECT_EQ(
      Lines(result.warnings),
      (Messages{"f.yaml:6:5: providers.targets: several targets without a strategy: fallback, "
                "so all traffic goes to the first while it works; to split traffic set "
                "providers.strategy: weighted_round_robin and a weight on each target"}));
}

TEST(Strategy, WarnsOfSingleWithSeveral) {
  EXPECT_EQ(Warnings(TwoTargets("  strategy: single\n")),
            (Messages{"f.yaml:5:13: providers.strategy: single uses the first target only; the "
                      "others get no traffic; use fallback to fail over, weighted_round_robin to "
                      "split traffic"}));
}

TEST(Strategy, RefusesTwoPlacesAndUnknownNames) {
  EXPECT_EQ(Errors(TwoTargets("  strategy: random\n  routing: {strategy: random}\n")),
            (Messages{"f.yaml:6:23: providers.routing.strategy: is another name of "
                      "providers.strategy, which is given too; keep one of them"}));
  EXPECT_EQ(Errors(TwoTargets("  strategy: round-robin\n")).at(0),
            "f.yaml:5:13: providers.strategy: \"round-robin\" is not one of single, fallback, "
            "ordered, weighted_round_robin, round_robin, lowest_latency, lowest_cost, random; did "
            "you mean \"round_robin\"?");
}

TEST(Strategy, RefusesWeightsThatAreAllZero) {
  EXPECT_EQ(
      Errors(WithProviders("providers:\n  strategy: weighted_round_robin\n  targets: [{id: a, "
                           "provider: openai, weight: 0}]\n")),
      (Messages{"f.yaml:6:12: providers.targets: every target has the weight 0"}));
}

TEST(Strategy, WarnsOfWeightsWithoutEffect) {
  EXPECT_EQ(Warnings(WithProviders("providers:\n  strategy: random\n  targets: [{id: a, provider: "
                                   "openai, weight: 3}, {id: b, provider: groq}]\n")),
            (Messages{"f.yaml:6:12: providers.targets: weights have no effect with this strategy; "
                      "set providers.strategy: weighted_round_robin"}));
}

TEST(Fallback, ReadsTriggersAndTheirSynonyms) {
  const LoadResult result =
      LoadText(TwoTargets("  strategy: fallback\n  fallback: {enabled: false, triggers: "
                          "[rate_limit_exceeded, 5xx, timeout], max_fallback_attempts: 2, "
                          "total_timeout_seconds: 30}\n"));
  ASSERT_TRUE(result.ok());
  const Fallback& f = result.config->providers.fallback;
  EXPECT_TRUE(f.rate_limit && f.server_error && f.timeout);
  EXPECT_FALSE(f.enabled || f.connect_error || f.auth_error || f.model_error);
  EXPECT_EQ(f.max_fallback_attempts, 2u);
  EXPECT_EQ(f.total_timeout_seconds, 30);
}

TEST(Fallback, RefusesWrongValues) {
  EXPECT_EQ(Errors(TwoTargets("  strategy: fallback\n  fallback: {triggers: [rate_limits], "
                              "content_policy: stop, strategy: ordered}\n")),
            (Messages{"f.yaml:6:25: providers.fallback.triggers[0]: \"rate_limits\" is not one of "
                      "rate_limit, server_error, timeout, connect_error, auth_error, model_error, "
                      "rate_limit_exceeded, service_unavailable, 5xx; did you mean \"rate_limit\"?",
                      "f.yaml:6:55: providers.fallback.content_policy: not supported yet",
                      "f.yaml:6:61: providers.fallback.strategy: unknown key; it belongs to "
                      "providers.strategy"}));
}

TEST(Retry, ReadsEveryKeyUnderBothNames) {
  for (const char* name : {"retry", "retry_policy"}) {
    const LoadResult result = LoadText(TwoTargets(
        "  strategy: fallback\n  " + std::string(name) +
        ": {max_retries: 4, initial_backoff_ms: 10, max_backoff_ms: 20, multiplier: 1.5, jitter: "
        "false, retry_on: [timeout, 500, 5xx]}\n"));
    ASSERT_TRUE(result.ok()) << name;
    const Retry& r = result.config->providers.retry;
    EXPECT_EQ(r.max_retries, 4u);
    EXPECT_EQ(r.initial_backoff_ms, 10u);
    EXPECT_EQ(r.max_backoff_ms, 20u);
    EXPECT_EQ(r.multiplier, 1.5);
    EXPECT_FALSE(r.jitter);
    EXPECT_EQ(r.retry_on, (Messages{"timeout", "500", "server_error"}));
  }
}

TEST(Retry, RefusesWrongValues) {
  EXPECT_EQ(
      Errors(TwoTargets("  strategy: fallback\n  retry: {initial_backoff_ms: 30, "
                        "max_backoff_ms: 20, retry_on: [200]}\n")),
      (Messages{"f.yaml:6:51: providers.retry.max_backoff_ms: max_backoff_ms is less than "
                "initial_backoff_ms",
                "f.yaml:6:66: providers.retry.retry_on[0]: is neither an error status (400 to "
                "599) nor one of connect_error, rate_limit, server_error, timeout, reset"}));
}

TEST(CircuitBreaker, ReadsEveryKey) {
  const LoadResult result = LoadText(
      TwoTargets("  strategy: fallback\n  circuit_breaker: {enabled: false, failure_threshold: 3, "
                 "cooldown_seconds: 9, half_open_max_requests: 2}\n"));
  ASSERT_TRUE(result.ok());
  const CircuitBreaker& b = result.config->providers.circuit_breaker;
  EXPECT_FALSE(b.enabled);
  EXPECT_EQ(b.failure_threshold, 3u);
  EXPECT_EQ(b.cooldown_seconds, 9u);
  EXPECT_EQ(b.half_open_max_requests, 2u);
}

TEST(ModelGroups, ReadNamesAliasesAndTargets) {
  const LoadResult result = LoadText(TwoTargets(
      "  strategy: fallback\n  model_groups: [{name: fast, aliases: [quick], targets: [b, a]}]\n"));
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result.config->providers.model_groups.size(), 1u);
  EXPECT_EQ(result.config->providers.model_groups[0].name, "fast");
  EXPECT_EQ(result.config->providers.model_groups[0].aliases, (Messages{"quick"}));
  EXPECT_EQ(result.config->providers.model_groups[0].targets, (Messages{"b", "a"}));
}

TEST(ModelGroups, RefuseUnknownTargetsAndNamesThatAreTaken) {
  EXPECT_EQ(
      Errors(WithProviders(
          "providers:\n  strategy: fallback\n  targets:\n    - {id: alpha, provider: openai}\n"
          "  model_groups:\n    - {name: alpha, targets: [alhpa]}\n    - {name: g, aliases: "
          "[g], targets: []}\n")),
      (Messages{"f.yaml:9:14: providers.model_groups[0].name: \"alpha\" is already the name "
                "of a target or a group",
                "f.yaml:9:31: providers.model_groups[0].targets[0]: no target has the id "
                "\"alhpa\"; did you mean \"alpha\"?",
                "f.yaml:10:27: providers.model_groups[1].aliases[0]: \"g\" is already the "
                "name of a target or a group",
                "f.yaml:10:40: providers.model_groups[1].targets: must not be empty"}));
}

}  // namespace
}  // namespace kt::config
