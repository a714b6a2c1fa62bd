// Any bytes into the view: what it accepts must decode, map back and survive an edit.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/json/edits.h"
#include "core/json/view.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kt::json::Limits limits;
  limits.lone_surrogates = kt::json::LoneSurrogates::kKeep;
  kt::json::View view;
  if (!view.Parse(text, 0, limits).ok()) return 0;
  kt::json::Edits edits;
  kt::json::Decoded decoded;
  for (kt::json::NodeIndex i = 0; i < view.nodes().size(); ++i) {
    if (view.node(i).kind != kt::json::Kind::kString) continue;
    view.Decode(i, &decoded);
    size_t half = decoded.text().size() / 2;
    while (half < decoded.text().size() && (decoded.text()[half] & 0xC0) == 0x80) ++half;
    const auto [begin, end] = decoded.RawSpan(half, decoded.text().size());
    if (begin > end || begin <= view.node(i).begin || end >= view.node(i).end) std::abort();
    edits.Replace(begin, end, "x");
  }
  std::string edited;
  edits.Apply(text, &edited);
  // Only values were edited, so no key can have become a duplicate.
  kt::json::View again;
  if (!again.Parse(edited, 0, limits).ok()) std::abort();
  if (again.nodes().size() != view.nodes().size()) std::abort();
  return 0;
}
