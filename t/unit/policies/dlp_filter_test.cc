#include "core/policies/dlp_filter.h"

#include <gtest/gtest.h>

#include "chain_fixture.h"

namespace kt::policies {
namespace {

config::PolicyConfig Dlp() {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns = {R"(\bDOC-\d{4}\b)"};
  config.dlp_filter.blocked_terms = {"Project X"};
  return config;
}

TEST(DlpFilter, RedactsPatternsAndTermsInBothDirections) {
  const auto chain = Build(Dlp());
  for (const policy::Phase phase : {policy::Phase::kInput, policy::Phase::kOutput}) {
    const Verdict verdict = Judge(*chain, "see DOC-1234 of project x, not doc-1234", phase);
    EXPECT_EQ(verdict.text, "see [REDACTED] of [REDACTED], not doc-1234");
    EXPECT_EQ(verdict.code, "dlp_filter.redacted");
  }
}

TEST(DlpFilter, BlocksOrLogs) {
  config::PolicyConfig config = Dlp();
  config.dlp_filter.action = config::Action::kBlock;
  EXPECT_EQ(Judge(*Build(config), "DOC-1234").code, "dlp_filter.blocked");
  config.dlp_filter.action = config::Action::kLog;
  const Verdict verdict = Judge(*Build(config), "DOC-1234");
  EXPECT_EQ(verdict.text, "DOC-1234");
  EXPECT_EQ(verdict.code, "dlp_filter.flagged");
}

TEST(DlpFilter, TermsMayHoldAnyCharacters) {
  config::PolicyConfig config = Dlp();
  config.dlp_filter.blocked_terms = {"a.b*c", "机密", "Größe"};
  const auto chain = Build(config);
  EXPECT_EQ(Judge(*chain, "A.B*C 这是机密文件 GRÖSSE größe").text,
            "[REDACTED] 这是[REDACTED]文件 [REDACTED] [REDACTED]");
}

// Where a term and its other spellings find the same, and terms one another.
TEST(DlpFilter, WhatIsFoundInManyWaysIsRedactedOnce) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.blocked_terms = {"ВТБ", "ВТБ", "кот"};
  const auto chain = Build(config);
  policy::ChainRun run(*chain, {});
  policy::ChainRun::Text unit;
  unit.unit.text = "в ВТБ сидит кот";
  std::vector<std::vector<policy::TextEdit>> edits;
  ASSERT_FALSE(run.Judge(policy::Phase::kInput, {&unit, 1}, &edits));
  EXPECT_EQ(edits[0].size(), 2u);
  ASSERT_EQ(run.redactions().size(), 1u);
  EXPECT_EQ(run.redactions()[0].count, 2u);
}

std::string ManyIds(size_t lines) {
  std::string text;
  for (size_t i = 0; i < lines; ++i) text += "AB" + std::to_string(100 + i % 900) + "-7\n";
  return text;
}

// Hundreds of rules that find the same places must cost no memory but for the matches.
TEST(DlpFilter, ManyRulesThatFindTheSamePlacesAreOneFindingEach) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns.assign(100, R"([A-Z]{2,9}\d{3}.{0,30}\d)");
  const auto chain = Build(config);
  const std::string text = ManyIds(20);
  policy::ChainRun run(*chain, {});
  policy::ChainRun::Text unit;
  unit.unit.text = text;
  policy::Reading reading;
  ASSERT_TRUE(policy::Reader(chain->matcher()).Read(text, {}, &reading).ok());
  ASSERT_EQ(reading.matches().size(), 2000u);
  unit.unit.reading = &reading;
  policy::Evaluation evaluation;
  const policy::Policy& dlp = *chain->entries()[0].policy;
  ASSERT_TRUE(dlp.Evaluate(unit.unit, reading.matches(), &evaluation).ok());
  EXPECT_EQ(evaluation.findings.size(), 20u);
  EXPECT_EQ(Judge(*chain, "AB123-7\n").text, "[REDACTED]\n");
}

TEST(DlpFilter, AMarkingInsideWhatAPatternFindsStillBlocks) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns = {"(?i)doc: .{1,40}end"};
  config.dlp_filter.sensitivity_level = "high";
  const Verdict verdict = Judge(*Build(config), "doc: NATO RESTRICTED end");
  EXPECT_TRUE(verdict.blocked);
  EXPECT_EQ(verdict.code, "dlp_filter.marking");
}

TEST(DlpFilter, MoreMatchesThanCanBeKeptFailByTheFailMode) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns.assign(40, "[A-Z0-9-]");
  const auto chain = Build(config);
  const std::string text = ManyIds(6000);
  policy::ChainRun::Text unit;
  unit.unit.text = text;
  std::vector<std::vector<policy::TextEdit>> edits;
  policy::ChainRun strict(*chain, {});
  const auto block = strict.Judge(policy::Phase::kInput, {&unit, 1}, &edits);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->reason_code, "dlp_filter.failed");
  EXPECT_NE(strict.failure().find("policy.dlp-filter.detect_patterns["), std::string::npos);
  policy::RunOptions open;
  open.fail_mode = policy::FailMode::kAllow;
  policy::ChainRun lenient(*chain, open);
  EXPECT_FALSE(lenient.Judge(policy::Phase::kInput, {&unit, 1}, &edits));
  ASSERT_EQ(lenient.outcomes().size(), 1u);
  EXPECT_EQ(lenient.outcomes()[0].verdict, policy::Verdict::kFailedOpen);
  EXPECT_TRUE(edits[0].empty());
}

