// The reader of a ring on hostile bytes: a whole ring with the input laid over its header and its
// first frames. It must end, give only records of one line, and stay inside the memory.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/audit/ring_reader.h"

namespace {

using kt::audit::RingHeader;

std::vector<uint8_t> SoundRing() {
  const uint64_t data_bytes = kt::audit::kMinRingDataBytes;
  const uint32_t slots = kt::audit::SlotCount(data_bytes);
  std::vector<uint8_t> memory(kt::audit::DataOffset(slots) + data_bytes);
  RingHeader header{};
  header.magic = kt::audit::kRingMagic;
  header.version = kt::audit::kRingVersion;
  header.slot_count = slots;
  header.data_offset = kt::audit::DataOffset(slots);
  header.data_bytes = data_bytes;
  std::memcpy(memory.data(), &header, sizeof header);
  return memory;
}

// A frame whose checksum is right, so that what lies behind that check is reached too.
void PutFrame(std::vector<uint8_t>* memory, const uint8_t* record, size_t size) {
  auto* header = reinterpret_cast<RingHeader*>(memory->data());
  size = std::min(size, kt::audit::kMaxRecordBytes);
  const auto* text = reinterpret_cast<const char*>(record);
  const kt::audit::FrameHeader frame{static_cast<uint32_t>(size),
                                     kt::audit::FrameChecksum(1, text, size), 1};
  uint8_t* data = memory->data() + header->data_offset;
  std::memcpy(data, &frame, sizeof frame);
  std::memcpy(data + sizeof frame, record, size);
  header->head = kt::audit::FrameBytes(size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4 || size > 64 * 1024) return 0;
  const uint8_t how = data[0];
  const size_t at = (data[1] * 256u + data[2]) * 8;
  data += 3;
  size -= 3;
  std::vector<uint8_t> memory = SoundRing();
  if ((how & 1) != 0) PutFrame(&memory, data, size);
  if ((how & 2) != 0) {
    const size_t begin = at % memory.size();
    std::memcpy(memory.data() + begin, data, std::min(size, memory.size() - begin));
  }
  kt::Result<kt::audit::RingReader> reader = kt::audit::RingReader::Open(memory);
  if (!reader.ok()) return 0;
  std::string record;
  uint64_t number = 0;
  for (size_t records = 0;; ++records) {
    if (records > memory.size()) std::abort();
    const kt::Result<bool> next = reader->Next(&record, &number);
    if (!next.ok() || !next.value()) break;
    if (record.size() > kt::audit::kMaxRecordBytes) std::abort();
    if (record.front() != '{' || record.find('\n') != std::string::npos) std::abort();
  }
  for (const auto& lost : reader->LostRequests()) kt::audit::ToJson(lost.record);
  reader->Release(1);
  reader->Rewind();
  return 0;
}
