#include "core/audit/ring_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace kt::audit {
namespace {

Status Damaged(const char* what) {
  return Status::InvalidArgument(std::string("audit ring: ") + what);
}

// One line, one object, whatever the rest of it is: what the log can take.
bool IsOneLine(const std::string& record) {
  return record.front() == '{' && record.back() == '}' &&
         std::all_of(record.begin(), record.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

}  // namespace

Result<RingReader> RingReader::Open(std::span<uint8_t> memory) {
  if (memory.size() < kRingPageBytes) return Damaged("too small");
  RingHeader header;
  std::memcpy(&header, memory.data(), sizeof header);
  if (header.magic != kRingMagic) return Damaged("not a ring");
  if (header.version != kRingVersion) {
    return Damaged("of another version; stop the program that made it");
  }
  const bool size_ok = std::has_single_bit(header.data_bytes) &&
                       header.data_bytes >= kMinRingDataBytes &&
                       header.data_bytes <= kMaxRingDataBytes;
  if (!size_ok || header.slot_count != SlotCount(header.data_bytes) ||
      header.data_offset != DataOffset(header.slot_count) ||
      header.data_offset + header.data_bytes != memory.size()) {
    return Damaged("sizes that do not fit together");
  }
  RingReader reader;
  reader.memory_ = memory;
  reader.id_ = header.id;
  reader.slot_count_ = header.slot_count;
  reader.data_offset_ = header.data_offset;
  reader.data_bytes_ = header.data_bytes;
  reader.cursor_ = reader.released_ = header.tail;
  if (header.tail % kFrameAlignment != 0) return Damaged("a tail inside a frame");
  return reader;
}

RingHeader* RingReader::shared() const noexcept {
  return reinterpret_cast<RingHeader*>(memory_.data());
}

Result<bool> RingReader::Next(std::string* record, uint64_t* number) {
  const uint64_t published = LoadAcquire(shared()->head) - cursor_;
  if (published == 0) return false;
  if (published > data_bytes_ || published % kFrameAlignment != 0) {
    return Damaged("a head that cannot be");
  }
  FrameHeader frame;
  CopyOut(cursor_, &frame, sizeof frame);
  if (frame.bytes == 0 || frame.bytes > kMaxRecordBytes || FrameBytes(frame.bytes) > published) {
    return Damaged("a frame that is longer than what is published");
  }
  const bool follows = last_number_ == 0 || frame.number == last_number_ + 1;
  if (!follows || frame.number == 0) return Damaged("a frame out of order");
  record->resize(frame.bytes);
  CopyOut(cursor_ + sizeof frame, record->data(), record->size());
  if (FrameChecksum(frame.number, record->data(), record->size()) != frame.checksum) {
    return Damaged("a frame whose checksum is wrong");
  }
  if (!IsOneLine(*record)) return Damaged("a record that is not one line");
  cursor_ += FrameBytes(frame.bytes);
  *number = last_number_ = frame.number;
  return true;
}

void RingReader::Release(int64_t now_us) noexcept {
  if (cursor_ == released_) return;
  released_ = cursor_;
  released_number_ = last_number_;
  shared()->durable_us = static_cast<uint64_t>(now_us);
  // Before the tail: a consumer that follows never takes a recorded request for a lost one.
  if (last_number_ != 0) StoreRelease(&shared()->released_number, last_number_);
  StoreRelease(&shared()->tail, released_);
}

void RingReader::Rewind() noexcept {
  cursor_ = released_;
  last_number_ = released_number_;
}

bool RingReader::AllReleased() const noexcept {
  return LoadAcquire(shared()->head) == released_;
}

std::vector<LostRequest> RingReader::LostRequests() const {
  std::vector<LostRequest> lost;
  // A frame that was being written when the producer died has a number above it, and so have ours.
  const uint64_t published = std::max(last_number_, LoadAcquire(shared()->released_number));
  const auto* slots = reinterpret_cast<const OpenSlot*>(memory_.data() + kRingPageBytes);
  for (uint32_t i = 0; i < slot_count_; ++i) {
    if (LoadAcquire(slots[i].state) != 1) continue;
    auto copy = std::make_unique<OpenSlot>();
    std::memcpy(copy.get(), &slots[i], sizeof *copy);
    if (copy->record_number != 0 && copy->record_number <= published) continue;
    LostRequest& request = lost.emplace_back();
    request.number = published + 1 + i;
    ReadLostRequest(*copy, &request.record);
    request.slot = std::move(copy);
  }
  return lost;
}

uint64_t RingReader::NewlyDropped() const noexcept {
  return LoadAcquire(shared()->dropped) - shared()->dropped_logged;
}
void RingReader::MarkDroppedLogged(uint64_t records) noexcept {
  StoreRelease(&shared()->dropped_logged, shared()->dropped_logged + records);
}
bool RingReader::Urgent() const noexcept {
  return LoadAcquire(shared()->urgent) > released_;
}
bool RingReader::CrowdedBeyond(uint64_t part) const noexcept {
  return LoadAcquire(shared()->head) - released_ > data_bytes_ / part;
}
bool RingReader::BeginSleep() noexcept {
  std::atomic_ref(shared()->sleeping).store(1, std::memory_order_seq_cst);
  return std::atomic_ref(shared()->head).load(std::memory_order_seq_cst) == released_;
}
void RingReader::EndSleep() noexcept {
  StoreRelease(&shared()->sleeping, 0);
}
void RingReader::Condemn() noexcept {
  StoreRelease(&shared()->condemned, 1);
}
bool RingReader::condemned() const noexcept {
  return LoadAcquire(shared()->condemned) != 0;
}
void RingReader::TellFailed(bool failed) noexcept {
  StoreRelease(&shared()->failed, failed ? 1 : 0);
}
void RingReader::TellLogRecords(uint64_t records) noexcept {
  StoreRelease(&shared()->log_records, records);
}

void RingReader::CopyOut(uint64_t position, void* bytes, size_t size) const noexcept {
  const uint8_t* const data = memory_.data() + data_offset_;
  const uint64_t at = position & (data_bytes_ - 1);
  const size_t first = std::min<uint64_t>(size, data_bytes_ - at);
  std::memcpy(bytes, data + at, first);
  std::memcpy(static_cast<char*>(bytes) + first, data, size - first);
}

}  // namespace kt::audit
