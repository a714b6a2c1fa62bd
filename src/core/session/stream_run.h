// Events of a stream that came together and go on with one and the same text.
//
// They are judged as one piece of text: judging many words costs little more than judging one. The
// verdict and what goes out are those of judging them one by one (StreamRelease::Settle).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/json/view.h"
#include "core/openai/text_map.h"
#include "core/sse/splitter.h"

namespace kt::session {

// Events that keep their order: what the model says in one choice, or what it thinks.
using QueueId = uint64_t;
inline constexpr QueueId kThinks = 1;  // the bit that tells the two of one choice apart

struct RunEvent {
  sse::Event event;           // refers to the bytes that were fed last
  openai::Segment segment;    // node == json::kNoNode: the event holds no text
  size_t begin = 0, end = 0;  // of its text in the lane
  QueueId queue = 0;
  uint32_t sequence_number = 0;
  bool barrier = false;
  bool content = false;

  bool has_text() const noexcept { return segment.node != json::kNoNode; }
};

// May the event wait, to be judged with its neighbours? Only one that holds nothing but a piece of
// one plain text, or no text at all.
bool MayWait(const sse::Event& event, const openai::EventInfo& info);

// Does the event wait for all before it, and all behind it for the event?
bool IsBarrier(const openai::EventInfo& info) noexcept;
// The queue in whose order it goes; 0 for a barrier. `last`: that of the event before, with which
// an event without text goes.
QueueId QueueOf(const openai::EventInfo& info, QueueId last) noexcept;

class StreamRun {
 public:
  static constexpr uint32_t kNoLane = UINT32_MAX;

  // `events`: where they are kept; outlives this.
  explicit StreamRun(std::vector<RunEvent>* events) : events_(*events) {}

  bool empty() const noexcept { return events_.empty(); }
  // So large that it should be judged, whatever follows.
  bool full() const noexcept { return events_.size() >= kMaxEvents || text_bytes_ >= kMaxBytes; }
  const std::vector<RunEvent>& events() const noexcept { return events_; }
  uint32_t lane() const noexcept { return lane_; }
  // Would a piece of this lane belong to the run?
  bool Takes(uint32_t lane) const noexcept { return lane_ == kNoLane || lane_ == lane; }

  void Add(const RunEvent& event, uint32_t lane);
  void Clear();

 private:
  static constexpr size_t kMaxEvents = 64, kMaxBytes = 4096;

  std::vector<RunEvent>& events_;
  uint32_t lane_ = kNoLane;
  size_t text_bytes_ = 0;
};

}  // namespace kt::session
