// The blocks of `policy`.
#include <gtest/gtest.h>

#include "load_helper.h"

namespace kt::config {
namespace {

TEST(PolicyBlocks, RefuseUnknownKinds) {
  EXPECT_EQ(
      Errors(WithPolicies("policies: {chain: [audit-logger]}\npolicy:\n  audit_logger: {}\n")),
      (Messages{"f.yaml:4:3: policy.audit_logger: unknown policy kind; did you mean "
                "\"audit-logger\"?"}));
}

TEST(PromptInjection, ReadsEveryKey) {
  const LoadResult result = LoadText(WithPolicy(
      "prompt-injection",
      "    threshold: 0.5\n    action: escalate\n    attack_patterns: ['a+', b]\n    scan_roles: "
      "[user, assistant]\n    encoding: {decode_base64: false, normalize_unicode: false, "
      "detect_homoglyphs: false}\n    boundaries: {enforce_delimiters: false, "
      "reject_fake_boundaries: false}\n    response: {message: no, log_level: warning}\n"));
  ASSERT_TRUE(result.ok());
  const PromptInjection& p = result.config->prompt_injection;
  EXPECT_EQ(p.threshold, 0.5);
  EXPECT_EQ(p.action, Action::kEscalate);
  EXPECT_EQ(p.attack_patterns, (Messages{"a+", "b"}));
  EXPECT_EQ(p.scan_roles, (Messages{"user", "assistant"}));
  EXPECT_FALSE(p.decode_base64 || p.normalize_unicode || p.detect_homoglyphs);
  EXPECT_FALSE(p.enforce_delimiters || p.reject_fake_boundaries);
  EXPECT_EQ(p.message, "no");
  EXPECT_EQ(p.log_level, "warn");
}

TEST(PromptInjection, KnowsTheAliases) {
  const auto threshold = [](const std::string& block) {
    const LoadResult result = LoadText(WithPolicy("prompt-injection", block));
    return result.ok() ? result.config->prompt_injection.threshold : -1;
  };
  EXPECT_EQ(threshold("    embedding_threshold: 0.3\n"), 0.3);
  EXPECT_EQ(threshold("    detection: {embedding_threshold: 0.4}\n"), 0.4);
  const LoadResult result = LoadText(WithPolicy(
      "prompt-injection", "    detection: {attack_patterns: [x]}\n    response: {action: log}\n"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.config->prompt_injection.attack_patterns, (Messages{"x"}));
  EXPECT_EQ(result.config->prompt_injection.action, Action::kLog);
}

TEST(PromptInjection, RefusesASettingUnderTwoNames) {
  EXPECT_EQ(
      Errors(
          WithPolicy("prompt-injection",
                     "    threshold: 0.5\n    detection: {embedding_threshold: 0.5}\n    action: "
                     "log\n    response: {action: block}\n")),
      (Messages{
          "f.yaml:6:38: policy.prompt-injection.detection.embedding_threshold: is another name of "
          "policy.prompt-injection.threshold, which is given too; keep one of them",
          "f.yaml:8:24: policy.prompt-injection.response.action: is another name of "
          "policy.prompt-injection.action, which is given too; keep one of them"}));
}

TEST(PromptInjection, RefusesWrongValues) {
  EXPECT_EQ(
      Errors(WithPolicy("prompt-injection",
                        "    threshold: 1.5\n    action: redact\n    scan_roles: []\n    "
                        "attack_patterns: x\n    encoding: {decode_base65: true}\n")),
      (Messages{
          "f.yaml:5:16: policy.prompt-injection.threshold: must be from 0 to 1",
          "f.yaml:6:13: policy.prompt-injection.action: \"redact\" is not one of block, log, "
          "escalate",
          "f.yaml:7:17: policy.prompt-injection.scan_roles: must not be empty; name the roles "
          "whose "
          "texts are scored",
          "f.yaml:8:22: policy.prompt-injection.attack_patterns: expected a list, found a single "
          "value",
          "f.yaml:9:16: policy.prompt-injection.encoding.decode_base65: unknown key; did you mean "
          "\"decode_base64\"?"}));
}

TEST(PromptInjection, WarnsOfAThresholdThatEveryTextReaches) {
  EXPECT_EQ(Warnings(WithPolicy("prompt-injection", "    threshold: 0\n")),
            (Messages{"f.yaml:5:16: policy.prompt-injection.threshold: 0 acts on every text, since "
                      "all have a score of 0 or more; remove the policy from the chain to act on "
                      "none"}));
  EXPECT_EQ(Warnings(WithPolicy("prompt-injection", "    threshold: 0.01\n")), Messages{});
}

// What is advised must not be the next error.
TEST(PolicyBlocks, AdviseNoEmptyListWhereNoneIsTaken) {
  EXPECT_EQ(Errors(WithPolicy("prompt-injection", "    scan_roles:\n")),
            (Messages{"f.yaml:5:5: policy.prompt-injection.scan_roles: must not be empty; name the "
                      "roles whose texts are scored"}));
  EXPECT_EQ(Errors(WithPolicy("pii-detector", "    entities:\n")),
            (Messages{"f.yaml:5:5: policy.pii-detector.entities: must not be empty; leave the key "
                      "out for the default set"}));
}

TEST(PolicyBlocks, SayHowAnExpressionIsQuoted) {
  EXPECT_EQ(Errors(WithPolicy("dlp-filter", "    detect_patterns: [\"\\bEMP\\b\"]\n")),
            (Messages{"f.yaml:5:23: policy.dlp-filter.detect_patterns[0]: holds a control "
                      "character; in \"double quotes\" \\b is a backspace; write expressions in "
                      "'single quotes'"}));
}

TEST(PromptInjection, RefusesWhatIsNoNumber) {
  for (const char* bad : {"high", "\"0.8\"", "0.8x", ".nan", ".inf", "nan", "inf", "00.8", "1e999",
                          "~", "[0.8]", "0,8"}) {
    EXPECT_EQ(
        Errors(WithPolicy("prompt-injection", "    threshold: " + std::string(bad) + "\n")).size(),
        1u)
        << bad;
  }
}

TEST(PiiDetector, ReadsEveryKey) {
  const LoadResult result = LoadText(WithPolicy(
      "pii-detector",
      "    action: log\n    entities: [email, US_SSN, credit-card, EMAIL]\n    pci_mode: false\n   "
      " "
      "include_private_ips: true\n    detect_patterns: ['x{3}']\n    redaction: {marker_format: "
      "hash, hash_key_ref: {env: K}, include_metadata: false, custom_markers: {email: '<e>'}}\n"));
  ASSERT_TRUE(result.ok());
  const PiiDetector& p = result.config->pii_detector;
  EXPECT_EQ(p.action, Action::kLog);
  EXPECT_EQ(p.entities, (Messages{"EMAIL", "US_SSN", "CREDIT_CARD"}));
  EXPECT_FALSE(p.pci_mode);
  EXPECT_TRUE(p.include_private_ips);
  EXPECT_EQ(p.detect_patterns, (Messages{"x{3}"}));
  EXPECT_EQ(p.marker_format, MarkerFormat::kHash);
  EXPECT_EQ(p.hash_key_ref.env, "K");
  EXPECT_FALSE(p.include_metadata);
  EXPECT_EQ(p.custom_markers.at("EMAIL"), "<e>");
}

TEST(PiiDetector, ReadsAllEntities) {
  for (const char* entities : {"all", "[all]", "[all, ALL]"}) {
    const LoadResult result =
        LoadText(WithPolicy("pii-detector", "    entities: " + std::string(entities) + "\n"));
    ASSERT_TRUE(result.ok()) << entities;
    EXPECT_EQ(result.config->pii_detector.entities, (Messages{"ALL"})) << entities;
  }
  // Kept, so that a type that does not exist is named beside all too.
  const LoadResult both = LoadText(WithPolicy("pii-detector", "    entities: [EMIAL, all]\n"));
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both.config->pii_detector.entities, (Messages{"EMIAL", "ALL"}));
}

TEST(PiiDetector, RefusesEntitiesThatAreNoTypes) {
  EXPECT_EQ(Errors(WithPolicy("pii-detector", "    entities: [E MAIL]\n")),
            (Messages{"f.yaml:5:16: policy.pii-detector.entities[0]: is not the name of an entity "
                      "type"}));
  EXPECT_EQ(Errors(WithPolicy("pii-detector", "    entities: EMAIL\n")),
            (Messages{"f.yaml:5:15: policy.pii-detector.entities: expected a list of entity types, "
                      "or all"}));
  EXPECT_EQ(Errors(WithPolicy("pii-detector", "    entities: []\n")),
            (Messages{"f.yaml:5:15: policy.pii-detector.entities: must not be empty; leave the key "
                      "out for the default set"}));
}

TEST(PiiDetector, RefusesMarkersThatBreakJson) {
  for (const char* marker : {"'<\"e\">'", "'a\\b'", "\"a\\nb\""}) {
    const Messages errors = Errors(WithPolicy(
        "pii-detector", std::string("    redaction: {custom_markers: {email: ") + marker + "}}\n"));
    ASSERT_EQ(errors.size(), 1u) << marker;
    EXPECT_NE(errors[0].find("holds a "), std::string::npos) << errors[0];
  }
}

TEST(PiiDetector, NeedsAKeyForHash) {
  EXPECT_EQ(Errors(WithPolicy("pii-detector", "    redaction: {marker_format: hash}\n")),
            (Messages{"f.yaml:5:32: policy.pii-detector.redaction.marker_format: hash needs "
                      "redaction.hash_key_ref; add hash_key_ref: {env: NAME}; without a key, marks "
                      "could be guessed"}));
}

TEST(PiiDetector, PreservesLengthWithAsteriskAndPartialOnly) {
  const auto errors = [](const std::string& format) {
    return Errors(WithPolicy("pii-detector",
                             "    redaction: {preserve_length: true, "
                             "marker_format: " +
                                 format + "}\n"));
  };
  EXPECT_TRUE(errors("asterisk").empty());
  EXPECT_TRUE(errors("partial").empty());
  EXPECT_EQ(errors("label"),
            (Messages{"f.yaml:5:34: policy.pii-detector.redaction.preserve_length: works with "
                      "marker_format asterisk and partial only"}));
}

TEST(PiiDetector, ReadsHealthcareModeAndReversibleMarkers) {
  const LoadResult result = LoadText(WithPolicy(
      "pii-detector", "    healthcare_mode: true\n    redaction: {marker_format: reversible}\n"));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.config->pii_detector.healthcare_mode);
  EXPECT_EQ(result.config->pii_detector.marker_format, MarkerFormat::kReversible);
}

TEST(SafetyFilter, ReadsEveryKey) {
  const LoadResult result =
      LoadText(WithPolicy("safety-filter",
                          "    mode: law_enforcement\n    block_if: [a]\n    action: escalate\n    "
                          "fuzzy_matching: false\n    max_distance: 2\n    max_age: 13\n"));
  ASSERT_TRUE(result.ok());
  const SafetyFilter& p = result.config->safety_filter;
  EXPECT_EQ(p.mode, "law_enforcement");
  EXPECT_EQ(p.block_if, (Messages{"a"}));
  EXPECT_EQ(p.action, Action::kEscalate);
  EXPECT_EQ(p.max_distance, 2u);
  EXPECT_EQ(p.max_age, 13u);
}

TEST(SafetyFilter, RefusesWrongValues) {
  EXPECT_EQ(Errors(WithPolicy("safety-filter", "    mode: stirct\n    fuzzy_matching: 1\n")),
            (Messages{"f.yaml:5:11: policy.safety-filter.mode: \"stirct\" is not one of strict, "
                      "moderate, permissive, critical_infrastructure, automotive, education, "
                      "law_enforcement; did you mean \"strict\"?",
                      "f.yaml:6:21: policy.safety-filter.fuzzy_matching: expected true or false; "
                      "did you mean \"true\"?"}));
}

TEST(SafetyFilter, SaysThatMaxAgeHasNoEffect) {
  EXPECT_EQ(
      Warnings(WithPolicy("safety-filter", "    max_age: 13\n")),
      (Messages{"f.yaml:5:14: policy.safety-filter.max_age: has no effect: a request does not "
                "say how old its user is; mode: education is meant for minors"}));
}

TEST(FuzzyMatching, SaysWhereItHasNoEffect) {
  EXPECT_EQ(Warnings(WithPolicy("safety-filter", "    max_distance: 2\n")),
            (Messages{"f.yaml:5:19: policy.safety-filter.max_distance: has no effect: "
                      "fuzzy_matching is not on"}));
  EXPECT_EQ(
      Warnings(WithPolicy("safety-filter", "    fuzzy_matching: true\n    max_distance: 0\n")),
      (Messages{"f.yaml:5:21: policy.safety-filter.fuzzy_matching: has no effect: max_distance is "
                "0, so terms are matched exactly"}));
  EXPECT_EQ(Warnings(WithPolicy("safety-filter", "    fuzzy_matching: true\n")),
            (Messages{"f.yaml:5:21: policy.safety-filter.fuzzy_matching: has no effect: there are "
                      "no terms of yours, and patterns are matched exactly"}));
  EXPECT_TRUE(
      Warnings(WithPolicy("safety-filter", "    fuzzy_matching: true\n    block_if: [heron]\n"))
          .empty());
}

TEST(DlpFilter, ReadsEveryKey) {
  const LoadResult result = LoadText(
      WithPolicy("dlp-filter",
                 "    detect_patterns: ['P-\\d+']\n    blocked_terms: [Falcon]\n    action: "
                 "block\n    fuzzy_matching: true\n    max_distance: 8\n    sensitivity_level: "
                 "restricted\n"));
  ASSERT_TRUE(result.ok());
  const DlpFilter& p = result.config->dlp_filter;
  EXPECT_EQ(p.detect_patterns, (Messages{"P-\\d+"}));
  EXPECT_EQ(p.blocked_terms, (Messages{"Falcon"}));
  EXPECT_EQ(p.action, Action::kBlock);
  EXPECT_TRUE(p.fuzzy_matching);
  EXPECT_EQ(p.max_distance, 8u);
  EXPECT_EQ(p.sensitivity_level, "restricted");
}

TEST(DlpFilter, RefusesWrongValues) {
  EXPECT_EQ(Errors(WithPolicy("dlp-filter",
                              "    blocked_terms: [x]\n    fuzzy_matching: true\n    max_distance: "
                              "9\n    sensitivity_level: secret\n")),
            (Messages{"f.yaml:7:19: policy.dlp-filter.max_distance: must be from 0 to 8",
                      "f.yaml:8:24: policy.dlp-filter.sensitivity_level: \"secret\" is not one of "
                      "standard, high, restricted"}));
}

TEST(DlpFilter, WarnsWhenItCanFindNothing) {
  EXPECT_EQ(Warnings(WithPolicy("dlp-filter", "    action: block\n")),
            (Messages{"f.yaml:2:20: policy.dlp-filter: finds nothing: neither detect_patterns nor "
                      "blocked_terms are given, and sensitivity_level is standard"}));
  EXPECT_TRUE(Warnings(WithPolicy("dlp-filter", "    sensitivity_level: high\n")).empty());
}

TEST(AuditLogger, ReadsEveryKey) {
  const LoadResult result = LoadText(
      WithPolicies("policies: {chain: [audit-logger]}\npolicy:\n  audit-logger: {immutable: false, "
                   "retention_days: 36500, log_all_access: true, hipaa_audit_controls: true}\n"));
  ASSERT_TRUE(result.ok());
  const AuditLogger& a = result.config->audit_logger;
  EXPECT_TRUE(a.present && !a.immutable && a.log_all_access && a.hipaa_audit_controls);
  EXPECT_EQ(a.retention_days, 36500u);
}

TEST(AuditLogger, RefusesWrongValues) {
  EXPECT_EQ(
      Errors(WithPolicies("policies: {chain: [audit-logger]}\npolicy:\n  audit-logger: {immutable: "
                          "'true', retention_days: 36501, log_all_access: on}\n")),
      (Messages{
          "f.yaml:4:29: policy.audit-logger.immutable: expected true or false, found a quoted "
          "text; write it without quotes",
          "f.yaml:4:53: policy.audit-logger.retention_days: must be from 1 to 36500",
          "f.yaml:4:76: policy.audit-logger.log_all_access: expected true or false; did you "
          "mean \"true\"?"}));
}

TEST(AuditLogger, RefusesWhatIsNoWholeNumber) {
  for (const char* bad : {"1.5", "365d", "\"365\"", "0x10", "010", "1_000", "+5", "-5", "", "-"}) {
    EXPECT_EQ(
        Errors(WithPolicies("policies: {chain: [audit-logger]}\npolicy:\n  audit-logger:\n    "
                            "retention_days: " +
                            std::string(bad) + "\n"))
            .size(),
        1u)
        << bad;
  }
}

}  // namespace
}  // namespace kt::config
