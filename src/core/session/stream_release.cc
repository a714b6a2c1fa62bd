#include "core/session/stream_release.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace kt::session {

namespace {

template <typename Value>
bool Holds(const std::vector<Value>& values, Value value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool HoldsString(const json::View& view, json::NodeIndex node) {
  for (json::NodeIndex i = node; i < view.node(node).after; ++i) {
    if (view.node(i).kind == json::Kind::kString) return true;
  }
  return false;
}

}  // namespace

using Result = StreamRelease::Result;

StreamRelease::StreamRelease(policy::ChainRun& chain, Placeholders* placeholders,
                             openai::Endpoint endpoint, bool buffered, const ReleaseLimits& limits,
                             StreamBuffers* buffers)
    : chain_(chain),
      placeholders_(placeholders),
      endpoint_(endpoint),
      judged_(chain.has_output_phase() || !placeholders->empty()),
      buffered_(buffered),
      limits_(limits),
      own_buffers_(buffers == nullptr ? std::make_unique<StreamBuffers>() : nullptr),
      buffers_(buffers == nullptr ? *own_buffers_ : *buffers),
      run_(&buffers_.run) {
  groups_.emplace_back();
}

Result StreamRelease::Add(const sse::Event& event, const json::View& view,
                          const openai::EventInfo& info) {
  uint32_t sequence_number = 0;
  if (endpoint_ == openai::Endpoint::kResponses) {
    sequence_number = view.Unsigned(view.Find(0, "sequence_number"), 0);
  }
  if (!buffered_ && (!judged_ || MayWait(event, info))) {
    RunEvent added = MakeRunEvent(event, info, sequence_number);
    if (!added.has_text()) return AddToRun(&added, std::nullopt, {});
    const openai::Segment& segment = added.segment;
    auto lane = FindLane(segment.lane);
    if (!lane) lane = LaneOf(segment, openai::ChoiceOf(view, endpoint_, segment.node));
    if (!lane || MayRun(*lane)) {
      Decode(view, segment, &buffers_.decoded);
      return AddToRun(&added, lane, buffers_.decoded.text());
    }
  }
  if (const Result result = SettleRun(EndsRun(event, info)); result != Result::kGoOn) return result;
  sse::Event passed = event;
  std::string raw;
  if (const Result result = JudgeBesideData(&passed, &raw); result != Result::kGoOn) return result;
  HeldEvent held(passed);
  held.content = info.content;
  held.logprobs = info.logprobs;
  held.sequence_number = sequence_number;
  if (judged_) {
    if (const Result result = Judge(view, info, &held); result != Result::kGoOn) return result;
  }
  const QueueId queue = QueueOf(info, last_queue_);
  if (!IsBarrier(info)) last_queue_ = queue;
  Enqueue(std::move(held), IsBarrier(info), queue);
  return DrainWithin();
}

Result StreamRelease::AddPlain(const sse::Event& event) {
  if (const Result result = Settle(); result != Result::kGoOn) return result;
  sse::Event passed = event;
  std::string raw;
  if (const Result result = JudgeBesideData(&passed, &raw); result != Result::kGoOn) return result;
  Enqueue(HeldEvent(passed), true, 0);
  return DrainWithin();
}

std::string StreamRelease::Take() {
  return std::exchange(released_, {});
}

void StreamRelease::Expect(size_t bytes) {
  if (released_.empty()) released_.reserve(bytes);
}

// ---- judging -----------------------------------------------------------------------------------

Result StreamRelease::Judge(const json::View& view, const openai::EventInfo& info,
                            HeldEvent* held) {
  if (const Result result = AppendPieces(view, info, held); result != Result::kGoOn) return result;
  if (const Result result = JudgeGrowing(view, info, held); result != Result::kGoOn) return result;
  if (const Result result = JudgeWholeTexts(view, held); result != Result::kGoOn) return result;
  return buffered_ ? Result::kGoOn : JudgeLanes(info, held);
}

Result StreamRelease::AppendPieces(const json::View& view, const openai::EventInfo& info,
                                   HeldEvent* held) {
  buffers_.touched.clear();
  for (const openai::Segment& segment : info.segments) {
    Decode(view, segment, &buffers_.decoded);
    if (buffers_.decoded.text().empty()) continue;
    HeldPiece piece;
    piece.segment = segment;
    piece.choice = openai::ChoiceOf(view, endpoint_, segment.node);
    piece.end = buffers_.decoded.text().size();
    if (segment.lane != 0 && !segment.growing) {
      const auto lane = LaneOf(segment, piece.choice);
      // Text behind its own end: what it forms with the text before can no longer be judged.
      if (!lane || lanes_[*lane].closed()) return Result::kInvalid;
      piece.lane = *lane;
      if (!buffered_ && !AppendToGroup(buffers_.decoded.text(), &piece, held))
        return Result::kInvalid;
      std::tie(piece.begin, piece.end) =
          lanes_[*lane].Append(buffers_.decoded.text(), false, segment.apart);
      pending_text_ += buffers_.decoded.text().size();
      buffers_.touched.push_back(*lane);
    }
    held->pieces.push_back(std::move(piece));
  }
  held->orphan_logprobs =
      std::any_of(info.logprobs.begin(), info.logprobs.end(), [&](const auto& logprobs) {
        const bool has_text =
            std::any_of(held->pieces.begin(), held->pieces.end(),
                        [&](const HeldPiece& piece) { return piece.choice == logprobs.choice; });
        return !has_text && HoldsString(view, logprobs.node);
      });
  return Result::kGoOn;
}

std::optional<uint32_t> StreamRelease::FindLane(openai::LaneKey key) {
  if (key == 0) return std::nullopt;
  if (present_lane_.first != key) {
    const auto it = lane_of_key_.find(key);
    if (it == lane_of_key_.end()) return std::nullopt;
    present_lane_ = *it;
  }
  return present_lane_.second;
}

std::optional<uint32_t> StreamRelease::LaneOf(const openai::Segment& segment, uint32_t choice) {
  if (const auto known = FindLane(segment.lane)) return known;
  if (lanes_.size() >= limits_.max_lanes) return std::nullopt;
  const auto index = static_cast<uint32_t>(lanes_.size());
  lanes_.emplace_back(segment, choice);
  lane_of_key_.emplace(segment.lane, index);
  group_of_lane_.push_back(
      &lane_groups_.try_emplace(segment.group, LaneGroup{index}).first->second);
  return index;
}

// Is it, or may it be, a text of its own?
bool StreamRelease::IsWhole(const HeldPiece& piece) const {
  if (piece.left_out || piece.grown != nullptr) return false;
  return piece.lane == HeldPiece::kNoLane || piece.segment.apart;
}

Result StreamRelease::JudgeGrowing(const json::View& view, const openai::EventInfo& info,
                                   HeldEvent* held) {
  for (HeldPiece& piece : held->pieces) {
    // Behind its end a text is whole.
    if (!piece.segment.growing || Holds(finished_, piece.choice)) continue;
    const openai::Segment& segment = piece.segment;
    if (segment.group != segment.lane) {  // what parts form is known with the last of them only
      piece.left_out = !Holds(info.finished, piece.choice);
      if (piece.left_out) piece.edits.push_back({0, piece.end, ""});
      continue;
    }
    Decode(view, segment, &buffers_.decoded);
    auto block = growing_.Judge(chain_, *placeholders_, segment, piece.choice,
                                buffers_.decoded.text(), buffered_, &piece.grown);
    if (block) return Block(std::move(*block));
    const bool within =
        growing_.size() <= limits_.max_lanes && growing_.held_bytes() <= limits_.max_held_bytes;
    if (!within) return Block({});
  }
  for (const uint32_t choice : info.finished) {
    if (Holds(finished_, choice)) continue;
    finished_.push_back(choice);
    if (buffered_) continue;
    auto block = growing_.End(chain_, *placeholders_, choice);
    if (block) return Block(std::move(*block));
  }
  return Result::kGoOn;
}

Result StreamRelease::JudgeWholeTexts(const json::View& view, HeldEvent* held) {
  buffers_.whole_segments.clear();
  for (const HeldPiece& piece : held->pieces) {
    if (IsWhole(piece)) buffers_.whole_segments.push_back(piece.segment);
  }
  if (buffers_.whole_segments.empty()) return Result::kGoOn;
  auto block = buffers_.whole_texts.Judge(chain_, policy::Phase::kOutput, view,
                                          buffers_.whole_segments, placeholders_);
  if (block) return Block(std::move(*block));
  size_t next = 0;
  for (HeldPiece& piece : held->pieces) {
    if (IsWhole(piece)) piece.edits = buffers_.whole_texts.edits()[next++];
  }
  return Result::kGoOn;
}

std::optional<policy::Block> StreamRelease::JudgeLane(Lane* lane, bool final, size_t to) {
  const size_t before = lane->pending_bytes();
  auto block = lane->Judge(chain_, *placeholders_, final, to);
  pending_text_ -= before - lane->pending_bytes();
  return block;
}

Result StreamRelease::JudgeLanes(const openai::EventInfo& info, HeldEvent* held) {
  const auto finished = [&](const Lane& lane) { return Holds(info.finished, lane.choice()); };
  const auto ended = [&](const Lane& lane) { return Holds(info.ended, lane.key()); };
  for (const uint32_t index : buffers_.touched) {
    const Result result = JudgeOpenLane(index, finished(lanes_[index]));
    if (result != Result::kGoOn) return result;
  }
  if (info.finished.empty() && info.ended.empty()) return Result::kGoOn;
  for (uint32_t index = 0, size = static_cast<uint32_t>(lanes_.size()); index < size; ++index) {
    Result result = Result::kGoOn;
    if (finished(lanes_[index])) result = JudgeOpenLane(index, true);
    if (ended(lanes_[index])) result = EndLane(index, held);
    if (result != Result::kGoOn) return result;
  }
  for (const uint64_t group : info.ended_groups) {
    if (const Result result = EndGroup(group); result != Result::kGoOn) return result;
  }
  return Result::kGoOn;
}

Result StreamRelease::JudgeWholeLanes() {
  std::vector<Lane*> lanes;
  for (Lane& lane : lanes_) lanes.push_back(&lane);
  growing_.AppendLanes(&lanes);
  if (!judged_ || lanes.empty()) return Result::kGoOn;
  std::vector<policy::ChainRun::Text> texts;
  for (Lane* lane : lanes) texts.push_back(lane->Whole());
  std::vector<std::vector<policy::TextEdit>> edits;
  if (auto block = chain_.Judge(policy::Phase::kOutput, texts, &edits)) {
    return Block(std::move(*block));
  }
  edits.resize(lanes.size());
  for (size_t i = 0; i < lanes.size(); ++i) {
    if (lanes[i]->TakeWhole(chain_, std::move(edits[i]), *placeholders_)) continue;
    return Block(UnfitBlock(chain_, policy::Phase::kOutput, i));
  }
  return Result::kGoOn;
}

}  // namespace kt::session
