// The bytes of one ring file: what a worker (producer) and the writer process (consumer) share.
//
//   offset          bytes
//   0               4096              RingHeader
//   4096            1024 × slots      OpenSlot: one for each request that has been admitted
//   data_offset     data_bytes        frames; a power of two; data_offset is a multiple of 4096
//
// Positions count bytes since the ring was made and never wrap; a position lies at data_offset +
// position % data_bytes. Frames follow each other without gaps, and may run over the end of the
// data to its beginning:
//
//   FrameHeader 16 bytes │ record: one JSON object, at most 16 KiB │ zeros up to a multiple of 16
//
//       tail              head
//   ─────┴─────────────────┴───────────  tail..head: published, not yet durable in the log
//
// The producer writes a frame, then moves `head`: that is the commit. The consumer copies frames,
// makes them durable in the log, and only then moves `tail`. A process that is killed at any point
// leaves a ring that can be read. All numbers are in the machine's byte order: a ring never leaves
// its machine.
//
// A file has one producer in its life. It holds an flock on it from before the file has its name
// until it ends, so that the kernel itself says whether a producer lives: no reuse of process
// numbers, and right across containers that share a volume.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/audit/log_writer.h"
#include "core/audit/record.h"

namespace kt::audit {

inline constexpr uint64_t kRingMagic = 0x31676e6972746b0a;  // "\nktring1"
inline constexpr uint32_t kRingVersion = 1;
inline constexpr uint64_t kRingPageBytes = 4096;
inline constexpr uint64_t kFrameAlignment = 16;
inline constexpr uint64_t kMaxFrameBytes = 16 + kMaxRecordBytes;
inline constexpr uint64_t kMinRingDataBytes = 64 * 1024;
inline constexpr uint64_t kMaxRingDataBytes = 1024 * 1024 * 1024;
static_assert(kMaxFrameBytes % kFrameAlignment == 0);

struct RingHeader {
  // Written once, before the file has its name.
  uint64_t magic;
  uint32_t version;
  uint32_t slot_count;
  uint64_t data_offset, data_bytes;
  RingId id;
  int64_t owner_pid;  // for people; see above for how its life is known
  uint8_t unused_a[128 - 48];
  // Written by the producer.
  uint64_t head;
  uint64_t last_number;  // of the frame that ends at head; frames count from 1
  uint64_t dropped;      // records that were not kept, for want of room
  uint64_t urgent;       // someone waits until tail has reached this position
  uint8_t unused_b[128 - 32];
  // Written by the consumer; `sleeping` is cleared by the producer.
  uint64_t tail;
  uint64_t sleeping;         // 1: ring the bell after the next frame
  uint64_t dropped_logged;   // of `dropped`, told in the log
  uint64_t failed;           // 1: the last try to make records durable failed
  uint64_t durable_us;       // when tail was last moved, UTC microseconds
  uint64_t log_records;      // in the log since the writer process began, all rings
  uint64_t condemned;        // 1: damaged; the producer must take another ring
  uint64_t released_number;  // of the frame that ends at tail
  uint8_t unused_c[128 - 64];
};
static_assert(std::is_trivially_copyable_v<RingHeader> && sizeof(RingHeader) == 384);

// A request that was admitted and has no record yet. `state` is written last when it is taken.
struct OpenSlot {
  uint32_t state;  // 0 free, 1 open
  uint32_t text_bytes;
  uint64_t record_number;  // the frame that holds its record, once that is being written; 0: none
  int64_t ts_us;
  // The strings of an OpenRequest in their order, each behind its length (two bytes).
  char text[1024 - 24];
};
static_assert(std::is_trivially_copyable_v<OpenSlot> && sizeof(OpenSlot) == 1024);

struct FrameHeader {
  uint32_t bytes;     // of the record
  uint32_t checksum;  // of number and record; finds pages that a power failure has torn
  uint64_t number;
};
static_assert(std::is_trivially_copyable_v<FrameHeader> && sizeof(FrameHeader) == 16);

template <typename Number>
Number LoadAcquire(const Number& shared) noexcept {
  return std::atomic_ref(const_cast<Number&>(shared)).load(std::memory_order_acquire);
}
template <typename Number>
void StoreRelease(Number* shared, std::type_identity_t<Number> value) noexcept {
  std::atomic_ref(*shared).store(value, std::memory_order_release);
}

inline uint64_t FrameBytes(uint64_t record_bytes) noexcept {
  return (sizeof(FrameHeader) + record_bytes + kFrameAlignment - 1) / kFrameAlignment *
         kFrameAlignment;
}

// Slots and the place of the data follow from its size: each open request has room for the largest
// record.
inline uint32_t SlotCount(uint64_t data_bytes) noexcept {
  return static_cast<uint32_t>(data_bytes / kMaxFrameBytes);
}
inline uint64_t DataOffset(uint32_t slot_count) noexcept {
  const uint64_t end = kRingPageBytes + uint64_t{slot_count} * sizeof(OpenSlot);
  return (end + kRingPageBytes - 1) / kRingPageBytes * kRingPageBytes;
}

// Against torn pages, not against people: the log's hash chain is for those.
uint32_t FrameChecksum(uint64_t number, const char* bytes, size_t size) noexcept;

}  // namespace kt::audit
