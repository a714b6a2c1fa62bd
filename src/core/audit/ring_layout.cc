#include "core/audit/ring_layout.h"

#include <bit>
#include <cstring>

namespace kt::audit {

uint32_t FrameChecksum(uint64_t number, const char* bytes, size_t size) noexcept {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  uint64_t sum = (std::rotl(number * kMultiplier, 23) ^ size) * kMultiplier;
  while (size > 0) {
    uint64_t word = 0;
    const size_t n = size < sizeof word ? size : sizeof word;
    std::memcpy(&word, bytes, n);
    sum = (std::rotl(sum, 23) ^ word) * kMultiplier;
    bytes += n;
    size -= n;
  }
  return static_cast<uint32_t>(sum ^ (sum >> 32));
}

}  // namespace kt::audit
