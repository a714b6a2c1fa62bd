// Settings that are legal by themselves and have no effect, or a fatal one, beside others.
#include <gtest/gtest.h>

#include "load_helper.h"

namespace kt::config {
namespace {

Messages ChainWarnings(const std::string& entry, const std::string& block = "{}") {
  const std::string kind = entry.substr(0, entry.find(':'));
  return Warnings(std::string(kPack) + "policies: {chain: [{" + entry +
                  "}, audit-logger]}\npolicy: {" + kind + ": " + block + ", audit-logger: {}}\n");
}

// The one warning of a block behind "f.yaml:line:column: policy.", or all of them.
std::string BlockWarning(const std::string& kind, const std::string& block) {
  const Messages warnings = Warnings(WithPolicy(kind, block));
  std::string all;
  for (const std::string& warning : warnings) all += warning.substr(warning.find("policy."));
  return all;
}

TEST(NoEffect, OfAListOfTypesOnModesThatItLeavesNoRoomFor) {
  const std::string pci =
      "policy.pii-detector.pci_mode: has no effect beside entities, which name the types that are "
      "looked for; add CVV and CARD_HOLDER to entities";
  const std::string address =
      "policy.pii-detector.include_private_ips: has no effect: entities do not name IP_ADDRESS";
  const std::string email = "    entities: [EMAIL_ADDRESS]\n", all = "    entities: all\n",
                    cvv = "    entities: [cvv, ip-address]\n", on = "    pci_mode: true\n",
                    ips = "    include_private_ips: true\n";
  EXPECT_EQ(BlockWarning("pii-detector", email + on), pci);
  EXPECT_EQ(BlockWarning("pii-detector", email + ips), address);
  EXPECT_EQ(BlockWarning("pii-detector", email + "    pci_mode: false\n"), "");
  EXPECT_EQ(BlockWarning("pii-detector", email + "    healthcare_mode: true\n"), "");
  for (const std::string& entities : {std::string(), all, cvv}) {
    EXPECT_EQ(BlockWarning("pii-detector", entities + on + ips), "") << entities;
  }
}

TEST(NoEffect, OfRedactionWhereNothingIsRedacted) {
  const std::string redaction = "    redaction: {marker_format: partial}\n";
  for (const char* action : {"block", "log"}) {
    EXPECT_EQ(BlockWarning("pii-detector", "    action: " + std::string(action) + "\n" + redaction),
              "policy.pii-detector.redaction: has no effect: action is not redact");
  }
  EXPECT_EQ(BlockWarning("pii-detector", redaction), "");
}

TEST(NoEffect, OfAMarkerForPatternsThatAreNotGiven) {
  const std::string marker = "    redaction: {custom_markers: {CUSTOM: x}}\n";
  EXPECT_EQ(
      BlockWarning("pii-detector", marker),
      "policy.pii-detector.redaction: custom_markers.CUSTOM has no effect without detect_patterns");
  EXPECT_EQ(BlockWarning("pii-detector", marker + "    detect_patterns: [abc]\n"), "");
}

TEST(NoEffect, OfMarkersThatAreMadeInRequestsWhereOnlyAnswersAreJudged) {
  const std::string reversible = "{redaction: {marker_format: reversible}}";
  EXPECT_EQ(ChainWarnings("pii-detector: {stage: output}", reversible),
            (Messages{"f.yaml:2:20: policy.pii-detector: reversible markers have no effect: they "
                      "are made in requests, and stage is output"}));
  EXPECT_EQ(ChainWarnings("pii-detector: {stage: input}", reversible), Messages{});
  EXPECT_EQ(ChainWarnings("pii-detector: {stage: output}"), Messages{});
}

TEST(NoEffect, OfAnswerSettingsOnAPolicyThatJudgesNone) {
  const std::string buffered = ".streaming_mode: has no effect: the policy does not judge answers";
  EXPECT_EQ(ChainWarnings("pii-detector: {stage: input, streaming_mode: buffered}"),
            Messages{"f.yaml:2:66: policies.chain[0].pii-detector" + buffered});
  EXPECT_EQ(ChainWarnings("prompt-injection: {streaming_mode: buffered}"),
            Messages{"f.yaml:2:56: policies.chain[0].prompt-injection" + buffered});
  EXPECT_EQ(ChainWarnings("prompt-injection: {stage: both}"),
            Messages{"f.yaml:2:47: policies.chain[0].prompt-injection.stage: prompt-injection "
                     "judges requests only: answers pass without it"});
  EXPECT_EQ(ChainWarnings("pii-detector: {stage: output, streaming_mode: buffered}"), Messages{});
}

TEST(NoEffect, OfAMessageThatNobodyIsTold) {
  const std::string message = "    response: {message: Hi, log_level: warn}\n";
  EXPECT_EQ(BlockWarning("prompt-injection", "    action: log\n" + message),
            "policy.prompt-injection.response.message: has no effect: action is log, so nobody is "
            "told");
  EXPECT_EQ(BlockWarning("prompt-injection", "    action: escalate\n" + message), "");
}

TEST(NoEffect, OfLookAlikesInTextsThatAreNotFolded) {
  const std::string off = "    encoding: {normalize_unicode: false, detect_homoglyphs: ";
  EXPECT_EQ(BlockWarning("prompt-injection", off + "true}\n"),
            "policy.prompt-injection.encoding.detect_homoglyphs: has no effect: normalize_unicode "
            "is off");
  EXPECT_EQ(BlockWarning("prompt-injection", off + "false}\n"), "");
}

TEST(NoEffect, ATermOfBlanksWouldRefuseEveryText) {
  const std::string reason =
      ": holds a term of nothing but blanks; it would be found in every text";
  EXPECT_EQ(Errors(WithPolicy("safety-filter", "    block_if: [fruit, '  ']\n")),
            Messages{"f.yaml:5:15: policy.safety-filter.block_if" + reason});
  EXPECT_EQ(Errors(WithPolicy("dlp-filter", "    blocked_terms: [' ']\n")),
            Messages{"f.yaml:5:20: policy.dlp-filter.blocked_terms" + reason});
}

TEST(Contradiction, OfRecordsThatMustBeThereAndMayBeMissing) {
  const auto warnings = [](const std::string& settings) {
    return Warnings(std::string(kPack) +
                    "policies: {chain: [audit-logger]}\npolicy: {audit-logger: {" + settings +
                    "}}\n");
  };
  EXPECT_EQ(warnings("immutable: false, hipaa_audit_controls: true"),
            Messages{"f.yaml:3:36: policy.audit-logger.immutable: contradicts "
                     "hipaa_audit_controls: what a full log cannot take is served without a "
                     "record; remove it"});
  EXPECT_EQ(warnings("immutable: true, hipaa_audit_controls: true"), Messages{});
  EXPECT_EQ(warnings("immutable: false"), Messages{});
}

}  // namespace
}  // namespace kt::config
