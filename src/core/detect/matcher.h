// One matcher for all rules of a chain (ARCHITECTURE 4): every rule that is active compiles into
// as few RE2 sets as possible, run once over each text; the single expression runs only for ids
// that hit. The only folder that includes RE2.
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

// What a validator may look at. Context is looked for backward only, so that a stream, which does
// not know what follows, and a whole text agree.
struct Candidate {
  std::string_view text;  // at least `kContextBytes` before begin, where there are that many
  size_t begin, end;      // the candidate's span in text
  std::string_view match() const { return text.substr(begin, end - begin); }
  std::string_view before(size_t bytes) const {
    const size_t n = begin < bytes ? begin : bytes;
    return text.substr(begin - n, n);
  }
};

// Bytes before a match that rules may look at (name of an id, a preceding digit).
inline constexpr size_t kContextBytes = 160;
// A rule whose longest match is not bounded by this switches streams to `buffered`.
inline constexpr size_t kMaxMatchBytes = 256;

struct Rule {
  std::string id;       // "pii.EMAIL", "injection.ignore_previous": unique within a matcher
  std::string pattern;  // RE2 syntax; see detect/prefix.h for what streams can hold back
  bool ignore_case = false;
  // The match is this group of the pattern (0: all of it); what is outside is context.
  int group = 0;
  // Checksum or shape; empty: every match counts.
  std::function<bool(const Candidate&)> validate;
  // The rule can act on an answer: it takes part in the hold-back of streams.
  bool output = false;
};

struct Match {
  RuleId rule;
  size_t begin, end;  // bytes of the text
};

class Matcher {
 public:
  // Collects rules; Add returns the id under which its matches are reported.
  class Builder {
   public:
    RuleId Add(Rule rule);
    // kInvalidArgument names the rule whose pattern does not compile, and why.
    Result<std::unique_ptr<const Matcher>> Build() &&;

   private:
    std::vector<Rule> rules_;
  };
  ~Matcher();

  size_t size() const noexcept;
  const Rule& rule(RuleId id) const noexcept;

  // Appends all valid matches in `text` that begin at or after `from` (bytes before are context),
  // ordered by begin, then longer first. Matches of one rule do not overlap; matches of different
  // rules may.
  Status FindAll(std::string_view text, size_t from, std::vector<Match>* out) const;

  // Streams: the smallest offset p >= from such that text[p..] may be the beginning of, or a whole
  // match that may still grow, of an output rule, whatever follows. text.size() when nothing needs
  // to wait. All matches that begin before p are final: text that follows cannot change them.
  Result<size_t> HoldFrom(std::string_view text, size_t from) const;

  // False when some output rule has no bounded longest match (or no derivable prefix): then
  // answers must be scanned whole, and HoldFrom always returns `from`.
  bool streamable() const noexcept;
  // The rules that make streamable() false, for lint.
  const std::vector<RuleId>& unbounded() const noexcept;

 private:
  friend class Builder;
  Matcher();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kt::detect
