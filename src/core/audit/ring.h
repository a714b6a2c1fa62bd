// The worker's end of one ring file: admits requests, publishes their records. One thread.
//
// An admitted request has a slot in the file and room for the largest record, so that what was
// admitted can always be recorded, also by another process when this one is killed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit/open_slot.h"
#include "core/audit/ring_file.h"
#include "core/base/status.h"

namespace kt::audit {

class Ring {
 public:
  // Makes the file. kUnavailable: no disk space, no directory.
  static Result<Ring> Create(const std::string& directory, uint64_t data_bytes);

  // A slot for `request`, or -1: no slot or no room is left, or the ring is condemned.
  int Admit(const OpenRequest& request) noexcept;
  // Writes the record of an admitted request and frees its slot. Returns the position that the
  // tail reaches once the record is durable. Precondition: 0 < record.size() <= kMaxRecordBytes.
  uint64_t Publish(int slot, std::string_view record) noexcept;
  void Cancel(int slot) noexcept;
  // Whether everything before `position` is durable in the log.
  bool Durable(uint64_t position) const noexcept;
  // Asks the consumer not to wait for more records before it makes `position` durable.
  void Hurry(uint64_t position) noexcept;
  // True once after the consumer has gone to sleep: it must be woken.
  bool TakeSleeping() noexcept;
  void CountDropped(uint64_t records) noexcept;

  const RingHeader& header() const noexcept;
  bool condemned() const noexcept { return LoadAcquire(header().condemned) != 0; }
  uint64_t open_requests() const noexcept { return slots_ - free_.size(); }
  uint64_t data_bytes() const noexcept { return data_bytes_; }
  // Bytes that are not durable yet; data_bytes() when the tail makes no sense.
  uint64_t used_bytes() const noexcept;

 private:
  Ring() = default;
  RingHeader* shared() noexcept;
  OpenSlot* slot(int index) noexcept;
  void CopyIn(uint64_t position, const void* bytes, size_t size) noexcept;

  RingFile file_;
  uint64_t slots_ = 0, data_offset_ = 0, data_bytes_ = 0, head_ = 0, last_number_ = 0;
  std::vector<int> free_;
};

}  // namespace kt::audit
