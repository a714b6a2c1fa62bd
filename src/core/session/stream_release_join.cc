// StreamRelease: lanes that are one text for the reader.
#include <tuple>
#include <utility>

#include "core/session/stream_release.h"

namespace kt::session {

using Result = StreamRelease::Result;

bool StreamRelease::takes_alike(const openai::EventInfo& info) const {
  if (buffered_) return false;
  if (info.segments.empty()) return true;
  const auto lane = FindLane(info.segments.front().lane);
  return lane && GoesOnAlone(*lane);
}

// Does nothing that another lane of the group said stand before what comes next in this one?
bool StreamRelease::GoesOnAlone(uint32_t lane) const {
  const auto group = lane_groups_.find(lanes_[lane].group());
  return group == lane_groups_.end() ||
         (group->second.last == lane && group->second.joined == HeldPiece::kNoLane);
}

// Text that is about to be appended to the piece's lane goes to the joined one too, if its group
// has or needs one. False: what came before in the group is over, or there are too many lanes.
bool StreamRelease::AppendToGroup(std::string_view text, HeldPiece* piece, HeldEvent* held) {
  const uint64_t key = lanes_[piece->lane].group();
  LaneGroup& group = lane_groups_.at(key);
  const bool seam = group.last != piece->lane;
  if (seam && group.joined == HeldPiece::kNoLane && !JoinGroup(key, held)) return false;
  group.last = piece->lane;
  if (group.joined == HeldPiece::kNoLane) return true;
  Lane& joined = lanes_[group.joined];
  piece->joined = group.joined;
  std::tie(piece->joined_begin, std::ignore) = joined.Append(text, seam);
  pending_text_ += text.size();
  touched_.push_back(group.joined);
  return true;
}

// Makes the joined lane of a group out of the one that went on last. What of it is not clear waits
// for both from now on.
bool StreamRelease::JoinGroup(uint64_t key, HeldEvent* held) {
  LaneGroup& group = lane_groups_.at(key);
  if (lanes_[group.last].closed() || lanes_.size() >= limits_.max_lanes) return false;
  const auto index = static_cast<uint32_t>(lanes_.size());
  lanes_.push_back(lanes_[group.last].Join());
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
    for (ChoiceQueue& queue : waiting.queues) {
      for (HeldEvent& event : queue.events) wait(&event);
    }
    if (waiting.barrier) wait(&*waiting.barrier);
  }
  return true;
}

void StreamRelease::DropJoined(uint32_t joined) {
  LaneGroup& group = lane_groups_.at(lanes_[joined].group());
  lanes_[joined].Close();
  group.joined = HeldPiece::kNoLane;
}

Result StreamRelease::JudgeOpenLane(uint32_t index, bool final) {
  if (auto block = JudgeLane(&lanes_[index], final)) return Block(std::move(*block));
  const bool joined = lanes_[index].key() == 0;
  if (joined && !lanes_[index].closed() && !lanes_[index].LooksBack()) DropJoined(index);
  return Result::kGoOn;
}

// A part is over; its message may not be.
Result StreamRelease::EndLane(uint32_t index, HeldEvent* held) {
  const uint64_t key = lanes_[index].group();
  const bool may_go_on = key != lanes_[index].key() && !lanes_[index].closed();
  if (may_go_on) {
    if (const Result result = JudgeOpenLane(index, false); result != Result::kGoOn) return result;
    const LaneGroup& group = lane_groups_.at(key);
    const bool joins = group.last == index && group.joined == HeldPiece::kNoLane;
    if (joins && !JoinGroup(key, held)) return Result::kInvalid;
  }
  return JudgeOpenLane(index, true);
}

}  // namespace kt::session