// What one request may find is bounded, however many texts it has; the next one begins anew.
TEST(DlpFilter, TheTextsOfARequestShareWhatCanBeKept) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.detect_patterns.assign(40, "[A-Z0-9-]");
  const auto chain = Build(config);
  const std::string text = ManyIds(1000);
  policy::ChainRun::Text unit;
  unit.unit.text = text;
  const std::vector<policy::ChainRun::Text> many(5, unit);
  std::vector<std::vector<policy::TextEdit>> edits;
  policy::ChainRun run(*chain, {});
  EXPECT_TRUE(run.Judge(policy::Phase::kInput, many, &edits));
  EXPECT_FALSE(policy::ChainRun(*chain, {}).Judge(policy::Phase::kInput, {&unit, 1}, &edits));
}

// ---- fuzzy terms
// ---------------------------------------------------------------------------------

config::PolicyConfig Fuzzy() {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.blocked_terms = {"Project Heron", "Zeus", "abc"};
  config.dlp_filter.fuzzy_matching = true;
  config.dlp_filter.max_distance = 2;
  return config;
}

TEST(DlpFilter, FindsMisspeltTermsInBothDirections) {
  const auto chain = Build(Fuzzy());
  for (const policy::Phase phase : {policy::Phase::kInput, policy::Phase::kOutput}) {
    EXPECT_EQ(Judge(*chain, "the projekt heorn, Zeuss, abd, abc", phase).text,
              "the [REDACTED], [REDACTED], abd, [REDACTED]");
  }
}

TEST(DlpFilter, FindsMisspeltTermsInWhatIsFoldedOrEncoded) {
  const auto chain = Build(Fuzzy());
  EXPECT_EQ(Judge(*chain, "of P\u200bröject  Herrn!").text, "of [REDACTED]!");
  // base64 of "see projekt heron today"
  EXPECT_EQ(Judge(*chain, "x c2VlIHByb2pla3QgaGVyb24gdG9kYXk= y").text, "x [REDACTED] y");
}

TEST(DlpFilter, WithoutFuzzyMatchingTermsAreExact) {
  config::PolicyConfig config = Fuzzy();
  config.dlp_filter.fuzzy_matching = false;
  EXPECT_EQ(Judge(*Build(config), "projekt heron, PROJECT HERON").text,
            "projekt heron, [REDACTED]");
}

TEST(DlpFilter, StreamsMisspeltTermsAsTheWholeText) {
  const auto chain = Build(Fuzzy());
  const std::string text =
      "On projects: the Prject Hern, a project, an hero; pröject  heron and proj ect heron. Zeu s, "
      "ze\u200bus \u0440roject heron, projecting Heron, abc";
  const std::string whole = Judge(*chain, text, policy::Phase::kOutput).text;
  EXPECT_EQ(whole.find("ern"), std::string::npos) << whole;
  for (size_t step = 1; step <= text.size(); ++step) {
    ASSERT_EQ(Streamed(*chain, text, step), whole) << step;
  }
}

TEST(DlpFilter, ABlockedStreamLetsNothingOfAMisspeltTermOut) {
  config::PolicyConfig config = Fuzzy();
  config.dlp_filter.action = config::Action::kBlock;
  const auto chain = Build(config);
  for (size_t step = 1; step < 30; ++step) {
    bool blocked = false;
    const std::string out = Streamed(*chain, "All about the projcet heron now", step, &blocked);
    EXPECT_TRUE(blocked);
    EXPECT_TRUE(std::string_view("All about the ").starts_with(out)) << out;
  }
}

TEST(DlpFilter, WarnsOfTermsThatAreTooShortToBeMisspelt) {
  std::vector<std::string> warnings;
  Build(Fuzzy(), {}, &warnings);
  EXPECT_EQ(warnings, (std::vector<std::string>{
                          "policy.dlp-filter.blocked_terms[2]: has fewer than four letters: "
                          "fuzzy_matching leaves it exact"}));
}

// ---- levels
// --------------------------------------------------------------------------------------

std::unique_ptr<const policy::Chain> AtLevel(const char* level,
                                             config::Action action = config::Action::kRedact) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.sensitivity_level = level;
  config.dlp_filter.action = action;
  return Build(config);
}

