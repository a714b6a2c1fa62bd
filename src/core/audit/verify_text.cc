#include <charconv>

#include "core/audit/verify.h"

namespace kt::audit {

std::string_view NameOf(Tampering kind) noexcept {
  static constexpr std::string_view kNames[] = {
      "none",    "edited",      "deleted",    "inserted",  "reordered",  "truncated",
      "spliced", "rolled back", "clock back", "re-signed", "new lineage"};
  return kNames[static_cast<size_t>(kind)];
}

std::optional<ChainHead> ParseHead(std::string_view text) {
  const size_t colon = text.find(':');
  ChainHead head;
  if (colon == std::string_view::npos || !IsHex(text.substr(colon + 1), 64)) return std::nullopt;
  const auto end = std::from_chars(text.data(), text.data() + colon, head.seq);
  if (end.ec != std::errc() || end.ptr != text.data() + colon || head.seq == 0) return std::nullopt;
  head.hash = text.substr(colon + 1);
  return head;
}

std::string FormatHead(const ChainHead& head) {
  return std::to_string(head.seq) + ":" + head.hash;
}

}  // namespace kt::audit
