// Any two header values: the wait that they ask for stays within bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/routing/retry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = text.find('\n');
  const std::string_view seconds = text.substr(0, cut);
  const std::string_view ms = cut == std::string_view::npos ? "" : text.substr(cut + 1);
  for (const int64_t now : {int64_t{0}, int64_t{1'700'000'000}}) {
    const auto wait = kt::routing::ParseRetryAfter(seconds, ms, now);
    if (wait && *wait > kt::routing::kMaxRetryAfterMs) std::abort();
  }
  return 0;
}
