#include "core/detect/matcher.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/detect/fuzzy.h"
#include "core/detect/rule_search.h"

namespace kt::detect {
namespace {

constexpr int64_t kSetMemoryBytes = int64_t{12} << 20;
constexpr int64_t kHoldMemoryBytes = int64_t{1} << 20;
// RE2 takes time quadratic in the number of ways out to compile an expression, and a state of the
// automaton lists them all: several expressions of this size are faster than one.
constexpr size_t kHoldPatternBytes = 4096;

// Rules are held back by class of length, so that a table of numbers does not wait as long as a
// key may be: within a window the loose prefix forms decide.
constexpr std::array<size_t, 3> kHoldWindows = {48, kMaxMatchBytes, kMaxDeclaredBytes};

size_t PreviousCodePoint(std::string_view text, size_t i) noexcept {
  while (i > 0 && IsUtf8Tail(text[--i])) {
  }
  return i;
}

// The rules of a scope: those with literals of their own behind the prefilter, the rest in a set.
struct ScopeSet {
  Prefilter prefilter;
  std::unique_ptr<RE2::Set> set;
  std::vector<RuleId> ids;  // by index in the set
  FuzzyMatcher fuzzy;
};

struct HoldClass {
  size_t window_bytes = 0;
  std::unique_ptr<RE2> expression;
};

}  // namespace

struct Matcher::Impl {
  std::vector<std::unique_ptr<RuleSearch>> rules;
  ScopeSet scopes[2];
  std::vector<HoldClass> holds;
  Prefilter beginnings;  // of the output rules
  bool knows_beginnings = true;
  std::vector<RuleId> unbounded;
  size_t longest = 0;

