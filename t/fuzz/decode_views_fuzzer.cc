// Any bytes, normalised and decoded in every way: the parts of a view lie in it in order, what they
// came from lies in the text, and the bounds of the lengths hold.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/detect/decode_views.h"
#include "core/detect/normalize.h"
#include "core/detect/spelled_rows.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kt::detect;
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  NormalizedText text;
  if (!Normalize(raw, {}, &text).ok()) return 0;
  DecodedViews decoded;
  if (!BuildViews(text, kAllViews | kEveryEscape, &decoded).ok()) return 0;
  size_t total = 0;
  for (const View& view : decoded.views()) {
    const bool spelled = view.kind == ViewKind::kSpelled;
    Require(view.text.size() <= kSpelledTimes * raw.size() || !spelled);
    if (!spelled) total += view.text.size();
    size_t last = 0;
    for (const ViewPart& part : view.parts) {
      Require(last <= part.at && part.at <= view.text.size() && part.begin <= part.end);
      last = part.at;
      const ByteSpan span = view.Raw(part.at, view.text.size(), text);
      Require(span.begin <= span.end && span.end <= raw.size());
    }
  }
  Require(total <= kViewTimes * raw.size() + kViewSlackBytes);
  const std::string_view plain = text.text();
  Require(ViewHoldFrom(plain, 0) <= plain.size());
  Require(LastUnitsBegin(plain, 0) <= plain.size());
  return 0;
}
