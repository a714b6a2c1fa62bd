// Expressions at random, as users may write them: what the prefilter lets be found against all that
// is there. To look further than a build should: KT_SEED, KT_ROUNDS.
#include <gtest/gtest.h>

#include "../setting.h"
#include "unfiltered.h"

namespace kt::detect {
namespace {

class RandomPattern {
 public:
  explicit RandomPattern(uint32_t seed) : random_(seed) {}
  std::string Next() {
    std::string out;
    if (Below(3) == 0) out += Of({"^", R"(\b)", R"(\A)", R"(\B)", "(?m)^", "(?:^|x)", "(?i)"});
    out += Row(1);
    if (Below(3) == 0) out += Of({"$", R"(\b)", R"(\z)", R"((?:$|\W))", R"((?:\z|k))", "(?m)$"});
    return out;
  }
  size_t Below(size_t n) { return random_() % n; }

 private:
  std::string Of(std::initializer_list<const char*> list) {
    return list.begin()[Below(list.size())];
  }
  std::string Row(int depth) {
    std::string out;
    for (size_t i = 0, n = 1 + Below(4); i < n; ++i) out += Item(depth);
    return out;
  }
  std::string Item(int depth) {
    std::string item;
    const size_t kind = Below(depth > 0 ? 8 : 5);
    if (kind < 2) {
      item = Of({"secret", "k", "s", "key", "://", "@", "#", "sk-", "task", "ß", "é", "提示", "_",
                 "-", "\\.", " ", "x1", "Kiss"});
      return item;
    }
    if (kind < 5) {
      item = Of({R"(\d)", "[a-z]", "[A-Z0-9]", R"(\w)", ".", "[ks]", "[^a]", R"(\s)", "[é-ü]",
                 "[a-f0-9]", "[.:/-]", R"(\W)"});
    } else if (kind == 5) {
      item = "(?:" + Row(depth - 1) + "|" + Row(depth - 1) + ")";
    } else if (kind == 6) {
      item = "(?:" + Row(depth - 1) + Of({"", "", "$", "^", R"(\b)", R"(\z)"}) + ")";
    } else {
      return "(?:" + Row(depth - 1) + ")" + Of({"?", "{1,2}", "{2}"});
    }
    return item + Of({"", "", "?", "{2}", "{1,3}", "{0,4}", "{7}", "{3,12}"});
  }
  std::mt19937 random_;
};

TEST(RandomPatterns, LoseNoMatchToThePrefilter) {
  const uint32_t seed = Setting("KT_SEED", 17);
  RandomPattern patterns(seed);
  RegexSampler sampler(seed);
  size_t found = 0;
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 60); round < rounds; ++round) {
    Matcher::Builder builder;
    std::vector<RegexNode> trees;
    std::string all;
    while (trees.size() < 8) {
      Rule rule;
      rule.pattern = rule.id = patterns.Next();
      rule.ignore_case = patterns.Below(2) == 0;
      auto tree = ParseRegex(rule.pattern, rule.ignore_case);
      Matcher::Builder alone;
      alone.Add(rule);
      if (!tree.ok() || !std::move(alone).Build().ok()) continue;
      all += rule.pattern + (rule.ignore_case ? " (i)\n" : "\n");
      builder.Add(std::move(rule));
      trees.push_back(std::move(tree).value());
    }
    const auto matcher = std::move(builder).Build();
    ASSERT_TRUE(matcher.ok()) << all;
    const Unfiltered unfiltered(*matcher.value());
    for (int i = 0; i < 60; ++i) {
      std::string text = HardText(trees[sampler.Below(trees.size())], &sampler);
      switch (sampler.Below(5)) {
        case 0:
          text += HardText(trees[sampler.Below(trees.size())], &sampler);
          break;
        case 1:
          text = sampler.Sample(trees[sampler.Below(trees.size())]);
          break;
        case 2:
          text = std::string(sampler.Below(70), 'z') + " " +
                 sampler.Sample(trees[sampler.Below(trees.size())]);
          break;
        default:
          break;
      }
      size_t from = sampler.Below(4) == 0 ? sampler.Below(text.size() + 1) : 0;
      while (from < text.size() && IsUtf8Tail(text[from])) ++from;
      std::vector<Match> matches;
      if (!matcher.value()->FindAll(text, from, Scope::kInput, &matches).ok()) continue;
      ASSERT_EQ(Spans(matches), unfiltered.Find(text, from, Scope::kInput))
          << all << "round " << round << " from " << from << " of: " << text;
      found += matches.size();
    }
  }
  EXPECT_GT(found, 1000u);
}

}  // namespace
}  // namespace kt::detect
