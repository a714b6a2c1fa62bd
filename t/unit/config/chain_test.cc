// `policies.chain`: order, conditions, and what it refuses.
#include <gtest/gtest.h>

#include "load_helper.h"

namespace kt::config {
namespace {

std::vector<std::string> Kinds(const LoadResult& result) {
  std::vector<std::string> kinds;
  if (result.ok()) {
    for (const ChainEntry& entry : result.config->chain) kinds.push_back(entry.kind);
  }
  return kinds;
}

std::string Chain(const std::string& entries) {
  return WithPolicies("policies:\n  chain:\n" + entries);
}

TEST(Chain, KeepsTheOrderAndMovesAuditLoggerLast) {
  const LoadResult result =
      LoadText(Chain("    - audit-logger\n    - safety-filter\n    - pii-detector\n"));
  EXPECT_EQ(Kinds(result), (Messages{"safety-filter", "pii-detector", "audit-logger"}));
  EXPECT_TRUE(result.config->audit_logger.present);
}

TEST(Chain, ReadsConditions) {
  const LoadResult result = LoadText(
      Chain("    - pii-detector:\n        when: {path: /v1/chat, header: {X-Team: finance}, model: "
            "[a, b]}\n        stage: pre-request\n        streaming_mode: buffered\n    - "
            "audit-logger\n"));
  ASSERT_TRUE(result.ok());
  const ChainEntry& entry = result.config->chain[0];
  EXPECT_EQ(entry.when.path, "/v1/chat");
  ASSERT_EQ(entry.when.headers.size(), 1u);
  EXPECT_EQ(entry.when.headers[0].first, "x-team");
  EXPECT_EQ(entry.when.headers[0].second, "finance");
  EXPECT_EQ(entry.when.models, (Messages{"a", "b"}));
  EXPECT_EQ(entry.stage, Stage::kInput);
  EXPECT_TRUE(entry.buffered);
}

TEST(Chain, ReadsASingleModelAndAllStageNames) {
  const auto stage = [](const std::string& name) {
    const LoadResult result =
        LoadText(Chain("    - pii-detector: {when: {model: m}, stage: " + name + "}\n"));
    return result.ok() ? static_cast<int>(result.config->chain[0].stage) : -1;
  };
  EXPECT_EQ(stage("input"), static_cast<int>(Stage::kInput));
  EXPECT_EQ(stage("output"), static_cast<int>(Stage::kOutput));
  EXPECT_EQ(stage("pre-response"), static_cast<int>(Stage::kOutput));
  EXPECT_EQ(stage("both"), static_cast<int>(Stage::kBoth));
  EXPECT_EQ(stage("post-response"), -1);
}

TEST(Chain, TakesAnEntryWithoutOptions) {
  EXPECT_EQ(Kinds(LoadText(Chain("    - pii-detector:\n    - audit-logger\n"))),
            (Messages{"pii-detector", "audit-logger"}));
}

TEST(Chain, RefusesAnEmptyOrMissingChain) {
  EXPECT_EQ(Errors(WithPolicies("policies: {chain: []}\n")),
            (Messages{"f.yaml:2:19: policies.chain: must not be empty; name at least one policy"}));
  EXPECT_EQ(Errors(WithPolicies("policies: {}\n")),
            (Messages{"f.yaml:2:11: policies.chain: is required"}));
  EXPECT_EQ(Errors(WithPolicies("policies: {chain: pii-detector}\n")),
            (Messages{"f.yaml:2:19: policies.chain: expected a list, found a single value"}));
  EXPECT_EQ(
      Errors(WithPolicies("policies:\n  chain:\n")),
      (Messages{"f.yaml:3:3: policies.chain: expected a list, found nothing; write [] for none"}));
}

TEST(Chain, RefusesUnknownLaterAndRepeatedKinds) {
  EXPECT_EQ(
      Errors(Chain("    - pii-detectr\n    - rbac\n    - pii-detector\n    - pii-detector\n"
                   "    - zzz\n")),
      (Messages{"f.yaml:4:7: policies.chain[0]: unknown policy kind \"pii-detectr\"; did you mean "
                "\"pii-detector\"?",
                "f.yaml:5:7: policies.chain[1]: the policy kind \"rbac\" is not supported yet",
                "f.yaml:7:7: policies.chain[3]: the policy kind \"pii-detector\" is in the chain "
                "twice",
                "f.yaml:8:7: policies.chain[4]: unknown policy kind \"zzz\""}));
}

TEST(Chain, SuggestsAcrossUnderscoresAndCase) {
  EXPECT_EQ(
      Errors(Chain("    - Prompt_Injection\n")),
      (Messages{"f.yaml:4:7: policies.chain[0]: unknown policy kind \"Prompt_Injection\"; did "
                "you mean \"prompt-injection\"?"}));
}

TEST(Chain, RefusesEveryDocumentedLaterKind) {
  for (const char* kind : {"agent-firewall",      "rbac",
                           "tool-validation",     "tool-budget",
                           "data-routing-policy", "external-moderation",
                           "language-validator",  "entity-list-filter",
                           "quality-scorer",      "human-oversight",
                           "citation-verifier",   "flagged-review",
                           "bot-detector",        "hipaa-phi-detector",
                           "student-privacy",     "case-privacy",
                           "itar-ear-filter",     "dual-use-filter",
                           "embedding-detector",  "cjis-mode"}) {
    const std::string text = Chain("    - audit-logger\n    - " + std::string(kind) +
                                   "\npolicy: {audit-logger: {}, " + kind + ": {}}\n");
    const Messages errors = Errors(text);
    ASSERT_EQ(errors.size(), 2u) << kind;
    EXPECT_NE(errors[0].find("not supported yet"), std::string::npos) << errors[0];
    EXPECT_NE(errors[1].find("not supported yet"), std::string::npos) << errors[1];
  }
}

TEST(Chain, RefusesConditionsOnAuditLogger) {
  const std::string reason =
      ": audit-logger takes no conditions: it records every request, after all policies; remove "
      "it";
  EXPECT_EQ(Errors(Chain("    - audit-logger: {when: {path: /v1}, stage: input}\n")),
            (Messages{"f.yaml:4:28: policies.chain[0].audit-logger.when" + reason,
                      "f.yaml:4:48: policies.chain[0].audit-logger.stage" + reason}));
}

TEST(Chain, TellsHowToIndentTheKeysOfAnEntry) {
  const std::string want = "f.yaml:4:7: policies.chain[0]: expected one policy kind; ";
  EXPECT_EQ(Errors(Chain("    - pii-detector:\n      when: {path: /v1}\n")),
            Messages{want + "indent \"when\" and what follows it by two more"});
  EXPECT_EQ(Errors(Chain("    - pii-detector:\n      prompt-injection:\n")),
            Messages{want + "a kind, or {kind: {when, stage, streaming_mode}}"});
}

TEST(Chain, RefusesBrokenEntries) {
  EXPECT_EQ(
      Errors(Chain("    - [pii-detector]\n    -\n    - {pii-detector: {}, rbac: {}}\n    - {}\n"
                   "    - pii-detector: {when: {path: v1, model: [], header: {'a b': x}}, foo: "
                   "1}\n")),
      (Messages{
          "f.yaml:4:7: policies.chain[0]: expected a text, found a list",
          "f.yaml:5:5: policies.chain[1]: expected a text, found nothing",
          "f.yaml:6:7: policies.chain[2]: expected one policy kind; a kind, or {kind: {when, "
          "stage, "
          "streaming_mode}}",
          "f.yaml:7:7: policies.chain[3]: expected one policy kind; a kind, or {kind: {when, "
          "stage, "
          "streaming_mode}}",
          "f.yaml:8:35: policies.chain[4].pii-detector.when.path: a path prefix begins with \"/\"",
          "f.yaml:8:46: policies.chain[4].pii-detector.when.model: must not be empty",
          "f.yaml:8:66: policies.chain[4].pii-detector.when.header.a b: is not a header name",
          "f.yaml:8:71: policies.chain[4].pii-detector.foo: unknown key"}));
}

TEST(Chain, RefusesHeadersThatDifferInCaseOnly) {
  EXPECT_EQ(Errors(Chain("    - pii-detector: {when: {header: {X-A: 1, x-a: 2}}}\n")),
            (Messages{"f.yaml:4:51: policies.chain[0].pii-detector.when.header.x-a: is given twice "
                      "(header names ignore case)"}));
}

TEST(Chain, RefusesAnOutputOnlyPromptInjection) {
  EXPECT_EQ(Errors(Chain("    - prompt-injection: {stage: output}\n")),
            (Messages{"f.yaml:4:33: policies.chain[0].prompt-injection.stage: prompt-injection "
                      "judges requests only, so it would never run"}));
}

TEST(Chain, WarnsWithoutAuditLogger) {
  EXPECT_EQ(
      Warnings(Chain("    - pii-detector\npolicy: {pii-detector: {}}\n")),
      (Messages{"f.yaml:4:5: policies.chain: without audit-logger there are no audit records; "
                "add audit-logger to the chain"}));
}

TEST(Chain, WarnsOfAKindWithoutABlockAndABlockWithoutAKind) {
  EXPECT_EQ(
      Warnings(Chain("    - pii-detector\n    - audit-logger\npolicy:\n  audit-logger: {}\n"
                     "  safety-filter: {}\n")),
      (Messages{"f.yaml:4:7: policy.pii-detector: is not given: the policy runs on its defaults",
                "f.yaml:8:3: policy.safety-filter: never runs: it is not in policies.chain"}));
}

TEST(When, WarnsOfAPathThatNoRequestHas) {
  const std::string reason =
      "holds for no request: paths read /v1/chat/completions, /v1/completions, /v1/embeddings or "
      "/v1/responses, whatever the location";
  const auto warnings = [](const std::string& path) {
    Messages found = Warnings(Chain("    - pii-detector: {when: {path: " + path + "}}\n"));
    std::erase_if(found, [](const std::string& w) { return w.find("when") == w.npos; });
    return found;
  };
  const std::string at = "f.yaml:4:35: policies.chain[0].pii-detector.when.path: ";
  EXPECT_EQ(warnings("/chat"), Messages{at + reason + "; write \"/v1/chat\""});
  EXPECT_EQ(warnings("/openai/v1/chat"), Messages{at + reason});
  for (const char* path : {"/", "/v1", "/v1/chat/completions", "/v1/emb"}) {
    EXPECT_TRUE(warnings(path).empty()) << path;
  }
}

}  // namespace
}  // namespace kt::config
