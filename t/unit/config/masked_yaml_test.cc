#include <gtest/gtest.h>

#include "load_helper.h"

namespace kt::config {
namespace {

const std::string kFull =
    std::string(kPack) +
    "policies:\n"
    "  chain:\n"
    "    - prompt-injection: {when: {path: /v1, header: {X-Team: hunter2}, model: [m]}}\n"
    "    - pii-detector: {stage: output, streaming_mode: buffered}\n"
    "    - safety-filter\n"
    "    - dlp-filter\n"
    "    - audit-logger\n"
    "policy:\n"
    "  prompt-injection: {threshold: 0.25, attack_patterns: ['a\"b\\c', \"\\u00e9\"], response: "
    "{message: \"x\\ny\"}}\n"
    "  pii-detector: {entities: [EMAIL], redaction: {marker_format: hash, hash_key_ref: {file: "
    "/run/k}, custom_markers: {EMAIL: '# <e>'}}}\n"
    "  safety-filter: {mode: strict, max_age: 18, block_if: ['no', '~', '1']}\n"
    "  dlp-filter: {blocked_terms: [x], action: block}\n"
    "  audit-logger: {immutable: false}\n"
    "providers:\n"
    "  strategy: weighted_round_robin\n"
    "  targets:\n"
    "    - {id: a, provider: 'openai:chat:m', weight: 0.1, headers: {X-Title: hunter2}, pricing: "
    "{prompt: 1, completion: 2}}\n"
    "    - {id: b, provider: vllm, base_url: 'http://[::1]:8000/v1', model: q, health_probe: {}}\n"
    "  model_groups: [{name: g, targets: [a]}]\n"
    "  fallback: {triggers: [timeout], total_timeout_seconds: 9}\n";

TEST(MaskedYaml, LoadsAgainAndSaysTheSame) {
  const LoadResult first = LoadText(kFull);
  ASSERT_TRUE(first.ok()) << Lines(first.errors)[0];
  const std::string text = MaskedYaml(*first.config);
  const LoadResult second = LoadText(text);
  ASSERT_TRUE(second.ok()) << Lines(second.errors)[0] << "\n" << text;
  EXPECT_EQ(MaskedYaml(*second.config), text);
  const PolicyConfig& c = *second.config;
  EXPECT_EQ(c.prompt_injection.attack_patterns, first.config->prompt_injection.attack_patterns);
  EXPECT_EQ(c.prompt_injection.message, "x\ny");
  EXPECT_EQ(c.prompt_injection.threshold, 0.25);
  EXPECT_EQ(c.safety_filter.block_if, (Messages{"no", "~", "1"}));
  EXPECT_EQ(c.pii_detector.custom_markers.at("EMAIL"), "# <e>");
  EXPECT_EQ(c.providers.targets[0].endpoint_type, "chat");
  EXPECT_EQ(c.providers.targets[1].base_url.host, "::1");
  EXPECT_TRUE(c.chain[1].buffered);
  EXPECT_EQ(c.chain[1].stage, Stage::kOutput);
}

TEST(MaskedYaml, NamesSecretsAndHidesHeaderValues) {
  const LoadResult result = LoadText(kFull);
  ASSERT_TRUE(result.ok());
  const std::string text = MaskedYaml(*result.config);
  EXPECT_NE(text.find("env: \"OPENAI_API_KEY\""), std::string::npos);
  EXPECT_NE(text.find("file: \"/run/k\""), std::string::npos);
  EXPECT_NE(text.find("\"X-Title\": \"(set)\""), std::string::npos);
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
}

TEST(MaskedYaml, LoadsAgainForEcho) {
  const LoadResult result = LoadText(WithTarget("      provider: echo\n"));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(LoadText(MaskedYaml(*result.config)).ok());
}

}  // namespace
}  // namespace kt::config
