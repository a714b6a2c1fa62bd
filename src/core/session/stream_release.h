// What of a stream may go out, and when (README, HTTP, Streams).
//
// Every event goes into a queue; its texts go into lanes, which the chain judges; the event leaves
// as a whole once all its texts are cleared, untouched as the same bytes. Events of one choice
// keep their order and may overtake those of another choice. All other events (of no choice or
// several, with a finish_reason, [DONE], comments) are barriers: they wait for all before them,
// and all behind waits for them.
//
// Events that come together and go on with one text wait until Settle, to be judged as one piece.
//
// Lanes of one group are one text for the reader (openai::Segment::group). Each is judged by
// itself, and from where another one goes on, a joined lane judges what both say: a piece goes out
// once its lane and the joined one have cleared it, with the edits of both.
//
// Linear in the bytes of the stream; memory bounded by ReleaseLimits, which block when reached.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/view.h"
#include "core/openai/endpoint.h"
#include "core/openai/text_map.h"
#include "core/policy/chain.h"
#include "core/session/growing_texts.h"
#include "core/session/lane.h"
#include "core/session/stream_buffers.h"
#include "core/session/stream_event.h"
#include "core/session/stream_run.h"
#include "core/sse/splitter.h"

namespace kt::session {

struct ReleaseLimits {
  size_t max_pending_text = 256 * 1024;  // decoded bytes that wait to be cleared
  size_t max_held_bytes = 8 << 20;       // of waiting events
  size_t max_held_events = 64 * 1024;
  size_t max_lanes = 4096;
  size_t max_overtaking_choices = 128;  // beyond, events keep the order they came in
};

class StreamRelease {
 public:
  // `chain` and `placeholders`, whose values are restored, outlive this. `buffered`: nothing leaves
  // before Flush. `buffers`: as in StreamOptions.
  StreamRelease(policy::ChainRun& chain, Placeholders* placeholders, openai::Endpoint endpoint,
                bool buffered, const ReleaseLimits& limits, StreamBuffers* buffers = nullptr);

  enum class Result : uint8_t {
    kGoOn,
    kBlocked,  // see block(); nothing more may be taken
    kInvalid,  // the stream contradicts itself
  };
  // An event whose data is parsed in `view` and read into `info`. It may refer to its bytes until
  // Settle.
  Result Add(const sse::Event& event, const json::View& view, const openai::EventInfo& info);
  // May events be added by AddAlike?
  bool takes_alike(const openai::EventInfo& info);
  // The same for an event like one that Add has taken, whose info this is, with another text.
  Result AddAlike(const sse::Event& event, std::string_view text, const openai::EventInfo& info,
                  uint32_t sequence_number);
  // An event without JSON: comments, [DONE].
  Result AddPlain(const sse::Event& event);
  // No more events are at hand: judges what waits to be judged, and releases what is clear. To be
  // called before the bytes change that events refer to, whatever Add and AddPlain said.
  Result Settle() { return SettleRun(false); }
  // The stream is complete: every lane is final, every event leaves.
  Result Flush();

  // The time; what waits for nothing but its turn waits no longer than kPatienceMs.
  void SetNow(uint64_t now_ms) noexcept { now_ms_ = now_ms; }

  // What has been released since the last call.
  std::string Take();
  // About so many bytes may be released before the next Take.
  void Expect(size_t bytes);
  size_t released_bytes() const noexcept { return released_.size(); }
  // A content-bearing event has been released, now or before.
  bool content_released() const noexcept { return content_released_; }
  uint64_t released_text_bytes() const noexcept { return released_text_bytes_; }
  uint32_t last_sequence_number() const noexcept { return last_sequence_number_; }
  const policy::Block& block() const noexcept { return block_; }

 private:
  struct Queue {
    QueueId id;
    std::list<HeldEvent> events;
  };
  // Lanes that are one text: the one that went on last, and the joined one while that has to look
  // back.
  struct LaneGroup {
    uint32_t last, joined = HeldPiece::kNoLane;
    bool over = false;  // nothing may follow
  };
  struct Group {  // what may overtake each other, and the barrier behind it
    std::vector<Queue> queues;
    size_t waiting = 0;
    std::unique_ptr<HeldEvent> barrier;
  };

