#include "core/detect/facts_file.h"

#include <gtest/gtest.h>

#include "core/detect/facts_writer.h"
#include "same_facts.h"

namespace kt::detect {
namespace {

Rule RuleOf(std::string pattern, bool ignore_case = false, int group = 0) {
  Rule rule;
  rule.id = "test";
  rule.pattern = std::move(pattern);
  rule.ignore_case = ignore_case;
  rule.group = group;
  rule.trusted = true;
  return rule;
}

RuleFacts Derived(const Rule& rule) {
  return DeriveFacts(rule.pattern, rule.ignore_case, rule.group);
}

// Words, blanks, numbers and runs, with positions, conditions and a witness; without bounds,
// literals or a group's end; outside of what is understood.
std::vector<Rule> Rules() {
  return {RuleOf("\\b(?:ignore|forget|disregard)\\s{1,5}(?:all\\s{1,5})?(?:previous|prior) rules"),
          RuleOf("\\b(?:a|the|one)\\b.{0,40}(?:grenade|petard|explosive)s?\\b", true),
          RuleOf("\\beyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}"),
          RuleOf("\\b[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\\b"),
          RuleOf("\\b[A-Z0-9]{20,40}\\b"),
          RuleOf("(?:key|token)[:=] ?([a-z][a-z0-9]{15,60})", false, 1),
          RuleOf("\xC3\xA9t\xC3\xA9|\xE6\x97\xA5\xE6\x9C\xAC", true),
          RuleOf("."),
          RuleOf("x*"),
          RuleOf("(?i:what is|what was|whatever)  ?now"),
          RuleOf("\\Qa\\E")};
}

std::string FileOf(const std::vector<Rule>& rules) {
  FactsWriter writer;
  for (const Rule& rule : rules) writer.Add(rule, Derived(rule));
  Result<std::string> file = std::move(writer).Take();
  EXPECT_TRUE(file.ok());
  return file.ok() ? file.value() : std::string();
}

TEST(FactsFile, GivesBackWhatWasDerived) {
  const std::string bytes = FileOf(Rules());
  const FactsFile file(bytes);
  for (const Rule& rule : Rules()) {
    const auto facts = file.Find(rule);
    ASSERT_NE(facts, nullptr) << rule.pattern;
    EXPECT_TRUE(SameFacts(*facts, Derived(rule))) << rule.pattern;
  }
}

TEST(FactsFile, TheRulesOfTheTestHaveAllKindsOfFacts) {
  bool positions = false, conditions = false, witness = false, head = false, unknown = false;
  for (const Rule& rule : Rules()) {
    const RuleFacts facts = Derived(rule);
    head |= !facts.head.pattern.empty();
    unknown |= !facts.derived;
    if (!facts.required) continue;
    for (const Factor& factor : *facts.required) {
      positions |= factor.positions != nullptr;
      conditions |= !factor.conditions.empty();
      witness |= factor.witness != nullptr;
    }
  }
  EXPECT_TRUE(positions);
  EXPECT_TRUE(conditions);
  EXPECT_TRUE(witness);
  EXPECT_TRUE(head);
  EXPECT_TRUE(unknown);
}

TEST(FactsFile, KnowsNoOtherExpression) {
  const std::string bytes = FileOf(Rules());
  const FactsFile file(bytes);
  for (const Rule& rule : Rules()) {
    EXPECT_EQ(file.Find(RuleOf(rule.pattern, !rule.ignore_case, rule.group)), nullptr);
    EXPECT_EQ(file.Find(RuleOf(rule.pattern, rule.ignore_case, rule.group + 1)), nullptr);
    EXPECT_EQ(file.Find(RuleOf(rule.pattern + " ", rule.ignore_case, rule.group)), nullptr);
    EXPECT_EQ(file.Find(RuleOf(rule.pattern + '\0', rule.ignore_case, rule.group)), nullptr);
    std::string other = rule.pattern;
    for (char& c : other) {
      c ^= 1;
      EXPECT_EQ(file.Find(RuleOf(other, rule.ignore_case, rule.group)), nullptr);
      c ^= 1;
    }
  }
}

TEST(FactsFile, EmptyOrOfAnotherFormatKnowsNothing) {
  std::string bytes = FileOf(Rules());
  ++bytes[kFactsMagic.size() - 1];
  const Rule rule = Rules()[0];
  EXPECT_EQ(FactsFile(bytes).Find(rule), nullptr);
  EXPECT_EQ(FactsFile(std::string_view()).Find(rule), nullptr);
  EXPECT_EQ(FactsFile(FileOf({})).Find(rule), nullptr);
}

TEST(FactsFile, CutAnywhereSaysTheSameOrNothing) {
  const std::string bytes = FileOf(Rules());
  for (const size_t index : {0u, 3u, 5u}) {
    const Rule rule = Rules()[index];
    const RuleFacts derived = Derived(rule);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const std::string cut = bytes.substr(0, size);  // of its own: a sanitizer sees its end
      const auto facts = FactsFile(cut).Find(rule);
      EXPECT_TRUE(facts == nullptr || SameFacts(*facts, derived)) << size;
    }
  }
}

// Nothing but the bounds is looked at: the file is the build's own.
TEST(FactsFile, AnyByteMayBeWrong) {
  const std::string bytes = FileOf(Rules());
  const std::vector<Rule> rules = Rules();
  std::string damaged;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const char wrong : {'\x00', '\x7F', '\xFF'}) {
      damaged = bytes;
      damaged[i] = wrong;
      const FactsFile file(damaged);
      for (const Rule& rule : rules) {
        const auto facts = file.Find(rule);
        if (facts == nullptr || !facts->beginnings) continue;
        for (const FactorGroup& group : *facts->beginnings) {
          for (const FactorGroup::Text& text : group.texts) {
            ASSERT_TRUE(text.key != 0 && text.size() > 0);
          }
        }
      }
    }
  }
}

