// StreamRelease: lanes that are one text for the reader.
#include <tuple>
#include <utility>

#include "core/session/stream_release.h"

namespace kt::session {

using Result = StreamRelease::Result;

bool StreamRelease::takes_alike(const openai::EventInfo& info) {
  if (buffered_) return false;
  if (!judged_ || info.segments.empty()) return true;
  const auto lane = FindLane(info.segments.front().lane);
  return lane && MayRun(*lane);
}

// May pieces of it be judged as one?
bool StreamRelease::MayRun(uint32_t lane) const noexcept {
  return GoesOnAlone(lane) && !lanes_[lane].holds_json();
}

// Does nothing that another lane of the group said stand before what comes next in this one?
bool StreamRelease::GoesOnAlone(uint32_t lane) const noexcept {
  const LaneGroup& group = *group_of_lane_[lane];
  return group.last == lane && group.joined == HeldPiece::kNoLane;
}

// Text that is about to be appended to the piece's lane goes to the joined one too, if its group
// has or needs one. False: what came before in the group is over, or there are too many lanes.
bool StreamRelease::AppendToGroup(std::string_view text, HeldPiece* piece, HeldEvent* held) {
  LaneGroup& group = *group_of_lane_[piece->lane];
  if (group.over) return false;
  const bool seam = group.last != piece->lane;
  if (seam && group.joined == HeldPiece::kNoLane && !JoinGroup(&group, held)) return false;
  group.last = piece->lane;
  if (group.joined == HeldPiece::kNoLane) return true;
  Lane& joined = lanes_[group.joined];
  piece->joined = group.joined;
  std::tie(piece->joined_begin, std::ignore) = joined.Append(text, seam);
  pending_text_ += text.size();
  buffers_.touched.push_back(group.joined);
  return true;
}

// Makes the joined lane of a group out of the one that went on last. What of it is not clear waits
// for both from now on.
bool StreamRelease::JoinGroup(LaneGroup* joined, HeldEvent* held) {
  LaneGroup& group = *joined;
  if (lanes_[group.last].closed() || lanes_.size() >= limits_.max_lanes) return false;
  const auto index = static_cast<uint32_t>(lanes_.size());
  lanes_.push_back(lanes_[group.last].Join());
  group_of_lane_.push_back(&group);
  group.joined = index;
  pending_text_ += lanes_[index].pending_bytes();
  const auto wait = [&](HeldEvent* event) {
    for (HeldPiece& piece : event->pieces) {
      if (piece.lane != group.last || lanes_[index].Cleared(piece.end)) continue;
      piece.joined = index;
      piece.joined_begin = piece.begin;
    }
  };
  wait(held);
  for (Group& waiting : groups_) {
    for (Queue& queue : waiting.queues) {
      for (HeldEvent& event : queue.events) wait(&event);
    }
    if (waiting.barrier) wait(waiting.barrier.get());
  }
  return true;
}

void StreamRelease::DropJoined(uint32_t joined) {
  lanes_[joined].Close();
  group_of_lane_[joined]->joined = HeldPiece::kNoLane;
}

Result StreamRelease::JudgeOpenLane(uint32_t index, bool final) {
  if (auto block = JudgeLane(&lanes_[index], final)) return Block(std::move(*block));
  const bool joined = lanes_[index].key() == 0;
  if (joined && !lanes_[index].closed() && !lanes_[index].LooksBack()) DropJoined(index);
  return Result::kGoOn;
}

// Nothing follows in any lane of the group.
Result StreamRelease::EndGroup(uint64_t key) {
  const auto group = lane_groups_.find(key);
  if (group == lane_groups_.end()) return Result::kGoOn;
  group->second.over = true;
  for (uint32_t index = 0; index < lanes_.size(); ++index) {
    if (group_of_lane_[index] != &group->second) continue;
    if (const Result result = JudgeOpenLane(index, true); result != Result::kGoOn) return result;
  }
  return Result::kGoOn;
}

// A part is over; its message may not be.
Result StreamRelease::EndLane(uint32_t index, HeldEvent* held) {
  const Lane& lane = lanes_[index];
  const bool may_go_on = lane.group() != lane.key() && !lane.closed();
  if (may_go_on) {
    if (const Result result = JudgeOpenLane(index, false); result != Result::kGoOn) return result;
    if (GoesOnAlone(index) && !JoinGroup(group_of_lane_[index], held)) return Result::kInvalid;
  }
  return JudgeOpenLane(index, true);
}

}  // namespace kt::session