constexpr std::string_view kBanners[] = {
    "TOP SECRET//SI//NOFORN\nThe plan",
    "(S//NF) The plan",
    "CUI//SP-PRVCY",
    "NATO RESTRICTED",
    "RESTREINT UE/EU RESTRICTED",
    "OFFICIAL-SENSITIVE",
    "PROTECTED B",
    "VS – Nur für den Dienstgebrauch",
    "VS-NfD",
    "TLP:AMBER+STRICT",
    "STRICTLY  CONFIDENTIAL",
    "NOT FOR DISTRIBUTION",
    "ATTORNEY-CLIENT PRIVILEGED",
    "Classification: Confidential",
    "{\"sensitivity\": \"restricted\"}",
};
constexpr std::string_view kPhrases[] = {
    "this memo is strictly confidential",
    "For internal use, please.",
    "please do not forward",
    "covered by attorney-client privilege",
    "shared under our NDA",
    "this is material non-public information",
};
constexpr std::string_view kHarmless[] = {
    "How do I keep a secret? It is no secret.",
    "protected by law, official and sensitive",
    "TLP:CLEAR and TLP:GREEN",
    "a confidential tone of voice",
    "S//2 and C//D",
    "set classification: spam",
    "the protected build",
};

TEST(DlpFilter, TheStandardLevelKnowsNoMarkings) {
  const auto chain = AtLevel("standard");
  for (const std::string_view text : kBanners) EXPECT_FALSE(Judge(*chain, text).blocked) << text;
}

TEST(DlpFilter, TheHighLevelBlocksMarkingsInBothDirections) {
  const auto chain = AtLevel("high");
  for (const policy::Phase phase : {policy::Phase::kInput, policy::Phase::kOutput}) {
    for (const std::string_view text : kBanners) {
      const Verdict verdict = Judge(*chain, text, phase);
      EXPECT_TRUE(verdict.blocked) << text;
      EXPECT_EQ(verdict.code, "dlp_filter.marking");
    }
    for (const std::string_view text : kPhrases) {
      EXPECT_FALSE(Judge(*chain, text, phase).blocked) << text;
    }
  }
}

TEST(DlpFilter, TheRestrictedLevelBlocksWhatRunningTextSaysToo) {
  const auto chain = AtLevel("restricted");
  for (const std::string_view text : kBanners) EXPECT_TRUE(Judge(*chain, text).blocked) << text;
  for (const std::string_view text : kPhrases) EXPECT_TRUE(Judge(*chain, text).blocked) << text;
  for (const std::string_view text : kHarmless) EXPECT_FALSE(Judge(*chain, text).blocked) << text;
}

TEST(DlpFilter, ALoggedMarkingPasses) {
  const Verdict verdict = Judge(*AtLevel("high", config::Action::kLog), "TLP:RED");
  EXPECT_FALSE(verdict.blocked);
  EXPECT_EQ(verdict.code, "dlp_filter.flagged");
}

TEST(DlpFilter, EntitiesGrowWithTheLevel) {
  const std::string text = "postgres://svc:Tr0ub4dor@db/x of ann@example.com";
  EXPECT_EQ(Judge(*AtLevel("standard"), text).text, text);
  EXPECT_EQ(Judge(*AtLevel("high"), text).text, "postgres://[REDACTED]@db/x of ann@example.com");
  EXPECT_EQ(Judge(*AtLevel("restricted"), text).text, "postgres://[REDACTED]@db/x of [REDACTED]");
}

TEST(DlpFilter, LevelsAreTheSameInStreams) {
  const auto chain = AtLevel("restricted");
  const std::string text =
      "Dear Ann, write to ann@example.com. This memo is strictly confidential.";
  for (size_t step = 1; step <= text.size(); ++step) {
    bool blocked = false;
    const std::string out = Streamed(*chain, text, step, &blocked);
    EXPECT_TRUE(blocked) << step;
    EXPECT_TRUE(std::string_view("Dear Ann, write to [REDACTED]. This memo ").starts_with(out))
        << out;
  }
}

TEST(DlpFilter, FindsTermsWithMarksInWhatIsEncoded) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.blocked_terms = {"Straße"};
  const auto chain = Build(config);
  // base64, then hex, of "see Straße now", and of "see Stra\u00adße now"
  for (const char* const token :
       {"c2VlIFN0cmHDn2Ugbm93", "7365652053747261c39f65206e6f77", "c2VlIFN0cmHCrcOfZSBub3c="}) {
    for (const policy::Phase phase : {policy::Phase::kInput, policy::Phase::kOutput}) {
      EXPECT_EQ(Judge(*chain, "x " + std::string(token) + " y", phase).text, "x [REDACTED] y");
    }
  }
}

TEST(DlpFilter, ATermBehindOneEscapeIsFoundInRequestsAsInAnswers) {
  config::PolicyConfig config = ConfigWith({"dlp-filter"});
  config.dlp_filter.blocked_terms = {"Project Heron"};
  const auto chain = Build(config);
  for (const auto& [text, redacted] : std::vector<std::pair<std::string, std::string>>{
           {"https://x.example/?q=Project%20Heron", "https://x.example/?q=[REDACTED]"},
           {R"("\u003cProject Heron\u003e")", R"("\u003c[REDACTED]\u003e")"},
           {"%3Cproject heron%3E", "%3C[REDACTED]%3E"},
           {"Project%20Manager", "Project%20Manager"}}) {
    EXPECT_EQ(Judge(*chain, text).text, redacted);
    EXPECT_EQ(Judge(*chain, text, policy::Phase::kOutput).text, redacted);
  }
}

}  // namespace
}  // namespace kt::policies
