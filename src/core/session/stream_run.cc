#include "core/session/stream_run.h"

#include <functional>

#include "core/session/stream_event.h"

namespace kt::session {

bool MayWait(const sse::Event& event, const openai::EventInfo& info) {
  if (!info.finished.empty() || !info.ended.empty() || !info.logprobs.empty()) return false;
  if (info.segments.size() > 1 || !IsInside(event.raw, event.data)) return false;
  if (!info.segments.empty()) {
    const openai::Segment& segment = info.segments.front();
    const bool plain = segment.lane != 0 && !segment.growing && !segment.apart && !segment.is_key &&
                       !segment.json_inside && segment.text_class == openai::TextClass::kText;
    if (!plain) return false;
  }
  return !HoldsMore(event);
}

bool IsBarrier(const openai::EventInfo& info) noexcept {
  const bool both = info.voice == openai::Voice::kBoth;
  return info.choices.size() != 1 || !info.finished.empty() || info.waits || both;
}

QueueId QueueOf(const openai::EventInfo& info, QueueId last) noexcept {
  if (IsBarrier(info)) return 0;
  const QueueId says = QueueId{info.choices.front()} << 1;
  const bool goes_on = info.voice == openai::Voice::kNone && (last & ~kThinks) == says;
  return info.voice == openai::Voice::kThinks || (goes_on && last != says) ? says | kThinks : says;
}

void StreamRun::Add(const RunEvent& event, uint32_t lane) {
  events_.push_back(event);
  if (!event.has_text()) return;
  lane_ = lane;
  text_bytes_ += event.end - event.begin;
}

void StreamRun::Clear() {
  events_.clear();
  lane_ = kNoLane;
  text_bytes_ = 0;
}

}  // namespace kt::session
