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

}  // namespace
}  // namespace kt::policies
