#include "core/detect/matcher.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "core/detect/prefix.h"

namespace kt::detect {
namespace {

constexpr int64_t kSetMemoryBytes = int64_t{12} << 20;
constexpr int64_t kRuleMemoryBytes = int64_t{2} << 20;
constexpr int64_t kHoldMemoryBytes = int64_t{1} << 20;
// RE2 takes time quadratic in the number of ways out to compile an expression, and a state of the
// automaton lists them all: several expressions of this size are faster than one.
constexpr size_t kHoldPatternBytes = 4096;
constexpr int kMaxGroup = 4;

// Rules are held back by class of length, so that a table of numbers does not wait as long as a
// key may be: within a window the loose prefix forms decide.
constexpr std::array<size_t, 3> kHoldWindows = {48, kMaxMatchBytes, kMaxDeclaredBytes};

// What an unbounded rule may cost on one text, in bytes looked at for each byte of it.
constexpr size_t kWorkPerByte = 64;
constexpr size_t kWorkFloor = size_t{1} << 20;
constexpr size_t kFirstWindow = 512;

RE2::Options QuietOptions(bool ignore_case, int64_t memory) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  options.set_max_mem(memory);
  return options;
}

bool IsTail(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}
size_t NextCodePoint(std::string_view text, size_t i) noexcept {
  do {
    ++i;
  } while (i < text.size() && IsTail(text[i]));
  return i;
}
size_t PreviousCodePoint(std::string_view text, size_t i) noexcept {
  while (i > 0 && IsTail(text[--i])) {
  }
  return i;
}

// A rule and its two expressions, each made when it is first needed (as RE2 makes its automata).
class Compiled {
 public:
  explicit Compiled(Rule r) : rule(std::move(r)) {}

  // Null when it does not compile; *error says why.
  const RE2* Expression(std::string* error = nullptr) const {
    std::call_once(expression_once_, [&] {
      expression_ =
          std::make_unique<RE2>(rule.pattern, QuietOptions(rule.ignore_case, kRuleMemoryBytes));
    });
    if (error != nullptr) *error = expression_->error();
    return expression_->ok() ? expression_.get() : nullptr;
  }
  // pre(R) at the end of the text.
  const RE2* Hold() const {
    std::call_once(hold_once_, [&] {
      hold_ = std::make_unique<RE2>("(?:" + prefix + ")\\z", QuietOptions(false, kRuleMemoryBytes));
    });
    return hold_->ok() ? hold_.get() : nullptr;
  }

  const Rule rule;
  std::string prefix, loose;
  bool derived = false;             // prefix and bound are known
  bool bounded = false;             // by kMaxMatchBytes
  std::optional<size_t> max_bytes;  // declared or derived

 private:
  mutable std::once_flag expression_once_, hold_once_;
  mutable std::unique_ptr<RE2> expression_, hold_;
};

struct ScopeSet {
  std::unique_ptr<RE2::Set> set;
  std::vector<RuleId> ids;  // by index in the set
};

struct HoldClass {
  size_t window_bytes = 0;
  std::unique_ptr<RE2> expression;
};

}  // namespace

struct Matcher::Impl {
  std::vector<std::unique_ptr<Compiled>> rules;
  ScopeSet scopes[2];
  std::vector<HoldClass> holds;
  std::vector<RuleId> unbounded;
  size_t longest = 0;

  Status Compile(Rule rule);
  Status CompileSet(Scope scope);
  Status CompileHolds();
  Status AddHold(size_t window_bytes, const std::string& alternatives);
  Status FindRule(RuleId id, std::string_view text, size_t from, std::vector<Match>* out) const;
};

namespace {

struct Found {
  size_t whole_begin = 0, begin = 0, end = 0;
};

enum class Search { kFound, kNone, kTooMuchWork };

// The leftmost match in [pos, limit) of the text; beyond is context.
bool SearchWindow(const RE2& expression, int group, std::string_view text, size_t pos, size_t limit,
                  Found* found) {
  re2::StringPiece groups[kMaxGroup + 1];
  if (!expression.Match(re2::StringPiece(text.data(), text.size()), pos, limit, RE2::UNANCHORED,
                        groups, group + 1)) {
    return false;
  }
  found->whole_begin = static_cast<size_t>(groups[0].data() - text.data());
  found->begin = found->end = found->whole_begin;
  if (groups[group].data() != nullptr) {
    found->begin = static_cast<size_t>(groups[group].data() - text.data());
    found->end = found->begin + groups[group].size();
  }
  return true;
}

// As SearchWindow over the whole rest, but looks no further ahead than it must: RE2 reads on for
// as long as some beginning of a match is alive, which for an unbounded rule can be the whole text
// at every match. Doubles the window until nothing before the found match is alive at its end.
Search SearchUnbounded(const RE2& expression, const RE2& hold_expression, int group,
                       std::string_view text, size_t pos, size_t* work, Found* found) {
  for (size_t window = kFirstWindow;; window *= 2) {
    size_t limit = pos + std::min(window, text.size() - pos);
    while (limit < text.size() && IsTail(text[limit])) ++limit;
    if (*work < limit - pos) return Search::kTooMuchWork;
    *work -= limit - pos;
    const bool hit = SearchWindow(expression, group, text, pos, limit, found);
    if (limit == text.size()) return hit ? Search::kFound : Search::kNone;
    re2::StringPiece alive;
    const bool held = hold_expression.Match(re2::StringPiece(text.data(), limit), pos, limit,
                                            RE2::UNANCHORED, &alive, 1);
    const size_t hold = held ? static_cast<size_t>(alive.data() - text.data()) : limit;
    if (hit && found->whole_begin < hold) return Search::kFound;
    if (!hit && hold - pos > window / 2) {  // nothing begins before `hold`
      pos = hold;
      window = kFirstWindow / 2;
    }
  }
}

}  // namespace

