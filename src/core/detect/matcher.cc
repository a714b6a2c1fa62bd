#include "core/detect/matcher.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/detect/fuzzy.h"
#include "core/detect/rule_search.h"
#include "core/detect/work_budget.h"

namespace kt::detect {
namespace {

constexpr int64_t kSetMemoryBytes = int64_t{12} << 20;
// How far a set with rules of users looks until somebody asks what it has cost.
constexpr size_t kSetPieceBytes = size_t{32} << 10;
constexpr size_t kCodePointBytes = 4;

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
  bool own = false;         // some are not of the shipped packs
  size_t window = 0;  // bytes of the longest match of those that have one (RuleSearch::window)
  FuzzyMatcher fuzzy;
};

}  // namespace

struct Matcher::Impl {
  std::vector<std::unique_ptr<RuleSearch>> rules;
  ScopeSet scopes[2];
  Prefilter beginnings;          // of the output rules
  std::vector<RuleId> held;      // the output rules that hold streams back
  std::vector<RuleId> anywhere;  // those of them that may begin anywhere
  std::vector<RuleId> unbounded;
  size_t longest = 0;
  bool own = false;  // see has_own_rules

  Status Compile(Rule rule, const KnownFacts* known);
  void AddFuzzy(const Rule& rule);
  Status AddToScopes(RuleId id);
  Status Finish();
  Status FindRest(const ScopeSet& scope, std::string_view text, size_t from, const Look& look,
                  std::vector<Match>* out) const;
  Status FindHits(const ScopeSet& scope, std::string_view text, size_t start, WorkBudget* budget,
                  std::vector<bool>* hits) const;
};

