// The consumer's end of one ring: reads what the producer has published, from untrusted bytes.
//
// No byte of the memory is believed: the layout is checked once and kept, every frame is copied
// before it is checked. Not thread-safe; one consumer at a time (the log's lock sees to that).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/audit/open_slot.h"
#include "core/audit/ring_layout.h"
#include "core/base/status.h"

namespace kt::audit {

struct LostRequest {
  uint64_t number = 0;  // for the log's `origin`: above every frame's, the same each time
  std::unique_ptr<const OpenSlot> slot;  // what the record refers to
  Record record;
};

class RingReader {
 public:
  // `memory` outlives the reader. kInvalidArgument: not a ring of this layout.
  static Result<RingReader> Open(std::span<uint8_t> memory);

  RingId id() const noexcept { return id_; }

  // The next published record: one JSON object on one line. False: none is there yet.
  // kInvalidArgument: the ring is damaged here, and nothing behind can be read.
  Result<bool> Next(std::string* record, uint64_t* number);
  // Everything that Next has given is durable: lets the producer have the room.
  void Release(int64_t now_us) noexcept;
  // Next begins again behind what was released.
  void Rewind() noexcept;
  bool AllReleased() const noexcept;  // nothing is published that has not been released

  // The requests that have no record, once the producer has ended and everything is released.
  std::vector<LostRequest> LostRequests() const;

  // Records that the producer dropped and MarkDroppedLogged has not been told of.
  uint64_t NewlyDropped() const noexcept;
  void MarkDroppedLogged(uint64_t records) noexcept;
  // Whether someone waits for a record that is not released.
  bool Urgent() const noexcept;
  bool CrowdedBeyond(uint64_t part) const noexcept;  // more than 1/part of the room is used
  // Says that the consumer sleeps from now on. False: something was published meanwhile.
  bool BeginSleep() noexcept;
  void EndSleep() noexcept;
  void Condemn() noexcept;
  bool condemned() const noexcept;
  void TellFailed(bool failed) noexcept;
  void TellLogRecords(uint64_t records) noexcept;

 private:
  RingReader() = default;
  RingHeader* shared() const noexcept;
  void CopyOut(uint64_t position, void* bytes, size_t size) const noexcept;

  std::span<uint8_t> memory_;
  RingId id_ = 0;
  uint32_t slot_count_ = 0;
  uint64_t data_offset_ = 0, data_bytes_ = 0;
  uint64_t cursor_ = 0, released_ = 0;
  uint64_t last_number_ = 0, released_number_ = 0;  // 0: not known yet
};

}  // namespace kt::audit
