// What was derived of the packs' expressions when the project was built is what is derived now.
#include <gtest/gtest.h>

#include "../detect/same_facts.h"
#include "core/policies/registry.h"

namespace kt::policies {
namespace {

using detect::DeriveFacts;
using detect::Rule;
using detect::RuleFacts;

// Compares what the binary holds for each rule that is asked about.
class Comparing final : public detect::KnownFacts {
 public:
  std::unique_ptr<RuleFacts> Find(const Rule& rule) const override {
    ++asked;
    std::unique_ptr<RuleFacts> facts = EmbeddedFacts()->Find(rule);
    if (facts == nullptr) {
      ADD_FAILURE() << rule.id << ": not known";
    } else {
      EXPECT_TRUE(SameFacts(*facts, DeriveFacts(rule.pattern, rule.ignore_case, rule.group)))
          << rule.id;
    }
    return facts;
  }
  mutable size_t asked = 0;
};

config::PolicyConfig FullChain() {
  config::PolicyConfig config;
  for (const char* kind : {"prompt-injection", "pii-detector", "safety-filter", "dlp-filter"}) {
    config.chain.emplace_back().kind = kind;
  }
  return config;
}

size_t Compare(const config::PolicyConfig& config) {
  const Comparing known;
  BuildOptions options;
  options.facts = &known;
  std::vector<std::string> warnings;
  EXPECT_TRUE(BuildChain(config, options, &warnings).ok());
  return known.asked;
}

TEST(EmbeddedFacts, AreThoseOfEveryRuleOfTheDefaultChain) {
  EXPECT_GT(Compare(FullChain()), 150u);
}

TEST(EmbeddedFacts, AreThoseOfRulesThatAreOffByDefault) {
  for (const char* level : {"high", "restricted"}) {
    config::PolicyConfig config = FullChain();
    config.prompt_injection.enforce_delimiters = true;
    config.prompt_injection.reject_fake_boundaries = true;
    config.pii_detector.entities = {"ALL"};
    config.pii_detector.include_private_ips = true;
    config.dlp_filter.sensitivity_level = level;
    EXPECT_GT(Compare(config), Compare(FullChain()));
  }
  for (const bool healthcare : {false, true}) {
    config::PolicyConfig config = FullChain();
    config.pii_detector.healthcare_mode = healthcare;
    config.pii_detector.pci_mode = !healthcare;
    EXPECT_GT(Compare(config), 150u);
  }
}

TEST(EmbeddedFacts, ArePartOfNoUsersPattern) {
  config::PolicyConfig config = FullChain();
  const size_t shipped = Compare(config);
  config.prompt_injection.attack_patterns = {"open the pod bay"};
  config.pii_detector.detect_patterns = {"employee [0-9]{6}"};
  config.dlp_filter.detect_patterns = {"project x"};
  config.dlp_filter.blocked_terms = {"falcon"};
  EXPECT_EQ(Compare(config), shipped);
}

TEST(EmbeddedFacts, ArePartOfNoDirectorysRules) {
  const Comparing known;
  BuildOptions options;
  options.packs = PacksInDirectory(KT_SOURCE_DIR "/policies");
  options.facts = &known;
  std::vector<std::string> warnings;
  ASSERT_TRUE(BuildChain(FullChain(), options, &warnings).ok());
  EXPECT_EQ(known.asked, 0u);
}

}  // namespace
}  // namespace kt::policies
