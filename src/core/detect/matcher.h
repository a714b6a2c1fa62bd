// One matcher for all rules of a chain (docs/architecture.md, 4): a prefilter looks once over each
// text for the literals that matches must hold, and an expression runs only where one of its own
// stands; rules without a literal share an RE2 set. The only folder that includes RE2.
//
// Immutable after Build, built in the master, shared by all workers and requests. "The memory
// limit was reached" is a failure (kResourceExhausted), never "no match".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace kt::detect {

using RuleId = uint32_t;
class KnownFacts;
class Passages;
class WorkBudget;

// What a validator may look at. Context is looked for backward only, so that a stream, which does
// not know what follows, and a whole text agree; no further than kContextBytes, and at nothing
// else, since the same bytes may be judged only once.
struct Candidate {
  std::string_view text;      // at least `kContextBytes` before begin, where there are that many
  size_t begin, end;          // the candidate's span in text
  mutable uint32_t kind = 0;  // validators may say what it is; handed on as Match::kind
  std::string_view match() const { return text.substr(begin, end - begin); }
  std::string_view before(size_t bytes) const {
    const size_t n = begin < bytes ? begin : bytes;
    return text.substr(begin - n, n);
  }
};

// Bytes before a match that rules may look at (name of an id, a preceding digit).
inline constexpr size_t kContextBytes = 160;
// A rule whose longest match is not bounded by this switches streams to `buffered`, unless it
// declares a longer one (Rule::max_match_bytes), up to kMaxDeclaredBytes.
inline constexpr size_t kMaxMatchBytes = 256;
inline constexpr size_t kMaxDeclaredBytes = 8192;

struct Rule {
  std::string id;       // "pii.email", "injection.drop_orders": unique within a matcher
  std::string pattern;  // RE2 syntax; see detect/prefix.h for what streams can hold back
  bool ignore_case = false;
  // Not 0: `pattern` is a plain term instead, found within so many edits whatever its case
  // (detect/fuzzy.h, which says how many a term may have at all). Of the rest only `id`, `input`
  // and `output` count.
  uint32_t fuzzy_distance = 0;
  // The match is this group of the pattern (0: all of it); what is outside is context.
  int group = 0;
  // Checksum or shape: how many bytes of the candidate count, from its begin on (a card's digits
  // without the date behind it); 0: none of it. Empty: every match counts.
  std::function<size_t(const Candidate&)> validate;
  // False: `validate` says 0 to whatever candidate begins at text[begin]. Spares the expression
  // there; looks at few bytes, those of the context and of the candidate. Only of use where the
  // candidate is the whole match, or a group that its pattern begins with ("\b(…"). Empty: none is
  // known to be so.
  std::function<bool(std::string_view text, size_t begin)> may_begin;
  // `validate` says 0 to a candidate with fewer different bytes. Spares the expression where few of
  // them are repeated for long.
  unsigned min_kinds = 0;
  // Lower case, blanks between words: `validate` says 0 unless one of these begins within the
  // kContextBytes before the candidate, in whatever case. Spares the search where there is none.
  std::vector<std::string> needs;
  // `validate` says 0 to a candidate with fewer digits. Spares the search words and names where the
  // candidate is nothing but a long run of letters, digits and signs.
  int min_digits = 0;
  // Its value is also looked for where it is spelled out (ViewKind::kSpelled): of strong shape.
  bool spelled = false;
  // A candidate counts only where something of it is written beyond ASCII (Writing): of an
  // expression that names what letters of other alphabets were read as.
  bool respelled = false;
  // With `spelled`: a name of the value stands before the candidate. Digits that are divided as
  // those of tables and lists count only where it says so; empty: never.
  std::function<bool(const Candidate&)> named;
  // The rule judges what goes to the provider, what comes back, or both. Output rules take part in
  // the hold-back of streams.
  bool input = true;
  bool output = false;
  // Of a rule pack, whose tests compile it: its expression is then made where it first hits (it
  // fails there with kInternal), which keeps start-up short and workers small. Otherwise Build
  // compiles it and names what is wrong.
  bool trusted = false;
  // Built-in rules for long secrets (a PEM block, a token): a stream holds a candidate up to this
  // length and must block beyond it. 0: the pattern's own bound.
  size_t max_match_bytes = 0;
  // Build refuses an expression that has no longest match, also with `max_match_bytes`: where its
  // beginning is common, answers would stop there.
  bool finite = false;
};

