// The reader of a ring on hostile bytes. Starts from a ring that a worker has really written (open
// slots, records that run over the end of the data), and changes it as the input says, with
// checksums computed anew or not. It must end, give only records of one line, stay inside the
// memory, and tell of no more lost requests than there are slots.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/audit/open_slot.h"
#include "core/audit/ring_reader.h"

namespace {

using kt::audit::FrameHeader;
using kt::audit::RingHeader;

struct Shape {
  std::vector<uint8_t> memory;
  std::vector<uint64_t> frames;  // positions
};

void CopyIn(std::vector<uint8_t>* memory, uint64_t position, const void* bytes, size_t size) {
  constexpr uint64_t kBytes = kt::audit::kMinRingDataBytes;
  const uint64_t data = kt::audit::DataOffset(kt::audit::SlotCount(kBytes));
  for (size_t i = 0; i < size; ++i) {
    (*memory)[data + (position + i) % kBytes] = static_cast<const uint8_t*>(bytes)[i];
  }
}

// As Ring::Publish lays it.
uint64_t PutFrame(std::vector<uint8_t>* memory, uint64_t position, uint64_t number,
                  std::string_view record) {
  const FrameHeader frame{static_cast<uint32_t>(record.size()),
                          kt::audit::FrameChecksum(number, record.data(), record.size()), number};
  CopyIn(memory, position, &frame, sizeof frame);
  CopyIn(memory, position + sizeof frame, record.data(), record.size());
  return position + kt::audit::FrameBytes(record.size());
}

const Shape& SoundRing() {
  static const Shape sound = [] {
    const uint64_t data_bytes = kt::audit::kMinRingDataBytes;
    const uint32_t slots = kt::audit::SlotCount(data_bytes);
    Shape shape;
    shape.memory.resize(kt::audit::DataOffset(slots) + data_bytes);
    auto* header = reinterpret_cast<RingHeader*>(shape.memory.data());
    header->magic = kt::audit::kRingMagic;
    header->version = kt::audit::kRingVersion;
    header->slot_count = slots;
    header->data_offset = kt::audit::DataOffset(slots);
    header->data_bytes = data_bytes;
    header->id = 7;
    header->tail = header->head = 3 * data_bytes - 512;  // the first frames run over the end
    for (uint64_t number = 40; number < 60; ++number) {
      shape.frames.push_back(header->head);
      const std::string record = "{\"n\":\"" + std::string(number * 7, 'x') + "\"}";
      header->head = PutFrame(&shape.memory, header->head, number, record);
      header->last_number = number;
    }
    header->released_number = 39;
    auto* slot =
        reinterpret_cast<kt::audit::OpenSlot*>(shape.memory.data() + kt::audit::kRingPageBytes);
    kt::audit::OpenRequest request;
    request.request_id = "0123456789abcdef";
    request.user_id = "user";
    for (uint32_t i = 0; i < slots; ++i) kt::audit::OpenTheSlot(request, slot + i);
    slot[0].record_number = 59;
    slot[1].record_number = 60;
    return shape;
  }();
  return sound;
}

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  uint64_t Number(size_t bytes) {
    uint64_t value = 0;
    for (; bytes > 0 && size_ > 0; --bytes, --size_) value = value * 256 + *data_++;
    return value;
  }
  std::string Bytes() {
    const size_t n = std::min<size_t>(size_, Number(1));
    std::string bytes(reinterpret_cast<const char*>(data_), std::min(n, size_));
    data_ += bytes.size();
    size_ -= bytes.size();
    return bytes;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

void Change(Input* input, Shape* shape) {
  std::vector<uint8_t>* memory = &shape->memory;
  auto* header = reinterpret_cast<RingHeader*>(memory->data());
  const auto overwrite = [&](size_t at, const std::string& bytes) {
    at %= memory->size();
    std::memcpy(memory->data() + at, bytes.data(), std::min(bytes.size(), memory->size() - at));
  };
  const uint64_t frame = shape->frames[input->Number(1) % shape->frames.size()];
  switch (input->Number(1) % 8) {
    case 0:  // a number of the header
      overwrite(input->Number(1) % 48 * 8, input->Bytes());
      break;
    case 1:
      header->head += input->Number(2) * 16;
      break;
    case 2:
      header->tail = header->head - input->Number(3) * 16;
      break;
    case 3:  // a frame with any record, its checksum right
      PutFrame(memory, frame, input->Number(1), input->Bytes());
      break;
    case 4: {  // a frame's header
      const FrameHeader any{static_cast<uint32_t>(input->Number(4)),
                            static_cast<uint32_t>(input->Number(4)), input->Number(2)};
      CopyIn(memory, frame, &any, sizeof any);
      break;
    }
    case 5: {
      const std::string bytes = input->Bytes();
      CopyIn(memory, frame + input->Number(2), bytes.data(), bytes.size());
      break;
    }
    default:  // a slot
      overwrite(kt::audit::kRingPageBytes + input->Number(2) % (4 * sizeof(kt::audit::OpenSlot)),
                input->Bytes());
  }
}

void ReadAll(kt::audit::RingReader* reader, size_t most) {
  std::string record;
  uint64_t number = 0, last = 0;
  for (size_t records = 0;; ++records) {
    if (records > most) std::abort();
    const kt::Result<bool> next = reader->Next(&record, &number);
    if (!next.ok() || !next.value()) return;
    if (record.empty() || record.size() > kt::audit::kMaxRecordBytes) std::abort();
    if (record.front() != '{' || record.find('\n') != std::string::npos) std::abort();
    if (last != 0 && number != last + 1) std::abort();
    last = number;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Shape shape = SoundRing();
  for (int changes = 0; changes < 8 && !input.empty(); ++changes) Change(&input, &shape);
  kt::Result<kt::audit::RingReader> reader = kt::audit::RingReader::Open(shape.memory);
  if (!reader.ok()) return 0;
  ReadAll(&reader.value(), shape.memory.size());
  reader->Rewind();
  ReadAll(&reader.value(), shape.memory.size());
  reader->Release(1);
  const auto lost = reader->LostRequests();
  if (lost.size() > kt::audit::SlotCount(kt::audit::kMinRingDataBytes)) std::abort();
  for (const auto& request : lost) {
    const std::string json = kt::audit::ToJson(request.record);
    if (json.size() > kt::audit::kMaxJsonBytes) std::abort();
  }
  static_cast<void>(reader->AllReleased());
  static_cast<void>(reader->BeginSleep());
  static_cast<void>(reader->NewlyDropped());
  return 0;
}
