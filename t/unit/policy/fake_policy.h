// A policy whose rules say what they do, for tests of the chain.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/policy/chain.h"

namespace kt::policy {

struct FakeRule {
  std::string pattern;
  Effect effect = Effect::kRedact;
  std::string marker = "[X]";
  std::string type = "X";
  int group = 0;
};

class FakePolicy : public Policy {
 public:
  FakePolicy(std::string kind, std::vector<FakeRule> rules)
      : kind_(std::move(kind)), rules_(std::move(rules)), code_(kind_) {}

  std::string_view kind() const noexcept override { return kind_; }
  bool RunsIn(Phase phase) const noexcept override { return phase == Phase::kInput || output; }
  std::string_view block_message() const noexcept override { return "no"; }
  bool needs_whole_answer() const noexcept override { return whole; }
  bool needs_something_found() const noexcept override { return needs_match; }
  Status Evaluate(const TextUnit& unit, std::span<const detect::Match> matches,
                  Evaluation* out) const override {
    ++asked;
    if (fails) return Status::Internal("broken");
    for (const detect::Match& match : matches) {
      const FakeRule& rule = rules_[match.rule - first];
      const char* what = rule.effect == Effect::kRedact ? ".redacted" : ".blocked";
      codes_.push_back(std::make_unique<std::string>(code_ + what));
      out->findings.push_back(
          {match.begin, match.end, rule.effect, rule.type, rule.marker, *codes_.back()});
    }
    if (score >= 0) out->score = score + static_cast<double>(unit.text.size()) / 1000;
    return Status::Ok();
  }

  bool output = true, whole = false, fails = false, needs_match = false;
  double score = -1;
  mutable size_t asked = 0;  // how many texts it has judged
  detect::RuleId first = 0;
  const std::vector<FakeRule>& rules() const { return rules_; }

 private:
  std::string kind_;
  std::vector<FakeRule> rules_;
  std::string code_;
  mutable std::vector<std::unique_ptr<std::string>> codes_;
};

inline std::unique_ptr<const Chain> MakeChain(std::vector<std::unique_ptr<FakePolicy>> policies,
                                              std::vector<Condition> when = {}) {
  detect::Matcher::Builder builder;
  std::vector<ChainEntry> entries;
  for (size_t i = 0; i < policies.size(); ++i) {
    ChainEntry entry;
    for (const FakeRule& fake : policies[i]->rules()) {
      detect::Rule rule;
      rule.id = fake.pattern;
      rule.pattern = fake.pattern;
      rule.group = fake.group;
      rule.output = true;
      const detect::RuleId id = builder.Add(rule);
      if (entry.end_rule == 0) entry.first_rule = policies[i]->first = id;
      entry.end_rule = id + 1;
    }
    if (i < when.size()) entry.when = when[i];
    entry.policy = std::move(policies[i]);
    entries.push_back(std::move(entry));
  }
  auto matcher = std::move(builder).Build();
  return std::make_unique<Chain>(std::move(entries), std::move(matcher).value());
}

template <typename... Policies>
std::vector<std::unique_ptr<FakePolicy>> List(Policies... policies) {
  std::vector<std::unique_ptr<FakePolicy>> out;
  (out.push_back(std::move(policies)), ...);
  return out;
}

inline std::unique_ptr<FakePolicy> Fake(std::string kind, std::vector<FakeRule> rules) {
  return std::make_unique<FakePolicy>(std::move(kind), std::move(rules));
}

inline std::string Applied(std::string_view text, const std::vector<TextEdit>& edits,
                           size_t begin = 0, size_t end = std::string_view::npos) {
  std::string out;
  size_t at = begin;
  for (const TextEdit& edit : edits) {
    out.append(text.substr(at, edit.begin - at)).append(edit.replacement);
    at = edit.end;
  }
  return out.append(text.substr(at, end == std::string_view::npos ? end : end - at));
}

}  // namespace kt::policy
