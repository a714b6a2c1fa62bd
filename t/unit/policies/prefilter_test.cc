// The rules of the packs, filtered against unfiltered: the prefilter loses no match of any.
#include "core/detect/prefilter.h"

#include <gtest/gtest.h>

#include "../detect/unfiltered.h"
#include "chain_fixture.h"

namespace kt::policies {
namespace {

TEST(PrefilterOfThePacks, LosesNoMatchOfAnyRule) {
  config::PolicyConfig config = ConfigWith({"prompt-injection", "pii-detector", "safety-filter"});
  config.safety_filter.mode = "strict";
  config.pii_detector.entities = {"all"};
  const auto chain = Build(config);
  const detect::Matcher& matcher = chain->matcher();
  const detect::Unfiltered unfiltered(matcher);
  detect::RegexSampler sampler(8);
  for (detect::RuleId id = 0; id < matcher.size(); ++id) {
    const detect::Rule& rule = matcher.rule(id);
    const auto tree = detect::ParseRegex(rule.pattern, rule.ignore_case);
    ASSERT_TRUE(tree.ok()) << rule.id;
    for (int i = 0; i < 6; ++i) {
      const std::string text = detect::HardText(tree.value(), &sampler);
      for (const detect::Scope scope : {detect::Scope::kInput, detect::Scope::kOutput}) {
        std::vector<detect::Match> matches;
        ASSERT_TRUE(matcher.FindAll(text, 0, scope, &matches).ok());
        ASSERT_EQ(detect::Spans(matches), unfiltered.Find(text, 0, scope))
            << rule.id << ": " << text;
      }
    }
  }
}

// Long texts of candidates that come again, some of them changed.
TEST(PrefilterOfThePacks, LosesNoMatchOfWhatRepeats) {
  config::PolicyConfig config = ConfigWith({"prompt-injection", "pii-detector", "safety-filter"});
  config.pii_detector.entities = {"all"};
  const auto chain = Build(config);
  const detect::Matcher& matcher = chain->matcher();
  const detect::Unfiltered unfiltered(matcher);
  detect::RegexSampler sampler(9);
  for (int round = 0; round < 25; ++round) {
    std::string unit;
    while (unit.size() < 20 + 40 * sampler.Below(20)) {
      const detect::Rule& rule = matcher.rule(sampler.Below(matcher.size()));
      const auto tree = detect::ParseRegex(rule.pattern, rule.ignore_case);
      ASSERT_TRUE(tree.ok()) << rule.id;
      unit += detect::HardText(tree.value(), &sampler) + "12-34 5678 ";
    }
    std::string text;
    while (text.size() < 6000) text += unit + (sampler.Below(12) == 0 ? "- 9" : "");
    for (int i = 0; i < 4; ++i) text[sampler.Below(text.size())] = '7';
    for (const detect::Scope scope : {detect::Scope::kInput, detect::Scope::kOutput}) {
      std::vector<detect::Match> matches;
      ASSERT_TRUE(matcher.FindAll(text, 0, scope, &matches).ok());
      ASSERT_EQ(detect::Spans(matches), unfiltered.Find(text, 0, scope)) << text;
    }
  }
}

TEST(PrefilterOfThePacks, KnowsALiteralOfNearlyEveryRule) {
  config::PolicyConfig config = ConfigWith({"prompt-injection", "pii-detector", "safety-filter"});
  const auto chain = Build(config);
  size_t without = 0;
  std::string names;
  for (detect::RuleId id = 0; id < chain->matcher().size(); ++id) {
    const detect::Rule& rule = chain->matcher().rule(id);
    const auto tree = detect::ParseRegex(rule.pattern, rule.ignore_case);
    if (tree.ok() && detect::RequiredFactors(tree.value())) continue;
    ++without;
    names += rule.id + " ";
  }
  EXPECT_LE(without, chain->matcher().size() / 20) << names;
}

}  // namespace
}  // namespace kt::policies
