// Any stream: an event that is recognised by its bytes must be what splitter, parser and table make
// of it. The first byte chooses the endpoint.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/json/escape.h"
#include "core/json/view.h"
#include "core/openai/event_template.h"
#include "core/sse/splitter.h"

namespace {

using kt::openai::EventInfo;
using kt::openai::EventTemplate;

void Compare(const EventTemplate& alike, const EventTemplate::Match& match,
             const kt::sse::Event& event, const kt::json::View& view, const EventInfo& info) {
  const EventInfo& known = alike.info();
  if (event.raw.size() != match.size || view.empty()) std::abort();
  if (event.data != event.raw.substr(match.data_begin, match.data_end - match.data_begin)) {
    std::abort();
  }
  if (info.segments.size() != 1 || info.choices != known.choices || !info.finished.empty() ||
      !info.ended.empty() || !info.logprobs.empty() || info.usage.present || info.is_error ||
      info.completed || info.usage_only || info.content != known.content) {
    std::abort();
  }
  const kt::openai::Segment &read = info.segments[0], &expected = known.segments[0];
  if (read.node != expected.node || read.lane != expected.lane || read.role != expected.role ||
      read.text_class != expected.text_class || read.json_inside) {
    std::abort();
  }
  std::string text;
  kt::json::AppendUnescaped(event.raw.substr(match.text_begin, match.text_end - match.text_begin),
                            &text);
  if (text != view.String(read.node)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto endpoint =
      data[0] % 2 == 0 ? kt::openai::Endpoint::kChatCompletions : kt::openai::Endpoint::kResponses;
  kt::json::Limits limits;
  limits.lone_surrogates = kt::json::LoneSurrogates::kKeep;
  kt::sse::Splitter splitter(64 * 1024);
  splitter.Feed({reinterpret_cast<const char*>(data + 1), size - 1});
  EventTemplate alike;
  kt::sse::Event event;
  kt::json::View view;
  EventInfo info;
  for (;;) {
    EventTemplate::Match match;
    const bool known = alike.Read(splitter.Ahead(), &match);
    const auto next = splitter.Next(&event);
    if (!next.ok() || !next.value()) {
      if (known && next.ok()) std::abort();
      return 0;
    }
    const bool parsed = event.has_data && view.Parse(event.data, event.data_padding, limits).ok();
    if (parsed) kt::openai::MapEvent(view, endpoint, event.name, &info);
    if (known && !parsed) std::abort();
    if (known) Compare(alike, match, event, view, info);
    // A part of the event's own bytes: of one data line.
    const char* const begin = event.data.data();
    const bool inside = begin >= event.raw.data() &&
                        begin + event.data.size() <= event.raw.data() + event.raw.size();
    if (parsed && inside) alike.Learn(event.raw, view, info);
  }
}