Status Matcher::Impl::Compile(Rule rule) {
  auto compiled = std::make_unique<Compiled>(std::move(rule));
  const Rule& own = compiled->rule;
  if (!own.trusted) {
    std::string error;
    const RE2* expression = compiled->Expression(&error);
    if (expression == nullptr) return Status::InvalidArgument(own.id + ": " + error);
    if (own.group > expression->NumberOfCapturingGroups()) {
      return Status::InvalidArgument(own.id + ": the pattern has no such group");
    }
  }
  if (own.group < 0 || own.group > kMaxGroup) {
    return Status::InvalidArgument(own.id + ": the pattern has no such group");
  }
  Result<PrefixForm> form = DerivePrefix(own.pattern, own.ignore_case);
  if (form.ok()) {
    compiled->derived = true;
    compiled->prefix = form->pattern;
    compiled->loose = form->loose;
    compiled->max_bytes = form->max_bytes;
  } else {
    compiled->loose = (own.ignore_case ? "(?i:" : "(?:") + own.pattern + ")";
  }
  compiled->bounded = compiled->max_bytes && *compiled->max_bytes <= kMaxMatchBytes;
  if (!compiled->bounded) {
    compiled->max_bytes.reset();
    if (compiled->derived && own.max_match_bytes != 0) {
      compiled->max_bytes = std::min(own.max_match_bytes, kMaxDeclaredBytes);
    }
  }
  if (own.output && compiled->max_bytes) longest = std::max(longest, *compiled->max_bytes);
  if (own.output && !compiled->max_bytes) unbounded.push_back(static_cast<RuleId>(rules.size()));
  rules.push_back(std::move(compiled));
  return Status::Ok();
}

Status Matcher::Impl::CompileSet(Scope scope) {
  ScopeSet& target = scopes[static_cast<size_t>(scope)];
  auto set = std::make_unique<RE2::Set>(QuietOptions(false, kSetMemoryBytes), RE2::UNANCHORED);
  for (RuleId id = 0; id < rules.size(); ++id) {
    const Compiled& rule = *rules[id];
    if (!(scope == Scope::kInput ? rule.rule.input : rule.rule.output)) continue;
    std::string error;
    if (set->Add(rule.loose, &error) < 0) {
      return Status::InvalidArgument(rule.rule.id + ": " + error);
    }
    target.ids.push_back(id);
  }
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

Status Matcher::Impl::FindRule(RuleId id, std::string_view text, size_t from,
                               std::vector<Match>* out) const {
  const Compiled& rule = *rules[id];
  const int group = rule.rule.group;
  const RE2* expression = rule.Expression();
  const RE2* hold = rule.bounded || !rule.derived ? nullptr : rule.Hold();
  if (expression == nullptr || (hold == nullptr && rule.derived && !rule.bounded) ||
      group > expression->NumberOfCapturingGroups()) {
    return Status::Internal(rule.rule.id + ": does not compile");
  }
  size_t work = std::max(text.size() * kWorkPerByte, kWorkFloor);
  for (size_t pos = from; pos <= text.size();) {
    Found found;
    Search search = Search::kNone;
    if (hold != nullptr) {
      search = SearchUnbounded(*expression, *hold, group, text, pos, &work, &found);
    } else if (SearchWindow(*expression, group, text, pos, text.size(), &found)) {
      search = Search::kFound;
      // No prefix is known of an expression outside the subset: every search may read to the end.
      if (!rule.derived) work -= std::min(work, text.size() - pos);
      if (work == 0) search = Search::kTooMuchWork;
    }
    if (search == Search::kNone) break;
    if (search == Search::kTooMuchWork) {
      return Status::ResourceExhausted(rule.rule.id + ": costs too much on this text");
    }
    size_t bytes = found.end - found.begin;
    if (bytes > 0 && rule.rule.validate) {
      bytes = std::min(bytes, rule.rule.validate(Candidate{text, found.begin, found.end}));
    }
    if (bytes == 0) {
      pos = NextCodePoint(text, found.whole_begin);
      continue;
    }
    out->push_back({id, found.begin, found.begin + bytes, found.whole_begin});
    pos = found.begin + bytes;
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

Status Matcher::FindAll(std::string_view text, size_t from, Scope scope,
                        std::vector<Match>* out) const {
  const ScopeSet& set = impl_->scopes[static_cast<size_t>(scope)];
  if (set.set == nullptr || from >= text.size()) return Status::Ok();
  // One code point of context is what \b, \B and (?m)^ look at.
  const size_t start = PreviousCodePoint(text, from);
  std::vector<int> hits;
  RE2::Set::ErrorInfo error{};
  if (!set.set->Match(re2::StringPiece(text.data() + start, text.size() - start), &hits, &error)) {
    if (error.kind == RE2::Set::kNoError) return Status::Ok();
    return Status::ResourceExhausted("the matcher's memory limit was reached");
  }
  const size_t old_size = out->size();
  for (const int hit : hits) {
    const RuleId id = set.ids[static_cast<size_t>(hit)];
    if (Status status = impl_->FindRule(id, text, from, out); !status.ok()) return status;
  }
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
  for (const HoldClass& hold_class : impl_->holds) {
    size_t start = text.size() - std::min(text.size(), hold_class.window_bytes);
    while (start > 0 && IsTail(text[start])) --start;
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
