#include "core/audit/ring_layout.h"

#include <bit>
#include <cstring>

namespace kt::audit {

uint32_t FrameChecksum(uint64_t number, const char* bytes, size_t size) noexcept {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  uint64_t sum = (std::rotl(number * kMultiplier, 23) ^ size) * kMultiplier;
  uint64_t word = 0;
#pragma GCC unroll 4
  for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
    std::memcpy(&word, bytes, sizeof word);
    sum = (std::rotl(sum, 23) ^ word) * kMultiplier;
  }
  if (size > 0) {
    word = 0;
    std::memcpy(&word, bytes, size);
    sum = (std::rotl(sum, 23) ^ word) * kMultiplier;
  }
  return static_cast<uint32_t>(sum ^ (sum >> 32));
}

}  // namespace kt::audit
