// Where the prefilter has found that matches may begin. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/detect/repeats.h"

namespace kt::detect {

// Where matches of rules may begin: for each rule ranges in ascending order, apart
// from one another.
class Candidates {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Range {
    size_t first, last;       // matches begin in [first, last]
    uint32_t next, previous;  // of the same rule; kNone
  };
  struct OfRule {
    uint32_t rule, head, tail;
  };

  void Add(uint32_t rule, size_t first, size_t last);
  // As Add, once the witness is seen.
  void AddIfSeen(uint32_t witness, uint32_t rule, size_t first, size_t last);
  void See(uint32_t witness);
  std::span<const OfRule> rules() const noexcept { return rules_; }
  const Range& range(uint32_t index) const noexcept { return ranges_[index]; }
  // What begins in [begin, end) is of a rule with no longer matches than kMostRepeated only where
  // it was `distance` bytes before; no candidates of it are named.
  void Repeat(const Repeats::Stretch& stretch) { repeated_.push_back(stretch); }
  std::span<const Repeats::Stretch> repeated() const noexcept { return repeated_; }

 private:
  void JoinTail(OfRule* of_rule);

  std::vector<Range> ranges_;
  std::vector<OfRule> rules_;
  std::vector<uint32_t> index_;  // by rule, in rules_
  struct Waiting {
    uint32_t witness, rule;
    size_t first, last;
  };
  std::vector<Waiting> waiting_;
  std::vector<Repeats::Stretch> repeated_;
};

}  // namespace kt::detect