struct Match {
  RuleId rule;
  size_t begin, end;   // bytes of the text
  size_t whole_begin;  // where the whole expression began; begin, when `group` is 0
  uint32_t kind = 0;   // what the rule's validator said (Candidate::kind)
};

enum class Scope : unsigned char { kInput, kOutput };

// How a text was written before it was normalised: says which candidates of rules with
// Rule::respelled count.
class Writing {
 public:
  virtual ~Writing() = default;
  // Whether all of text[begin, end) is written in ASCII.
  virtual bool IsAscii(size_t begin, size_t end) = 0;
};

class Matcher {
 public:
  // Collects rules; Add returns the id under which its matches are reported.
  class Builder {
   public:
    // `known`: what is known of the expressions of trusted rules (rule_facts.h); it must outlive
    // this. Null: nothing is.
    explicit Builder(const KnownFacts* known = nullptr) noexcept : known_(known) {}
    RuleId Add(Rule rule);
    size_t size() const noexcept { return rules_.size(); }
    // kInvalidArgument names the rule whose pattern does not compile, and why.
    Result<std::unique_ptr<const Matcher>> Build() &&;

   private:
    const KnownFacts* known_;
    std::vector<Rule> rules_;
  };
  ~Matcher();

  size_t size() const noexcept;
  const Rule& rule(RuleId id) const noexcept;

  // Appends all valid matches of the scope's rules in `text` whose expression begins at or after
  // `from` (bytes before are context), ordered by begin, then longer first. Matches of one rule do
  // not overlap; matches of different rules may.
  // The set does not depend on where a text was cut, as long as no match m of the whole text has
  // m.whole_begin < from < m.end.
  // kResourceExhausted: RE2's memory, a text on which an unbounded rule would cost more than linear
  // time, or a budget that is spent.
  // `passages`: of the text, when `from` is 0 (passages.h). Known ones are not looked into; of the
  // others it tells which are clean, once all is well.
  // `budget`: of all texts that are judged together; null: one of its own.
  // `writing`: of the text; null: all candidates count.
  Status FindAll(std::string_view text, size_t from, Scope scope, std::vector<Match>* out,
                 Passages* passages = nullptr, WorkBudget* budget = nullptr,
                 Writing* writing = nullptr) const;

  // Streams: an offset p >= from such that no text[b..], b < p, is the beginning of a match of an
  // output rule, or a whole match that may still grow. text.size() when nothing needs to wait. All
  // matches whose expression begins before p are final: text that follows cannot change them.
  // p is the smallest such offset but for long repeats (prefix.h), which may hold a little more.
  size_t HoldFrom(std::string_view text, size_t from) const;
  // Longest match of any output rule: a hold beyond it is a candidate too long to be judged.
  size_t longest_match_bytes() const noexcept;

  // Whether no rule of the scope has matches of more bytes.
  bool IsWithin(size_t bytes, Scope scope) const noexcept;

  // False when some output rule has no bounded longest match (or no derivable prefix): then
  // answers must be scanned whole, and HoldFrom always returns `from`.
  bool streamable() const noexcept;
  // Some rule is not of the shipped packs.
  bool has_own_rules() const noexcept;
  // The rules that make streamable() false, for lint.
  const std::vector<RuleId>& unbounded() const noexcept;

 private:
  friend class Builder;
  Matcher();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kt::detect
