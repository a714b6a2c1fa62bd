// The addresses that a name had last, in memory that all workers of all configurations share: a new
// worker begins with them, and keeps them while nobody answers.
//
// Lock-free: one writer at a time, others give up; a reader that meets a writer tries again, a few
// times. A writer that died within leaves what nobody can read or write any more: then each worker
// knows only what it has heard itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/routing/host_names.h"

namespace kt::routing {

class KnownAddresses {
 public:
  // At most kMaxAddresses are kept. False: another process is writing.
  bool Store(const std::vector<IpAddress>& addresses) noexcept;
  // Empty: nothing is known.
  std::vector<IpAddress> Load() const;

 private:
  struct Entry {
    std::atomic<uint64_t> v6{0}, first{0}, second{0};
  };
  std::atomic<uint32_t> sequence_{0};  // odd: being written
  std::atomic<uint32_t> count_{0};
  Entry entries_[kMaxAddresses];
};

static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace kt::routing
