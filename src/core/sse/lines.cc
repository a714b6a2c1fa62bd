#include "core/sse/lines.h"

#include <cstdint>
#include <cstring>

namespace kt::sse {
namespace {

// Not zero when one of the eight bytes is `byte`.
uint64_t HasByte(uint64_t word, uint8_t byte) noexcept {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  const uint64_t x = word ^ (kOnes * byte);
  return (x - kOnes) & ~x & (kOnes << 7);
}

}  // namespace

size_t FindLineEnd(std::string_view bytes, size_t from) noexcept {
  // One pass for both ends: two memchr calls would each search the whole rest again for every line
  // of a stream that has only the other kind.
  size_t i = from;
  while (i + sizeof(uint64_t) <= bytes.size()) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    if ((HasByte(word, '\n') | HasByte(word, '\r')) != 0) break;
    i += sizeof word;
  }
  while (i < bytes.size() && bytes[i] != '\n' && bytes[i] != '\r') ++i;
  return i;
}

Field ParseField(std::string_view line) noexcept {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {line, line.substr(line.size())};
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  return {line.substr(0, colon), value};
}

}  // namespace kt::sse
