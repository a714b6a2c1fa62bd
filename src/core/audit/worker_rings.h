// All rings of one worker process: where its audit records go. One thread.
//
// The first ring is small; when all rings are in use a further one is made, each twice as large as
// the one before, up to the limit. Rings that were made stay until the process ends. Admission
// comes before the provider is asked: a request that may not be recordable is refused while that
// costs nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/audit/doorbell.h"
#include "core/audit/ring.h"

namespace kt::audit {

struct RingOptions {
  std::string directory;
  uint64_t max_bytes = 128 * 1024 * 1024;  // of records, in all rings of one worker
};
inline constexpr uint64_t kFirstRingBytes = 256 * 1024;
inline constexpr uint64_t kLargestRingBytes = 32 * 1024 * 1024;

// An admitted request's place. Valid until Append or Cancel; Append turns it into what Durable
// takes.
struct Ticket {
  uint32_t ring = 0;
  int slot = -1;
  uint64_t position = 0;
};

class WorkerRings {
 public:
  explicit WorkerRings(RingOptions options) : options_(std::move(options)) {}

  // Promises that one record can be kept. kUnavailable: it cannot (refuse under `immutable`, or
  // call Drop). Each successful Admit is followed by exactly one Append or Cancel.
  Result<Ticket> Admit(const OpenRequest& request);
  // Keeps the record, also when this process is killed afterwards. `hurry`: the caller waits for
  // Durable.
  void Append(Ticket* ticket, const Record& record, bool hurry);
  void Cancel(const Ticket& ticket) noexcept;
  // Whether an appended record is in the log, on disk.
  bool Durable(const Ticket& ticket) const noexcept;
  // A request was served though its record cannot be kept: counted, and told in the log.
  void Drop() noexcept;

  struct Stats {
    uint64_t written = 0, dropped = 0;  // by this process
    uint64_t used_bytes = 0, ring_bytes = 0, open_requests = 0, rings = 0;
    uint64_t durable_us = 0;   // when a record of this process was last made durable, UTC
    uint64_t log_records = 0;  // by the present writer process, for all workers
    bool writer_failing = false;
  };
  Stats stats() const noexcept;

 private:
  Status Grow();
  void TellDropped() noexcept;

  RingOptions options_;
  std::vector<Ring> rings_;
  Doorbell bell_;
  std::string line_;  // the room of the last record
  uint64_t written_ = 0, dropped_ = 0, dropped_untold_ = 0;
};

}  // namespace kt::audit
