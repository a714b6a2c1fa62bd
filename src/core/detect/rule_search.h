// One rule of a matcher: its expressions and the search for its matches. Private to detect/.
#pragma once

#include <re2/re2.h>

#include <bitset>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/detect/kinds_window.h"
#include "core/detect/matcher.h"
#include "core/detect/prefilter.h"
#include "core/detect/rule_facts.h"
#include "core/detect/work_budget.h"

namespace kt::detect {

RE2::Options QuietOptions(bool ignore_case, int64_t memory_bytes);

inline bool IsUtf8Tail(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// What a search of one text goes by beside the text.
struct Look {
  WorkBudget* budget;
  Writing* writing = nullptr;    // null: all candidates of rules with Rule::respelled count
  Passages* passages = nullptr;  // spoilt by those that do not
};

class RuleSearch {
 public:
  explicit RuleSearch(Rule r) : rule(std::move(r)) {}

  // Derives bound and literals, or takes those that are known; compiles what is not trusted. Once,
  // before all else. `known` is asked about what is trusted alone.
  Status Prepare(const KnownFacts* known = nullptr);
  // The expression or, where that can be derived, a looser one that is smaller (prefix.h).
  std::string Loose() const;
  // Gives back what only building needs: `required`, `beginnings`.
  void Release() noexcept;
  // Appends the rule's matches under `id` (see Matcher::FindAll).
  Status FindAll(RuleId id, std::string_view text, size_t from, const Look& look,
                 std::vector<Match>* out) const;
  // The same, in pieces after which the budget is asked.
  Status FindAnywhere(RuleId id, std::string_view text, size_t from, const Look& look,
                      std::vector<Match>* out) const;
  // The same for a rule that the prefilter has found candidates of, from `range` on.
  Status FindNear(RuleId id, std::string_view text, size_t from, const Candidates& candidates,
                  uint32_t range, const Look& look, std::vector<Match>* out) const;

  // Whether text[at, …) begins a match that what follows may complete or change.
  bool HoldsAt(std::string_view text, size_t at) const;
  // The first such place at or after `from`; text.size(): none.
  size_t HoldFrom(std::string_view text, size_t from) const;

  // Bytes of the longest match; SIZE_MAX where a candidate is held until it is too long to judge.
  size_t reach() const noexcept { return bounded_ ? *max_bytes : SIZE_MAX; }
  // Bytes of the longest match, where nothing but these and kContextBytes before them decides;
  // SIZE_MAX: it is not so.
  size_t repeats() const noexcept { return window_ != 0 ? window_ : SIZE_MAX; }
  // The same; 0: it is not so.
  size_t window() const noexcept { return window_; }
  // Whether the expression, or a part of it, matches in any case.
  bool folds() const noexcept;
  // Whether streams wait for its beginnings, which are known and not empty.
  bool begins() const noexcept { return begins_; }

  const Rule rule;
  std::optional<std::vector<Factor>> required;  // for the prefilter
  std::optional<std::vector<FactorGroup>> beginnings;
  std::optional<size_t> max_bytes;  // of a match, declared or derived; nullopt: unbounded

 private:
  enum class Found { kYes, kNo, kTooMuchWork };
  static constexpr size_t kFirstWindow = 512;  // of a search that doubles it
  struct Span {
    size_t whole_begin = 0, begin = 0, end = 0;
  };

  // Each is made when it is first needed, as RE2 makes its automata. Null: does not compile.
  const RE2* Expression(std::string* error = nullptr) const;
  const RE2* Hold() const;  // of the beginnings of matches, at the end of the text

  // The first place in [pos, last] where a match may begin, by its first bytes; last + 1: none.
  size_t Opening(std::string_view text, size_t pos, size_t last) const noexcept;
  bool MayOpen(std::string_view text, size_t at) const noexcept;
  // Whether the rule itself says that nothing that begins there counts. One window for a text, at
  // places that ascend.
  bool IsHopeless(std::string_view text, size_t at, std::optional<KindsWindow>* kinds) const {
    if (begins_with_value_ && rule.may_begin && !rule.may_begin(text, at)) return true;
    if (rule.min_kinds == 0 || window_ == 0) return false;
    if (!*kinds) kinds->emplace();
    return !(*kinds)->Reaches(text, at, window_, alphabet_, rule.min_kinds);
  }
  // The search of one text.
  struct Search {
    RuleId id;
    std::string_view text;
    size_t pos;
    const Look& look;
    std::vector<Match>* out;
    std::optional<KindsWindow> kinds;
    struct Taken {
      size_t begin, end;
    };
    std::vector<Taken> taken;  // what matched, also where it did not count
    size_t begin = 0;          // of *out, before this rule
    bool spent = false;        // the budget; nothing more is found
  };
  // A long stretch in pieces, where the rule may cost much.
  void FindIn(size_t first, size_t last, Search* search) const;
  void FindInPiece(size_t first, size_t last, Search* search) const;
  Status EndOf(const Search& search) const;
  // Whether the budget has room for a look at so many bytes.
  bool MayLook(size_t bytes, WorkBudget* budget) const noexcept {
    return rule.trusted || budget->Spend(bytes);
  }
  void FindAgain(const Repeats::Stretch& stretch, Search* search) const;
  void SetOpening();
  void RequireWords();
  void RequireDigits();
  Status Ready() const;  // all expressions compile
  // Judges the candidate; appends it; where to go on.
  size_t Take(RuleId id, std::string_view text, const Span& span, const Look& look,
              std::vector<Match>* out) const;
  bool IsDenied(const Span& span, const Look& look) const;
  bool Capture(std::string_view text, size_t limit, re2::StringPiece* groups) const;
  const RE2* Head() const;
  bool SearchWindow(std::string_view text, size_t pos, size_t limit, Span* span,
                    RE2::Anchor anchor = RE2::UNANCHORED) const;
  Found SearchUnbounded(std::string_view text, size_t pos, size_t* work, WorkBudget* budget,
                        Span* span) const;
  // Of a rule without a bound, for a match that begins at `pos`.
  Found SearchAt(std::string_view text, size_t pos, size_t* work, WorkBudget* budget,
                 Span* span) const;
  Status FindUnbounded(RuleId id, std::string_view text, size_t from, const Candidates& candidates,
                       uint32_t range, const Look& look, std::vector<Match>* out) const;
  Found SearchFrom(std::string_view text, size_t pos, size_t* work, WorkBudget* budget,
                   Span* span) const;
  Status TooMuchWork() const;

  // The first bytes of all matches, folded: of the first one which it may be, and a bloom filter of
  // as many as all have.
  static constexpr size_t kOpeningBits = 512;
  static size_t OpeningIndex(uint64_t bytes) noexcept {
    return (bytes * 0x9E3779B97F4A7C15u) >> 55;
  }
  ByteSet opening_;
  uint64_t opening_mask_ = 0;
  std::bitset<kOpeningBits> openings_;
  HeadTable opening_heads_;  // of which the first three bytes, as far as all matches have so many
  bool knows_opening_ = false;
  bool opens_word_ = false;  // and no word byte is before them
  ByteSet alphabet_;         // of all that matches hold
  // Of a rule whose group ends its matches: its expression with no more of the group than there
  // must be, which are so many bytes.
  GroupHead head_of_group_;
  bool begins_with_value_ = false;  // a match, with what `validate` judges
  bool derived_ = false;            // beginnings and bound are known
  bool begins_ = false;             // and some match has bytes
  bool bounded_ = false;            // by kMaxMatchBytes
  size_t window_ = 0;  // bytes of the longest match; 0: too many to look at each candidate apart
  mutable std::once_flag expression_once_, hold_once_, head_once_;
  mutable std::unique_ptr<RE2> expression_, hold_, head_;
};

}  // namespace kt::detect
