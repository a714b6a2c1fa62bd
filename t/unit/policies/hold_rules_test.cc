// Every output rule of the packs: whatever a stream has let go of is final. What was found before
// the hold is what a longer text finds there.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "../detect/unfiltered.h"
#include "chain_fixture.h"

namespace kt::policies {
namespace {

using detect::Match;

class HoldRules : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    config::PolicyConfig config = ConfigWith({"pii-detector", "safety-filter", "dlp-filter"});
    config.dlp_filter.sensitivity_level = "restricted";
    config.safety_filter.mode = "strict";
    config.pii_detector.entities = {"all"};
    config.pii_detector.healthcare_mode = true;
    chain = Build(config).release();
  }
  static void TearDownTestSuite() { delete chain; }
  static const detect::Matcher& matcher() { return chain->matcher(); }

  static std::vector<Match> FindAll(std::string_view text) {
    std::vector<Match> matches;
    EXPECT_TRUE(matcher().FindAll(text, 0, detect::Scope::kOutput, &matches).ok());
    return matches;
  }
  // Those that begin before `hold`; one that ends where the text ends may change with a mark that
  // follows, which streams know (policy/reading.cc).
  static std::vector<detect::Span> Before(std::vector<Match> matches, size_t hold, size_t end) {
    std::erase_if(
        matches, [&](const Match& match) { return match.whole_begin >= hold || match.end == end; });
    return detect::Spans(matches);
  }
  // All cuts of the text, `step` bytes apart.
  static void ExpectFinal(const std::string& text, size_t step) {
    const std::vector<Match> whole = FindAll(text);
    for (size_t cut = 1; cut < text.size(); cut += step) {
      if ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) continue;
      const std::string_view seen = std::string_view(text).substr(0, cut);
      const size_t hold = matcher().HoldFrom(seen, 0);
      for (const Match& match : whole) {
        const bool open = match.end > cut && match.whole_begin < cut;
        ASSERT_FALSE(open && match.whole_begin < hold)
            << matcher().rule(match.rule).id << " at " << match.whole_begin << " of " << text
            << "\nis not held at " << cut << " but from " << hold;
      }
      ASSERT_EQ(Before(FindAll(seen), hold, cut), Before(whole, hold, cut))
          << text << "\ncut at " << cut << ", held from " << hold;
    }
  }
  static const policy::Chain* chain;
};
const policy::Chain* HoldRules::chain = nullptr;

TEST_F(HoldRules, AFinalMatchIsFoundBeforeTheHold) {
  detect::RegexSampler sampler(17);
  for (detect::RuleId id = 0; id < matcher().size(); ++id) {
    const detect::Rule& rule = matcher().rule(id);
    if (!rule.output || rule.fuzzy_distance > 0) continue;
    const detect::RegexNode tree =
        std::move(detect::ParseRegex(rule.pattern, rule.ignore_case)).value();
    for (int i = 0; i < 3; ++i) {
      const std::string text = detect::HardText(tree, &sampler);
      ExpectFinal(text, text.size() > 400 ? 7 : 1);
      if (HasFatalFailure()) FAIL() << rule.id;
    }
  }
}

}  // namespace
}  // namespace kt::policies
