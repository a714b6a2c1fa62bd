#include "core/audit/ring.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kt::audit {

Result<Ring> Ring::Create(const std::string& directory, uint64_t data_bytes) {
  Result<RingFile> file = RingFile::Create(directory, data_bytes);
  if (!file.ok()) return file.status();
  Ring ring;
  ring.file_ = std::move(file).value();
  ring.slots_ = ring.header().slot_count;
  ring.data_offset_ = ring.header().data_offset;
  ring.data_bytes_ = data_bytes;
  // The lowest slots are used first: pages that nobody needs are never touched.
  for (int i = static_cast<int>(ring.slots_); i-- > 0;) ring.free_.push_back(i);
  return ring;
}

RingHeader* Ring::shared() noexcept {
  return reinterpret_cast<RingHeader*>(file_.memory().data());
}
const RingHeader& Ring::header() const noexcept {
  return *reinterpret_cast<const RingHeader*>(file_.memory().data());
}
OpenSlot* Ring::slot(int index) noexcept {
  return reinterpret_cast<OpenSlot*>(file_.memory().data() + kRingPageBytes) + index;
}

uint64_t Ring::used_bytes() const noexcept {
  return std::min(head_ - LoadAcquire(header().tail), data_bytes_);
}

int Ring::Admit(const OpenRequest& request) noexcept {
  if (free_.empty() || condemned()) return -1;
  if (data_bytes_ - used_bytes() < (open_requests() + 1) * kMaxFrameBytes) return -1;
  const int index = free_.back();
  free_.pop_back();
  OpenTheSlot(request, slot(index));
  return index;
}

uint64_t Ring::Publish(int index, std::string_view record) noexcept {
  // From here on a reader of the slot can tell whether the record is in the ring.
  StoreRelease(&slot(index)->record_number, ++last_number_);
  const FrameHeader frame{static_cast<uint32_t>(record.size()),
                          FrameChecksum(last_number_, record.data(), record.size()), last_number_};
  CopyIn(head_, &frame, sizeof frame);
  CopyIn(head_ + sizeof frame, record.data(), record.size());
  head_ += FrameBytes(record.size());
  shared()->last_number = last_number_;
  // Sequentially consistent, as TakeSleeping and the consumer's counterpart: one of the two sees
  // what the other has written.
  std::atomic_ref(shared()->head).store(head_, std::memory_order_seq_cst);
  Cancel(index);
  return head_;
}

void Ring::Cancel(int index) noexcept {
  FreeTheSlot(slot(index));
  free_.push_back(index);
}

bool Ring::Durable(uint64_t position) const noexcept {
  const uint64_t tail = LoadAcquire(header().tail);
  return tail >= position && tail <= head_;
}

void Ring::Hurry(uint64_t position) noexcept {
  StoreRelease(&shared()->urgent, position);
}

bool Ring::TakeSleeping() noexcept {
  std::atomic_ref sleeping(shared()->sleeping);
  return sleeping.load(std::memory_order_seq_cst) != 0 && sleeping.exchange(0) != 0;
}

void Ring::CountDropped(uint64_t records) noexcept {
  StoreRelease(&shared()->dropped, shared()->dropped + records);
}

void Ring::CopyIn(uint64_t position, const void* bytes, size_t size) noexcept {
  uint8_t* const data = file_.memory().data() + data_offset_;
  const uint64_t at = position & (data_bytes_ - 1);
  const size_t first = std::min<uint64_t>(size, data_bytes_ - at);
  std::memcpy(data + at, bytes, first);
  std::memcpy(data, static_cast<const char*>(bytes) + first, size - first);
}

}  // namespace kt::audit