TEST(FactsFile, TheSameRulesMakeTheSameFile) {
  std::vector<Rule> rules = Rules();
  EXPECT_EQ(FileOf(rules), FileOf(Rules()));
  rules.push_back(rules[0]);
  EXPECT_EQ(FileOf(rules), FileOf(Rules()));
}

// Whom a matcher asks.
class Asked final : public KnownFacts {
 public:
  std::unique_ptr<RuleFacts> Find(const Rule& rule) const override {
    patterns.push_back(rule.pattern);
    return nullptr;
  }
  mutable std::vector<std::string> patterns;
};

TEST(KnownFacts, OnlyTrustedRulesAskForThem) {
  Asked asked;
  Matcher::Builder builder(&asked);
  Rule own = RuleOf("forty-two");
  own.trusted = false;
  builder.Add(own);
  builder.Add(RuleOf("forty-three"));
  Rule term = RuleOf("forty-four");
  term.fuzzy_distance = 1;
  builder.Add(term);
  ASSERT_TRUE(std::move(builder).Build().ok());
  EXPECT_EQ(asked.patterns, std::vector<std::string>{"forty-three"});
}

TEST(KnownFacts, WhatIsKnownDecidesWhatIsFound) {
  const Rule rule = RuleOf("\\bzebra crossing\\b");
  FactsWriter writer;
  writer.Add(rule, Derived(RuleOf("\\bother words\\b")));
  const std::string bytes = std::move(writer).Take().value();
  const FactsFile file(bytes);
  const auto count = [&](const KnownFacts* known) {
    Matcher::Builder builder(known);
    builder.Add(rule);
    const auto matcher = std::move(builder).Build();
    std::vector<Match> found;
    EXPECT_TRUE(matcher.value()->FindAll("a zebra crossing", 0, Scope::kInput, &found).ok());
    return found.size();
  };
  EXPECT_EQ(count(nullptr), 1u);
  EXPECT_EQ(count(&file), 0u);  // they are used, so their test is in policies/
}

}  // namespace
}  // namespace kt::detect
