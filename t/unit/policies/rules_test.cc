// Every rule of the packs: it compiles, its declared bound and its prefix form hold, and a stream
// of its matches equals the whole text.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <set>

#include "../detect/regex_sampler.h"
#include "chain_fixture.h"
#include "core/detect/prefix.h"

namespace kt::policies {
namespace {

using detect::Rule;

class Rules : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    config::PolicyConfig config =
        ConfigWith({"prompt-injection", "pii-detector", "safety-filter", "dlp-filter"});
    config.dlp_filter.sensitivity_level = "restricted";
    config.dlp_filter.action = config::Action::kLog;
    config.safety_filter.mode = "strict";
    config.safety_filter.action = config::Action::kLog;
    config.pii_detector.entities = {"all"};
    chain = Build(config).release();
  }
  static void TearDownTestSuite() { delete chain; }

  static const policy::Chain* chain;
  const detect::Matcher& matcher() { return chain->matcher(); }
};
const policy::Chain* Rules::chain = nullptr;

RE2::Options OptionsOf(const Rule& rule) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!rule.ignore_case);
  return options;
}

TEST_F(Rules, CompileAndHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (detect::RuleId id = 0; id < matcher().size(); ++id) {
    const Rule& rule = matcher().rule(id);
    const RE2 expression(rule.pattern, OptionsOf(rule));
    EXPECT_TRUE(expression.ok()) << rule.id << ": " << expression.error();
    EXPECT_LE(rule.group, expression.NumberOfCapturingGroups()) << rule.id;
    EXPECT_TRUE(names.insert(rule.id).second) << rule.id;
  }
}

TEST_F(Rules, LetAnswersStream) {
  EXPECT_TRUE(matcher().streamable());
  for (const detect::RuleId id : matcher().unbounded()) ADD_FAILURE() << matcher().rule(id).id;
}

TEST_F(Rules, AreMatchedByTheirPrefixFormFromTheFirstCharacterOn) {
  detect::RegexSampler sampler(3);
  for (detect::RuleId id = 0; id < matcher().size(); ++id) {
    const Rule& rule = matcher().rule(id);
    if (!rule.output) continue;
    const RE2 whole(rule.pattern, OptionsOf(rule));
    const auto form = detect::DerivePrefix(rule.pattern, rule.ignore_case);
    ASSERT_TRUE(form.ok()) << rule.id;
    const RE2 prefix(form->pattern, RE2::Quiet);
    const detect::RegexNode tree =
        std::move(detect::ParseRegex(rule.pattern, rule.ignore_case)).value();
    int seen = 0;
    for (int i = 0; i < 60; ++i) {
      const std::string match = sampler.Sample(tree);
      if (!RE2::FullMatch(match, whole)) continue;
      ++seen;
      for (size_t end = 1; end <= match.size(); ++end) {
        if (end < match.size() && (static_cast<unsigned char>(match[end]) & 0xC0) == 0x80) continue;
        ASSERT_TRUE(RE2::FullMatch(match.substr(0, end), prefix)) << rule.id << ": " << match;
      }
      ASSERT_LE(match.size(), form->max_bytes.value_or(match.size())) << rule.id << ": " << match;
    }
    EXPECT_GT(seen, 0) << rule.id << ": the sampler made no match";
  }
}

TEST_F(Rules, GiveTheSameTextInStreamsAndWhole) {
  detect::RegexSampler sampler(4);
  const char* const filler[] = {
      "The answer is ", " ", "\n", "1", "call me at ", "é", ", ", "x", "ssn "};
  for (detect::RuleId id = 0; id < matcher().size(); ++id) {
    const Rule& rule = matcher().rule(id);
    if (!rule.output) continue;
    const detect::RegexNode tree =
        std::move(detect::ParseRegex(rule.pattern, rule.ignore_case)).value();
    std::string text;
    for (int i = 0; i < 3; ++i) {
      text += filler[sampler.Below(std::size(filler))];
      text += sampler.Sample(tree);
      text += filler[sampler.Below(std::size(filler))];
    }
    const std::string whole = Judge(*chain, text, policy::Phase::kOutput).text;
    for (const size_t step : {size_t{1}, size_t{3}, size_t{7}, size_t{64}}) {
      bool blocked = false;
      const std::string out = Streamed(*chain, text, step, &blocked);
      if (blocked) {  // held too long: then nothing of it may have left
        EXPECT_TRUE(whole.starts_with(out)) << rule.id;
      } else {
        EXPECT_EQ(out, whole) << rule.id << " in pieces of " << step;
      }
    }
  }
}

}  // namespace
}  // namespace kt::policies
