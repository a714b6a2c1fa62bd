// Where audit records go. One sink for each worker process; not thread-safe.
//
// Admission comes before the provider is asked: a request that may not be recordable is refused
// while that costs nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "core/audit/record.h"
#include "core/base/status.h"

namespace kt::audit {

class Sink {
 public:
  virtual ~Sink() = default;
  // Reserves room for one record. kUnavailable: it cannot be promised (refuse under `immutable`).
  // Each successful Admit is followed by exactly one Append or Cancel.
  virtual Status Admit() = 0;
  // Writes the record. kUnavailable: kept for a later try (bounded), or dropped and counted.
  virtual Status Append(const Record& record) = 0;
  virtual void Cancel() = 0;
  virtual uint64_t written() const noexcept = 0;
  virtual uint64_t dropped() const noexcept = 0;
};

// A plain append-only file of JSON lines; several processes may append to the same file. Makes no
// promise of durability and has no chain: those come with the ring and its writer.
//
// `fd()` gives the open file (O_APPEND), which the adapter owns and may reopen. Admit reserves
// space with fallocate(KEEP_SIZE) where the file system can. Lines that could not be written are
// kept (at most 1,000) and written first, in order, at the next Admit or Append; while there are
// such lines Admit fails.
std::unique_ptr<Sink> NewFileSink(std::function<int()> fd);

}  // namespace kt::audit
