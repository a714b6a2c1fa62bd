// The first byte says how the rest is cut: whole and cut must give the same events and lose no
// byte.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/sse/splitter.h"

namespace {

std::string Split(std::string_view input, size_t piece, std::string* raw) {
  kt::sse::Splitter splitter(64 * 1024);
  kt::sse::Event event;
  std::string events;
  while (true) {
    const std::string_view bytes = input.substr(0, piece);
    splitter.Feed(bytes);
    input.remove_prefix(bytes.size());
    while (true) {
      const kt::Result<bool> more = splitter.Next(&event);
      if (!more.ok()) return "too large";
      if (!more.value()) break;
      raw->append(event.raw);
      events.append(std::to_string(event.raw.size())).append(event.has_data ? "+" : "-");
      events.append(event.data).append("|").append(event.name).append("|");
    }
    if (input.empty()) break;
  }
  raw->append(splitter.Rest());
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 32 * 1024) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  std::string whole_raw, cut_raw;
  const std::string whole = Split(input, input.size(), &whole_raw);
  const std::string cut = Split(input, 1 + data[0] % 32, &cut_raw);
  if (whole != cut || whole_raw != input || cut_raw != input) std::abort();
  return 0;
}
