// What is known of what came lately, by a hash that nobody can foresee (keyed_hash.h). Bounded: of
// four that share a place, the one that was not asked for longest makes room.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "core/base/status.h"
#include "core/policy/keyed_hash.h"

namespace kt::policy {

template <typename Known>
class RecentTable {
 public:
  using Key = KeyedHash::Value;

  // Room for at least `entries`. Memory is taken as it is used.
  Status Make(size_t entries) {
    // Fresh pages of zeros, which are there when they are first written to.
    static_assert(std::is_trivially_copyable_v<Entry>);
    const size_t sets = std::bit_ceil((std::max<size_t>(entries, 1) + kWays - 1) / kWays);
    sets_mask_ = sets - 1;
    entries_.reset(static_cast<Entry*>(std::calloc(sets * kWays, sizeof(Entry))));
    return entries_ != nullptr ? Status::Ok() : Status::ResourceExhausted("no memory");
  }
  // Valid until the next Add. nullptr: not known.
  const Known* Find(const Key& key) noexcept {
    Entry* const set = SetOf(key);
    for (Entry* entry = set; entry != set + kWays; ++entry) {
      if (entry->used == 0 || entry->key != key) continue;
      entry->used = Tick();
      return &entry->known;
    }
    return nullptr;
  }
  void Add(const Key& key, const Known& known) noexcept {
    Entry* const set = SetOf(key);
    Entry* const oldest = std::min_element(
        set, set + kWays, [](const Entry& a, const Entry& b) { return a.used < b.used; });
    *oldest = {key, known, Tick()};
  }

 private:
  static constexpr size_t kWays = 4;
  // All of it is 0 at first.
  struct Entry {
    Key key;
    Known known;
    uint32_t used;  // by clock_; 0: empty
  };
  struct Free {
    void operator()(Entry* entries) const noexcept { std::free(entries); }
  };
  Entry* SetOf(const Key& key) noexcept { return entries_.get() + (key[0] & sets_mask_) * kWays; }
  // Never 0. Where it begins again, the order of what is kept is lost, and nothing else.
  uint32_t Tick() noexcept { return ++clock_ == 0 ? ++clock_ : clock_; }

  std::unique_ptr<Entry[], Free> entries_;  // kWays in a row share a set
  size_t sets_mask_ = 0;
  uint32_t clock_ = 0;
};

}  // namespace kt::policy
