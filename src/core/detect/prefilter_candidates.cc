#include "core/detect/prefilter_candidates.h"

#include <algorithm>

namespace kt::detect {

void Candidates::Add(uint32_t rule, size_t first, size_t last) {
  if (rule >= index_.size()) index_.resize(rule + 1, kNone);
  uint32_t& index = index_[rule];
  const auto fresh = static_cast<uint32_t>(ranges_.size());
  uint32_t previous = kNone;
  if (index == kNone) {
    index = static_cast<uint32_t>(rules_.size());
    rules_.push_back({rule, fresh, fresh});
  } else {
    OfRule& of_rule = rules_[index];
    Range& before = ranges_[of_rule.tail];
    if (first <= before.last + 1) {
      before.first = std::min(before.first, first);
      before.last = std::max(before.last, last);
      return JoinTail(&of_rule);
    }
    previous = of_rule.tail;
    before.next = fresh;
    of_rule.tail = fresh;
  }
  ranges_.push_back({first, last, kNone, previous});
}

// A literal far into matches may reach back over the ranges of those that are nearer to the begin:
// a match that begins in one of these must not be found before one that begins in front of it.
void Candidates::JoinTail(OfRule* of_rule) {
  for (;;) {
    const Range& tail = ranges_[of_rule->tail];
    if (tail.previous == kNone) return;
    Range& before = ranges_[tail.previous];
    if (before.last + 1 < tail.first) return;
    before.first = std::min(before.first, tail.first);
    before.last = std::max(before.last, tail.last);
    before.next = kNone;
    of_rule->tail = tail.previous;
  }
}

void Candidates::AddIfSeen(uint32_t witness, uint32_t rule, size_t first, size_t last) {
  waiting_.push_back({witness, rule, first, last});
}

// A rule's ranges of other literals may lie behind those that waited: these then join the last one.
void Candidates::See(uint32_t witness) {
  if (waiting_.empty()) return;
  size_t kept = 0;
  for (const Waiting& waiting : waiting_) {
    if (waiting.witness == witness) {
      Add(waiting.rule, waiting.first, waiting.last);
    } else {
      waiting_[kept++] = waiting;
    }
  }
  waiting_.resize(kept);
}

}  // namespace kt::detect
