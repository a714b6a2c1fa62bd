#include "core/sse/lines.h"

#include "core/base/byte_block.h"

namespace kt::sse {

size_t FindLineEnd(std::string_view bytes, size_t from) noexcept {
  // One pass for both ends: two memchr calls would each search the whole rest again for every line
  // of a stream that has only the other kind.
  return FindByte(
      bytes, from, [](ByteBlock block) { return block.Equal('\n') | block.Equal('\r'); },
      [](char c) { return c == '\n' || c == '\r'; });
}

Field ParseField(std::string_view line) noexcept {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {line, line.substr(line.size())};
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  return {line.substr(0, colon), value};
}

bool MayBegin(std::string_view bytes) noexcept {
  for (const std::string_view name : {"data:", "event:", "id:", "retry:", ":"}) {
    if (!bytes.empty() && name.starts_with(bytes.substr(0, name.size()))) return true;
  }
  return false;
}

}  // namespace kt::sse