  RunEvent MakeRunEvent(const sse::Event& event, const openai::EventInfo& info,
                        uint32_t sequence_number);
  // Says in *event where its text came to stand.
  Result AddToRun(RunEvent* event, std::optional<uint32_t> lane, std::string_view text);
  bool EndsRun(const sse::Event& event, const openai::EventInfo& info) const;
  Result SettleRun(bool final);
  Result JudgeRun(bool final);
  Result ReplayRun(policy::Block block);
  size_t PassRun();
  Result EnqueueRun(size_t first);
  std::optional<policy::Block> JudgeLane(Lane* lane, bool final, size_t to = SIZE_MAX);
  Result Judge(const json::View& view, const openai::EventInfo& info, HeldEvent* held);
  Result JudgeWholeTexts(const json::View& view, HeldEvent* held);
  bool IsWhole(const HeldPiece& piece) const;
  Result JudgeGrowing(const json::View& view, const openai::EventInfo& info, HeldEvent* held);
  Result AppendPieces(const json::View& view, const openai::EventInfo& info, HeldEvent* held);
  Result JudgeLanes(const openai::EventInfo& info, HeldEvent* held);
  Result JudgeWholeLanes();
  // stream_release_lines.cc
  // Where comments have to be emptied the event's bytes become *raw.
  Result JudgeBesideData(sse::Event* event, std::string* raw);
  Result JudgeLines(std::string_view text);
  Result JudgeComment(std::string_view text, bool* clean);
  Result JudgeAlone(policy::ChainRun::Text unit, std::string_view text, bool* clean);
  // stream_release_join.cc
  bool MayRun(uint32_t lane) const noexcept;
  bool GoesOnAlone(uint32_t lane) const noexcept;
  bool AppendToGroup(std::string_view text, HeldPiece* piece, HeldEvent* held);
  bool JoinGroup(LaneGroup* group, HeldEvent* held);
  void DropJoined(uint32_t joined);
  Result EndLane(uint32_t lane, HeldEvent* held);
  Result EndGroup(uint64_t key);
  Result JudgeOpenLane(uint32_t lane, bool final);
  std::optional<uint32_t> FindLane(openai::LaneKey key);
  std::optional<uint32_t> LaneOf(const openai::Segment& segment, uint32_t choice);
  // stream_release_queue.cc
  void Enqueue(HeldEvent held, bool barrier, QueueId queue);
  static std::vector<Queue*> InOrder(std::vector<Queue>* queues);
  bool MayGo(const Group& group, const Queue& queue) const;
  Result DrainWithin();
  Result Drain();
  bool Ready(const HeldEvent& held) const;
  bool Release(HeldEvent* held);
  void CountReleased(bool content, size_t text_bytes, uint32_t sequence_number);
  Result Block(policy::Block block);
  Result CheckLimits();

  policy::ChainRun& chain_;
  Placeholders* const placeholders_;
  const openai::Endpoint endpoint_;
  const bool judged_, buffered_;
  const ReleaseLimits limits_;
  std::vector<Lane> lanes_;
  std::map<openai::LaneKey, uint32_t> lane_of_key_;
  std::pair<openai::LaneKey, uint32_t> present_lane_{};  // the entry that was asked for last
  // By group.
  std::map<uint64_t, LaneGroup> lane_groups_;
  std::vector<LaneGroup*> group_of_lane_;
  GrowingTexts growing_;
  std::string comments_;                              // the end of what those said that went on
  std::vector<uint32_t> finished_;                    // choices
  const std::unique_ptr<StreamBuffers> own_buffers_;  // where the caller gives none
  StreamBuffers& buffers_;
  StreamRun run_;
  std::list<Group> groups_;
  QueueId last_queue_ = 0;
  uint64_t enqueued_ = 0, now_ms_ = 0;
  size_t held_bytes_ = 0, held_events_ = 0, pending_text_ = 0;
  std::string released_;
  bool content_released_ = false;
  uint64_t released_text_bytes_ = 0;
  uint32_t last_sequence_number_ = 0;
  policy::Block block_;
};

}  // namespace kt::session
