// What follows from a rule's expression alone, whatever else the rule says: the literals that its
// matches hold and begin with, how long they are, of which bytes. Nearly all of the time that
// building a matcher takes goes into this; for the expressions of the shipped packs it is done when
// the project is built (facts_file.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"
#include "core/detect/prefilter_factors.h"
#include "core/detect/regex_bytes.h"

namespace kt::detect {

// Where the group of a match begins, told by an expression that RE2 runs fast (rule_capture.cc).
struct GroupHead {
  std::string pattern;  // empty: there is none
  // What of the group is in it: so many bytes, each of which may have `escape` before it.
  size_t group_bytes = 0;
  uint8_t escape = 0;  // a byte that is none of them; 0: none may
};

struct RuleFacts {
  bool derived = false;  // the expression is in regex_tree.h's subset; else nothing is known
  std::optional<size_t> longest;                // bytes of the longest match; nullopt: not bounded
  std::optional<std::vector<Factor>> required;  // one of them is in every match
  std::optional<std::vector<FactorGroup>> beginnings;  // every match begins with one of them
  ByteSet alphabet;                                    // of all that matches hold
  GroupHead head;
};

RuleFacts DeriveFacts(std::string_view pattern, bool ignore_case, int group);

// Of a pattern whose first group is the match.
GroupHead HeadOf(std::string_view pattern);

// Facts that were derived before.
class KnownFacts {
 public:
  // Exactly what DeriveFacts gives for the rule's expression. Null: not known.
  virtual std::unique_ptr<RuleFacts> Find(const Rule& rule) const = 0;

 protected:
  ~KnownFacts() = default;
};

}  // namespace kt::detect