Status Matcher::Impl::Compile(Rule rule, const KnownFacts* known) {
  own = own || !rule.trusted;
  auto compiled = std::make_unique<RuleSearch>(std::move(rule));
  if (compiled->rule.fuzzy_distance > 0) {
    AddFuzzy(compiled->rule);
    rules.push_back(std::move(compiled));
    return Status::Ok();
  }
  if (Status status = compiled->Prepare(known); !status.ok()) return status;
  if (compiled->rule.output) {
    longest = std::max(longest, compiled->max_bytes.value_or(0));
    if (!compiled->max_bytes) unbounded.push_back(static_cast<RuleId>(rules.size()));
  }
  rules.push_back(std::move(compiled));
  return AddToScopes(static_cast<RuleId>(rules.size() - 1));
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

// What only this needs is given back rule by rule: all of it at once would be most of the memory.
Status Matcher::Impl::AddToScopes(RuleId id) {
  RuleSearch& rule = *rules[id];
  for (const Scope scope : {Scope::kInput, Scope::kOutput}) {
    if (!(scope == Scope::kInput ? rule.rule.input : rule.rule.output)) continue;
    ScopeSet& target = scopes[static_cast<size_t>(scope)];
    if (rule.required) {
      target.prefilter.Add(id, *rule.required, rule.folds(), rule.repeats());
      continue;
    }
    if (target.set == nullptr) {
      target.set =
          std::make_unique<RE2::Set>(QuietOptions(false, kSetMemoryBytes), RE2::UNANCHORED);
    }
    std::string error;
    if (target.set->Add(rule.Loose(), &error) < 0) {
      return Status::InvalidArgument(rule.rule.id + ": " + error);
    }
    target.ids.push_back(id);
    target.own = target.own || !rule.rule.trusted;
    target.window = std::max(target.window, rule.window());
  }
  if (rule.rule.output && rule.begins()) {
    held.push_back(id);
    if (rule.beginnings) {
      beginnings.AddBeginnings(id, *rule.beginnings, rule.reach());
    } else {
      anywhere.push_back(id);
    }
  }
  rule.Release();
  return Status::Ok();
}

Status Matcher::Impl::Finish() {
  for (ScopeSet& scope : scopes) {
    scope.prefilter.Finish();
    if (scope.set != nullptr && !scope.set->Compile()) {
      return Status::ResourceExhausted("the rules need too much memory");
    }
  }
  beginnings.Finish();
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
    if (Status status = impl.Compile(std::move(rule), known_); !status.ok()) return status;
  }
  if (Status status = impl.Finish(); !status.ok()) return status;
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
bool Matcher::has_own_rules() const noexcept {
  return impl_->own;
}
const std::vector<RuleId>& Matcher::unbounded() const noexcept {
  return impl_->unbounded;
}
size_t Matcher::longest_match_bytes() const noexcept {
  return impl_->longest;
}

bool Matcher::IsWithin(size_t bytes, Scope scope) const noexcept {
  return std::all_of(impl_->rules.begin(), impl_->rules.end(), [&](const auto& search) {
    const Rule& rule = search->rule;
    if (!(scope == Scope::kInput ? rule.input : rule.output)) return true;
    return rule.fuzzy_distance == 0 && search->max_bytes && *search->max_bytes <= bytes;
  });
}

// Which rules of the set match at all. In pieces where that may cost much: what may match for ever
// is then looked for in any case.
Status Matcher::Impl::FindHits(const ScopeSet& scope, std::string_view text, size_t start,
                               WorkBudget* budget, std::vector<bool>* hits) const {
  hits->assign(scope.ids.size(), false);
  const bool pieces = scope.own && text.size() - start > kSetPieceBytes;
  for (size_t i = 0; pieces && i < hits->size(); ++i) {
    (*hits)[i] = rules[scope.ids[i]]->window() == 0;
  }
  std::vector<int> found;
  for (size_t end = start; end < text.size();) {
    start = PreviousCodePoint(text, std::max(start, end));
    end = pieces ? std::min(start + kSetPieceBytes, text.size()) : text.size();
    if (scope.own && !budget->Spend(end - start)) {
      return Status::ResourceExhausted("the rules cost too much on this text");
    }
    // Matches that begin in the piece, and the code point behind them.
    size_t limit = end + std::min(scope.window + kCodePointBytes, text.size() - end);
    while (limit < text.size() && IsUtf8Tail(text[limit])) ++limit;
    RE2::Set::ErrorInfo error{};
    const re2::StringPiece piece(text.data() + start, limit - start);
    if (!scope.set->Match(piece, &found, &error) && error.kind != RE2::Set::kNoError) {
      return Status::ResourceExhausted("the matcher's memory limit was reached");
    }
    for (const int hit : found) (*hits)[static_cast<size_t>(hit)] = true;
  }
  return Status::Ok();
}

// The rules without a literal.
Status Matcher::Impl::FindRest(const ScopeSet& scope, std::string_view text, size_t from,
                               const Look& look, std::vector<Match>* out) const {
  // One code point of context is what \b, \B and (?m)^ look at.
  const size_t start = PreviousCodePoint(text, from);
  std::vector<bool> hits;
  if (Status s = FindHits(scope, text, start, look.budget, &hits); !s.ok()) return s;
  for (size_t i = 0; i < hits.size(); ++i) {
    if (!hits[i]) continue;
    const RuleId id = scope.ids[i];
    const size_t before = out->size();
    if (Status s = rules[id]->FindAnywhere(id, text, from, look, out); !s.ok()) return s;
    look.budget->Keep(out->size() - before);
  }
  return Status::Ok();
}

Status Matcher::FindAll(std::string_view text, size_t from, Scope scope, std::vector<Match>* out,
                        Passages* passages, WorkBudget* budget, Writing* writing) const {
  const ScopeSet& rules = impl_->scopes[static_cast<size_t>(scope)];
  if (from >= text.size()) return Status::Ok();
  WorkBudget own_budget;
  if (budget == nullptr) budget = &own_budget;
  budget->Begin(text.size() - from);
  const size_t old_size = out->size();
  const Look look = {budget, writing, passages};
  Candidates candidates;
  rules.prefilter.Find(text, from, &candidates, passages);
  for (const Candidates::OfRule& of_rule : candidates.rules()) {
    const RuleSearch& rule = *impl_->rules[of_rule.rule];
    const size_t before = out->size();
    const Status status =
        rule.FindNear(of_rule.rule, text, from, candidates, of_rule.head, look, out);
    if (!status.ok()) return status;
    budget->Keep(out->size() - before);
  }
  if (passages != nullptr) {
    for (size_t i = old_size; i < out->size(); ++i) {
      passages->Spoil((*out)[i].whole_begin, (*out)[i].end);
    }
  }
  if (rules.set != nullptr) {
    if (Status status = impl_->FindRest(rules, text, from, look, out); !status.ok()) {
      return status;
    }
  }
  if (!rules.fuzzy.empty() && !rules.fuzzy.FindAll(text, from, out, budget)) {
    return Status::ResourceExhausted("terms that may be misspelt cost too much on this text");
  }
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
  const auto& rules = impl_->rules;
  const auto holds = [&](uint32_t rule, size_t at) { return rules[rule]->HoldsAt(text, at); };
  const std::optional<size_t> first = impl_->beginnings.FirstBeginning(text, from, holds);
  size_t hold = first.value_or(text.size());
  for (const RuleId id : first ? impl_->anywhere : impl_->held) {
    hold = std::min(hold, rules[id]->HoldFrom(text, from));
  }
  const FuzzyMatcher& fuzzy = impl_->scopes[static_cast<size_t>(Scope::kOutput)].fuzzy;
  if (!fuzzy.empty()) hold = std::min(hold, fuzzy.HoldFrom(text, from));
  return hold;
}

}  // namespace kt::detect
