// Hostile texts that come again, in other roles and under other conditions, from what was kept of
// them and without it. To look further than a build should: KT_SEED, KT_ROUNDS.

#include "../setting.h"
#include "chain_fixture.h"
#include "hostile_text.h"

namespace kt::policies {
namespace {

struct Unit {
  std::string text;
  openai::Role role;
  openai::TextClass text_class;
  uint32_t group;
};

std::string JudgeAll(const policy::Chain& chain, const std::vector<Unit>& units, bool enforce,
                     policy::VerdictCache* cache, size_t* known) {
  policy::RunOptions options;
  options.cache = cache;
  options.enforce = enforce;
  policy::ChainRun run(chain, options);
  std::vector<policy::ChainRun::Text> texts(units.size());
  for (size_t i = 0; i < units.size(); ++i) {
    texts[i].unit.text = units[i].text;
    texts[i].unit.role = units[i].role;
    texts[i].unit.text_class = units[i].text_class;
    texts[i].group = units[i].group;
  }
  std::vector<std::vector<policy::TextEdit>> edits;
  const auto block = run.Judge(policy::Phase::kInput, texts, &edits);
  if (cache != nullptr) *known += run.cached_texts();
  std::string said = block ? block->reason_code + "@" + std::to_string(block->text_index) + ":" +
                                 std::to_string(block->begin) + "-" + std::to_string(block->end)
                           : "";
  for (const policy::ChainRun::Count& count : run.redactions()) {
    said += "\n" + std::string(count.type) + " " + std::to_string(count.count);
  }
  for (const policy::PolicyOutcome& outcome : run.outcomes()) {
    said += "\n" + std::string(outcome.kind) + " " + std::to_string(int(outcome.verdict)) + " " +
            outcome.reason_code + " " + std::to_string(outcome.score);
  }
  for (size_t i = 0; i < units.size() && !block; ++i) {
    said += "\n" + Edited(units[i].text, edits[i], 0, units[i].text.size());
    for (const policy::TextEdit& edit : edits[i]) said += " " + std::string(edit.type);
  }
  return said;
}

TEST(CachedTexts, SayTheSameInEveryRoleAndCondition) {
  config::PolicyConfig config =
      ConfigWith({"prompt-injection", "dlp-filter", "pii-detector", "safety-filter"});
  config.pii_detector.entities = {"all"};
  config.dlp_filter.action = config::Action::kRedact;
  config.dlp_filter.blocked_terms = {"acme-mail", "Steuer"};
  config.dlp_filter.detect_patterns = {"[A-Z]{2}[0-9]{2}"};
  config.prompt_injection.action = config::Action::kLog;
  config.safety_filter.action = config::Action::kLog;
  const auto redacting = Build(config);
  config.pii_detector.action = config::Action::kBlock;
  config.dlp_filter.action = config::Action::kLog;
  const auto blocking = Build(config);
  const auto cache = std::move(policy::VerdictCache::Make(4096)).value();
  HostileText hostile(*redacting, Setting("KT_SEED", 47));
  std::vector<std::string> known;
  size_t recalled = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 150); round < rounds; ++round) {
    std::vector<Unit> units;
    for (size_t i = 0, n = 1 + hostile.Below(4); i < n; ++i) {
      if (known.empty() || hostile.Below(2) == 0) known.push_back(hostile.Next());
      constexpr openai::Role kRoles[] = {openai::Role::kUser, openai::Role::kSystem,
                                         openai::Role::kAssistant, openai::Role::kTool};
      constexpr openai::TextClass kClasses[] = {openai::TextClass::kText,
                                                openai::TextClass::kIdentifier};
      const size_t last = std::min<size_t>(known.size(), 20);
      units.push_back({known[known.size() - 1 - hostile.Below(last)], kRoles[hostile.Below(4)],
                       kClasses[hostile.Below(5) == 0 ? 1 : 0],
                       static_cast<uint32_t>(hostile.Below(2))});
    }
    for (int again = 0; again < 3; ++again) {
      const policy::Chain& chain = hostile.Below(3) == 0 ? *blocking : *redacting;
      const bool enforce = hostile.Below(3) > 0;
      ASSERT_EQ(JudgeAll(chain, units, enforce, cache.get(), &recalled),
                JudgeAll(chain, units, enforce, nullptr, nullptr))
          << "round " << round << " again " << again;
    }
  }
  EXPECT_GT(recalled, 100u);
}

}  // namespace
}  // namespace kt::policies
