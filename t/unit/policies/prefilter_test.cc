// The rules of the packs, filtered against unfiltered: the prefilter loses no match of any.
#include "core/detect/prefilter.h"

#include <gtest/gtest.h>

#include "../detect/known_passages.h"
#include "../detect/unfiltered.h"
#include "chain_fixture.h"

namespace kt::policies {
namespace {

// With every entity and every category.
std::unique_ptr<const policy::Chain> BuildAll() {
  config::PolicyConfig config = ConfigWith({"prompt-injection", "pii-detector", "safety-filter"});
  config.safety_filter.mode = "strict";
  config.pii_detector.entities = {"all"};
  return Build(config);
}

// Of any rule, what its pattern matches, or nearly.
std::string HardTextOf(const detect::Matcher& matcher, detect::RegexSampler* sampler) {
  const detect::Rule& rule = matcher.rule(sampler->Below(matcher.size()));
  const auto tree = detect::ParseRegex(rule.pattern, rule.ignore_case);
  EXPECT_TRUE(tree.ok()) << rule.id;
  return tree.ok() ? detect::HardText(tree.value(), sampler) : std::string();
}

TEST(PrefilterOfThePacks, LosesNoMatchOfAnyRule) {
  const auto chain = BuildAll();
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
  const auto chain = BuildAll();
  const detect::Matcher& matcher = chain->matcher();
  const detect::Unfiltered unfiltered(matcher);
  detect::RegexSampler sampler(9);
  for (int round = 0; round < 25; ++round) {
    std::string unit;
    while (unit.size() < 20 + 40 * sampler.Below(20)) {
      unit += HardTextOf(matcher, &sampler) + "12-34 5678 ";
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

// Long texts of passages that are known from others.
TEST(PrefilterOfThePacks, LosesNoMatchBesideKnownPassages) {
  const auto chain = BuildAll();
  const detect::Matcher& matcher = chain->matcher();
  const detect::Unfiltered unfiltered(matcher);
  detect::RegexSampler sampler(10);
  detect::KnownPassages memory;
  const auto hard = [&] { return HardTextOf(matcher, &sampler); };
  // Words with a little of what rules look for, cut off, so that most of it is clean.
  std::vector<std::string> parts;
  for (int i = 0; i < 8; ++i) {
    std::string& part = parts.emplace_back();
    while (part.size() < 9000) {
      for (size_t letters = 2 + sampler.Below(8); letters > 0; --letters) {
        part += static_cast<char>('a' + sampler.Below(26));
      }
      part += sampler.Below(12) == 0 ? ".\n" : " ";
      if (sampler.Below(150) == 0) part += hard().substr(0, 12) + " ";
    }
    // Letters that fold to ASCII spoil all of a text.
    std::erase_if(part, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  }
  size_t known = 0, found = 0;
  for (int round = 0; round < 60; ++round) {
    std::string text = hard();
    for (size_t n = 1 + sampler.Below(3); n > 0; --n) {
      text += parts[sampler.Below(parts.size())];
      if (sampler.Below(2) == 0) text += hard();
    }
    detect::Passages passages;
    known += memory.Begin(text, &passages);
    std::vector<detect::Match> matches;
    ASSERT_TRUE(matcher.FindAll(text, 0, detect::Scope::kInput, &matches, &passages).ok());
    ASSERT_EQ(detect::Spans(matches), unfiltered.Find(text, 0, detect::Scope::kInput)) << text;
    memory.Keep(text, passages);
    found += matches.size();
  }
  EXPECT_GT(known, 60u);
  EXPECT_GT(found, 60u);
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
