// Where the prefilter has found that matches may begin. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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
};

}  // namespace kt::detect
