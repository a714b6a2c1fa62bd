// StreamRelease: events that are judged together.
#include <algorithm>
#include <tuple>
#include <utility>

#include "core/session/stream_release.h"

namespace kt::session {
namespace {

HeldEvent MakeHeld(const RunEvent& event, uint32_t lane, uint32_t lane_choice) {
  HeldEvent held(event.event);
  held.content = event.content;
  held.sequence_number = event.sequence_number;
  if (event.has_text()) {
    HeldPiece& piece = held.pieces.emplace_back();
    piece.segment = event.segment;
    piece.choice = lane_choice;
    piece.lane = lane;
    piece.begin = event.begin;
    piece.end = event.end;
  }
  return held;
}

}  // namespace

using Result = StreamRelease::Result;

RunEvent StreamRelease::MakeRunEvent(const sse::Event& event, const openai::EventInfo& info,
                                     uint32_t sequence_number) {
  RunEvent made;
  made.event = event;
  if (!judged_) made.event.data = event.raw;  // goes out as it came, whatever it holds
  if (judged_ && !info.segments.empty()) made.segment = info.segments.front();
  made.barrier = IsBarrier(info);
  made.queue = QueueOf(info, last_queue_);
  if (!made.barrier) last_queue_ = made.queue;
  made.sequence_number = sequence_number;
  made.content = info.content;
  return made;
}

Result StreamRelease::AddAlike(const sse::Event& event, std::string_view text,
                               const openai::EventInfo& info, uint32_t sequence_number) {
  RunEvent added = MakeRunEvent(event, info, sequence_number);
  const auto lane = added.has_text() ? FindLane(added.segment.lane) : std::nullopt;
  return AddToRun(&added, lane, text);
}

// `lane`: of the event's text, when it has one.
Result StreamRelease::AddToRun(RunEvent* event, std::optional<uint32_t> lane,
                               std::string_view text) {
  if (!event->has_text()) {
    run_.Add(*event, StreamRun::kNoLane);
    return run_.full() ? Settle() : Result::kGoOn;
  }
  // Text behind its own end: what it forms with the text before can no longer be judged.
  if (!lane || lanes_[*lane].closed()) return Result::kInvalid;
  if (!run_.Takes(*lane)) {
    if (const Result result = Settle(); result != Result::kGoOn) return result;
  }
  std::tie(event->begin, event->end) = lanes_[*lane].Append(text);
  pending_text_ += event->end - event->begin;
  run_.Add(*event, *lane);
  return run_.full() ? Settle() : Result::kGoOn;
}

// Is this event the end of the run's text, and nothing else? Then the run is judged once, as final.
bool StreamRelease::EndsRun(const sse::Event& event, const openai::EventInfo& info) const {
  if (run_.lane() == StreamRun::kNoLane || !info.segments.empty()) return false;
  const auto& finished = info.finished;
  const uint32_t choice = lanes_[run_.lane()].choice();
  return std::find(finished.begin(), finished.end(), choice) != finished.end() && !HoldsMore(event);
}

Result StreamRelease::SettleRun(bool final) {
  if (run_.empty()) return Result::kGoOn;
  const Result result = JudgeRun(final);
  run_.Clear();
  return result == Result::kGoOn ? CheckLimits() : result;
}

Result StreamRelease::JudgeRun(bool final) {
  if (run_.lane() != StreamRun::kNoLane) {
    if (auto block = JudgeLane(&lanes_[run_.lane()], final)) return ReplayRun(std::move(*block));
    // What was held before may be clear now.
    if (const Result result = Drain(); result != Result::kGoOn) return result;
  }
  return EnqueueRun(held_events_ == 0 ? PassRun() : 0);
}

// The run was blocked: what may go out of it is what would have, event by event.
Result StreamRelease::ReplayRun(policy::Block block) {
  Lane& lane = lanes_[run_.lane()];
  for (const RunEvent& event : run_.events()) {
    if (event.has_text()) {
      if (auto found = JudgeLane(&lane, false, event.end)) return Block(std::move(*found));
    }
    Enqueue(MakeHeld(event, run_.lane(), lane.choice()), event.barrier, event.queue);
    if (const Result result = Drain(); result != Result::kGoOn) return result;
  }
  return Block(std::move(block));
}

// Releases the events at the beginning of the run that are clear and untouched, as the bytes that
// they came as; how many. Precondition: no event waits before them.
size_t StreamRelease::PassRun() {
  std::string_view bytes;
  size_t passed = 0;
  for (const RunEvent& event : run_.events()) {
    if (event.has_text() && !lanes_[run_.lane()].Untouched(event.end)) break;
    const std::string_view raw = event.event.raw;
    if (bytes.data() + bytes.size() == raw.data()) {
      bytes = {bytes.data(), bytes.size() + raw.size()};
    } else {
      released_.append(bytes);
      bytes = raw;
    }
    CountReleased(event.content, event.end - event.begin, event.sequence_number);
    ++passed;
  }
  released_.append(bytes);
  return passed;
}

// The rest of the run goes into the queue, and out of it where it may.
Result StreamRelease::EnqueueRun(size_t first) {
  const auto& events = run_.events();
  if (first == events.size()) return Result::kGoOn;
  const uint32_t choice = run_.lane() != StreamRun::kNoLane ? lanes_[run_.lane()].choice() : 0;
  for (size_t i = first; i < events.size(); ++i) {
    Enqueue(MakeHeld(events[i], run_.lane(), choice), events[i].barrier, events[i].queue);
  }
  return Drain();
}

}  // namespace kt::session
