// What the rules found in texts that came lately and went on all the same: which rules, and where,
// never what. The places lie in one ring, in which the newest overwrite the oldest; a text whose
// places are gone is not known any more.
//
// Not thread-safe. Bounded. Memory is taken as it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/detect/matcher.h"
#include "core/policy/keyed_hash.h"
#include "core/policy/recent_table.h"

namespace kt::policy {

// `Said`: what else is kept of a text.
template <typename Said>
class FoundTable {
 public:
  using Key = KeyedHash::Value;

  // Room for `texts`, and for `matches` of all of them, at least one of each.
  Status Make(size_t texts, size_t matches) {
    capacity_ = matches == 0 ? 1 : matches;
    ring_.reset(static_cast<Place*>(std::calloc(capacity_, sizeof(Place))));
    if (ring_ == nullptr) return Status::ResourceExhausted("no memory");
    return table_.Make(texts);
  }
  // False: there is no room for so many at once, or a text of this length has no place here.
  bool Add(const Key& key, const Said& said, std::span<const detect::Match> matches) noexcept {
    if (matches.size() > capacity_ / kShare) return false;
    for (const detect::Match& match : matches) {
      if (match.end > UINT32_MAX) return false;
    }
    const Known known{said, written_, static_cast<uint32_t>(matches.size())};
    for (const detect::Match& match : matches) {
      ring_[written_++ % capacity_] = {match.rule, static_cast<uint32_t>(match.begin),
                                       static_cast<uint32_t>(match.end),
                                       static_cast<uint32_t>(match.whole_begin), match.kind};
    }
    table_.Add(key, known);
    return true;
  }
  // Valid until the next Add; the matches go into `matches`. nullptr: not known.
  const Said* Find(const Key& key, std::vector<detect::Match>* matches) {
    const Known* const known = table_.Find(key);
    if (known == nullptr || written_ - known->first > capacity_) return nullptr;
    matches->clear();
    for (uint64_t i = known->first; i < known->first + known->count; ++i) {
      const Place& place = ring_[i % capacity_];
      matches->push_back({place.rule, place.begin, place.end, place.whole_begin, place.kind});
    }
    return &known->said;
  }

 private:
  // One text takes at most this part of the ring: a few large ones leave room for others.
  static constexpr size_t kShare = 4;
  struct Place {
    detect::RuleId rule;
    uint32_t begin, end, whole_begin, kind;
  };
  struct Known {
    Said said;
    uint64_t first;  // its first place, counted over all that were ever written
    uint32_t count;
  };
  struct Free {
    void operator()(Place* places) const noexcept { std::free(places); }
  };

  RecentTable<Known> table_;
  std::unique_ptr<Place[], Free> ring_;
  size_t capacity_ = 0;
  uint64_t written_ = 0;
};

}  // namespace kt::policy