  Status Compile(Rule rule);
  void AddFuzzy(const Rule& rule);
  Status CompileSet(Scope scope);
  Status CompileHolds();
  Status FindRest(const ScopeSet& scope, std::string_view text, size_t from,
                  std::vector<Match>* out) const;
  Status AddHold(size_t window_bytes, const std::string& alternatives);
};

Status Matcher::Impl::Compile(Rule rule) {
  auto compiled = std::make_unique<RuleSearch>(std::move(rule));
  if (compiled->rule.fuzzy_distance > 0) {
    AddFuzzy(compiled->rule);
    rules.push_back(std::move(compiled));
    return Status::Ok();
  }
  if (Status status = compiled->Prepare(); !status.ok()) return status;
  if (compiled->rule.output) {
    longest = std::max(longest, compiled->max_bytes.value_or(0));
    if (!compiled->max_bytes) unbounded.push_back(static_cast<RuleId>(rules.size()));
  }
  rules.push_back(std::move(compiled));
  return Status::Ok();
}

// Under the id that the rule is about to get.
void Matcher::Impl::AddFuzzy(const Rule& rule) {
  const auto id = static_cast<RuleId>(rules.size());
  if (rule.input) scopes[0].fuzzy.Add(id, rule.pattern, rule.fuzzy_distance);
  if (!rule.output) return;
  FuzzyMatcher& fuzzy = scopes[1].fuzzy;
  fuzzy.Add(id, rule.pattern, rule.fuzzy_distance);
  longest = std::max(longest, fuzzy.longest_bytes());
}

Status Matcher::Impl::CompileSet(Scope scope) {
  ScopeSet& target = scopes[static_cast<size_t>(scope)];
  auto set = std::make_unique<RE2::Set>(QuietOptions(false, kSetMemoryBytes), RE2::UNANCHORED);
  for (RuleId id = 0; id < rules.size(); ++id) {
    const RuleSearch& rule = *rules[id];
    if (!(scope == Scope::kInput ? rule.rule.input : rule.rule.output)) continue;
    if (rule.rule.fuzzy_distance > 0) continue;
    if (rule.required) {
      target.prefilter.Add(id, rule.required->any_of);
      continue;
    }
    std::string error;
    if (set->Add(rule.loose, &error) < 0) {
      return Status::InvalidArgument(rule.rule.id + ": " + error);
    }
    target.ids.push_back(id);
  }
  target.prefilter.Finish();
  if (target.ids.empty()) return Status::Ok();
  if (!set->Compile()) return Status::ResourceExhausted("the rules need too much memory");
  target.set = std::move(set);
  return Status::Ok();
}

Status Matcher::Impl::AddHold(size_t window_bytes, const std::string& alternatives) {
  auto expression =
      std::make_unique<RE2>("(?:" + alternatives + ")\\z", QuietOptions(false, kHoldMemoryBytes));
  if (!expression->ok()) return Status::ResourceExhausted("hold-back: " + expression->error());
  holds.push_back({window_bytes, std::move(expression)});
  return Status::Ok();
}

Status Matcher::Impl::CompileHolds() {
  for (const auto& rule : rules) {
    if (!rule->rule.output || rule->prefix.empty()) continue;
    knows_beginnings &= rule->beginnings.has_value();
    if (rule->beginnings) beginnings.AddBeginnings(*rule->beginnings);
  }
  beginnings.Finish();
  size_t shorter = 0;
  for (const size_t window : kHoldWindows) {
    std::string all;
    for (const auto& rule : rules) {
      if (!rule->rule.output || rule->prefix.empty() || !rule->max_bytes) continue;
      if (*rule->max_bytes <= shorter || *rule->max_bytes > window) continue;
      if (!all.empty() && all.size() + rule->prefix.size() > kHoldPatternBytes) {
        if (Status status = AddHold(window, all); !status.ok()) return status;
        all.clear();
      }
      all += (all.empty() ? "" : "|") + rule->prefix;
    }
    shorter = window;
    if (all.empty()) continue;
    if (Status status = AddHold(window, all); !status.ok()) return status;
  }
  return Status::Ok();
}

RuleId Matcher::Builder::Add(Rule rule) {
  rules_.push_back(std::move(rule));
  return static_cast<RuleId>(rules_.size() - 1);
}

Result<std::unique_ptr<const Matcher>> Matcher::Builder::Build() && {
  std::unique_ptr<Matcher> matcher(new Matcher());
  matcher->impl_ = std::make_unique<Impl>();
  Impl& impl = *matcher->impl_;
  impl.rules.reserve(rules_.size());
  for (Rule& rule : rules_) {
    if (Status status = impl.Compile(std::move(rule)); !status.ok()) return status;
  }
  for (const Scope scope : {Scope::kInput, Scope::kOutput}) {
    if (Status status = impl.CompileSet(scope); !status.ok()) return status;
  }
  if (impl.unbounded.empty()) {
    if (Status status = impl.CompileHolds(); !status.ok()) return status;
  }
  return std::unique_ptr<const Matcher>(std::move(matcher));
}

Matcher::Matcher() = default;
Matcher::~Matcher() = default;

size_t Matcher::size() const noexcept {
  return impl_->rules.size();
}
const Rule& Matcher::rule(RuleId id) const noexcept {
  return impl_->rules[id]->rule;
}
bool Matcher::streamable() const noexcept {
  return impl_->unbounded.empty();
}
const std::vector<RuleId>& Matcher::unbounded() const noexcept {
  return impl_->unbounded;
}
size_t Matcher::longest_match_bytes() const noexcept {
  return impl_->longest;
}

// The rules without a literal: the set says which of them match at all.
Status Matcher::Impl::FindRest(const ScopeSet& scope, std::string_view text, size_t from,
                               std::vector<Match>* out) const {
  // One code point of context is what \b, \B and (?m)^ look at.
  const size_t start = PreviousCodePoint(text, from);
  std::vector<int> hits;
  RE2::Set::ErrorInfo error{};
  const re2::StringPiece piece(text.data() + start, text.size() - start);
  if (!scope.set->Match(piece, &hits, &error)) {
    if (error.kind == RE2::Set::kNoError) return Status::Ok();
    return Status::ResourceExhausted("the matcher's memory limit was reached");
  }
  for (const int hit : hits) {
    const RuleId id = scope.ids[static_cast<size_t>(hit)];
    if (Status status = rules[id]->FindAll(id, text, from, out); !status.ok()) return status;
  }
  return Status::Ok();
}

Status Matcher::FindAll(std::string_view text, size_t from, Scope scope,
                        std::vector<Match>* out) const {
  const ScopeSet& rules = impl_->scopes[static_cast<size_t>(scope)];
  if (from >= text.size()) return Status::Ok();
  const size_t old_size = out->size();
  Candidates candidates;
  rules.prefilter.Find(text, from, &candidates);
  for (const Candidates::OfRule& of_rule : candidates.rules()) {
    const RuleSearch& rule = *impl_->rules[of_rule.rule];
    const Status status = rule.FindNear(of_rule.rule, text, from, candidates, of_rule.head, out);
    if (!status.ok()) return status;
  }
  if (rules.set != nullptr) {
    if (Status status = impl_->FindRest(rules, text, from, out); !status.ok()) return status;
  }
  if (!rules.fuzzy.empty()) rules.fuzzy.FindAll(text, from, out);
  if (out->size() - old_size < 2) return Status::Ok();
  std::sort(out->begin() + static_cast<std::ptrdiff_t>(old_size), out->end(),
            [](const Match& a, const Match& b) {
              if (a.begin != b.begin) return a.begin < b.begin;
              return a.end != b.end ? a.end > b.end : a.rule < b.rule;
            });
  return Status::Ok();
}

size_t Matcher::HoldFrom(std::string_view text, size_t from) const {
  if (!streamable()) return from;
  size_t hold = text.size();
  const FuzzyMatcher& fuzzy = impl_->scopes[static_cast<size_t>(Scope::kOutput)].fuzzy;
  if (!fuzzy.empty()) hold = fuzzy.HoldFrom(text, from);
  if (impl_->knows_beginnings) from = impl_->beginnings.FirstBeginning(text, from);
  if (from >= hold) return hold;
  for (const HoldClass& hold_class : impl_->holds) {
    size_t start = text.size() - std::min(text.size(), hold_class.window_bytes);
    while (start > 0 && IsUtf8Tail(text[start])) --start;
    // Only the longest class may be exceeded: what it holds beyond its bound must stay held.
    if (hold_class.window_bytes == kMaxDeclaredBytes || start < from) start = from;
    re2::StringPiece found;
    if (start < hold &&
        hold_class.expression->Match(re2::StringPiece(text.data(), text.size()), start, text.size(),
                                     RE2::UNANCHORED, &found, 1)) {
      hold = std::min(hold, static_cast<size_t>(found.data() - text.data()));
    }
  }
  return hold;
}

}  // namespace kt::detect
