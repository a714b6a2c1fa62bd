// What a matcher finds without its prefilter: every rule searched for in the whole text. And texts
// on which the two could differ.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/detect/rule_search.h"
#include "regex_sampler.h"

namespace kt::detect {

using Span = std::tuple<size_t, size_t, RuleId, size_t>;

inline std::vector<Span> Spans(const std::vector<Match>& matches) {
  std::vector<Span> out;
  for (const Match& m : matches) out.emplace_back(m.begin, m.end, m.rule, m.whole_begin);
  std::sort(out.begin(), out.end());
  return out;
}

class Unfiltered {
 public:
  explicit Unfiltered(const Matcher& matcher) {
    for (RuleId id = 0; id < matcher.size(); ++id) {
      rules_.push_back(std::make_unique<RuleSearch>(matcher.rule(id)));
      const Status ready = rules_.back()->Prepare();
      if (!ready.ok()) rules_.pop_back();
    }
  }
  std::vector<Span> Find(std::string_view text, size_t from, Scope scope) const {
    std::vector<Match> out;
    WorkBudget budget(SIZE_MAX / 2, uint64_t{1} << 60);
    for (RuleId id = 0; id < rules_.size(); ++id) {
      const Rule& rule = rules_[id]->rule;
      if (!(scope == Scope::kInput ? rule.input : rule.output)) continue;
      (void)rules_[id]->FindAll(id, text, from, {&budget}, &out);
    }
    return Spans(out);
  }
  const RuleSearch& rule(RuleId id) const { return *rules_[id]; }

 private:
  std::vector<std::unique_ptr<RuleSearch>> rules_;
};

// Two rules of each pattern: one for its matches, one for those without `word` in the context
// before them.
inline std::unique_ptr<const Matcher> RulesOf(std::initializer_list<const char*> patterns,
                                              const char* word) {
  Matcher::Builder builder;
  for (const char* pattern : patterns) {
    Rule rule;
    rule.id = pattern;
    rule.pattern = pattern;
    rule.trusted = true;
    builder.Add(rule);
    rule.id += " behind no word";
    rule.validate = [word](const Candidate& c) {
      return c.before(kContextBytes).find(word) == std::string_view::npos ? c.end - c.begin : 0;
    };
    builder.Add(std::move(rule));
  }
  return std::move(std::move(builder).Build()).value();
}

// Matches of the tree, whole, cut, changed and glued to what stands around them.
inline std::string HardText(const RegexNode& tree, RegexSampler* sampler) {
  static const char* const kGlue[] = {" ",      "x",    "1",  "_",    "-", ".",  "\n",
                                      "é",      "@",    ": ", "\"",   "",  "提", "\u017F",
                                      "\u212A", "the ", "\t", "2024", "+", "// "};
  std::string text;
  for (size_t part = sampler->Below(3) + 1; part-- > 0;) {
    text += kGlue[sampler->Below(std::size(kGlue))];
    std::string match = sampler->Sample(tree);
    if (!match.empty() && sampler->Below(4) == 0) {
      const size_t at = sampler->Below(match.size());
      switch (sampler->Below(4)) {
        case 0:
          match.erase(at, 1);
          break;
        case 1:
          match.insert(at, kGlue[sampler->Below(std::size(kGlue))]);
          break;
        case 2:
          match[at] = static_cast<char>(match[at] ^ 0x20);
          break;
        default:
          match = match.substr(at);
      }
    }
    text += match;
    text += kGlue[sampler->Below(std::size(kGlue))];
    if (sampler->Below(3) == 0) text += std::string(sampler->Below(80), ' ');
  }
  return text;
}

}  // namespace kt::detect
