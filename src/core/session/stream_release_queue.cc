// StreamRelease: what has been judged waits for its turn.
#include <algorithm>
#include <utility>

#include "core/session/segment_edits.h"
#include "core/session/stream_release.h"

namespace kt::session {
namespace {

// A stream that comes in less keeps its order; what a model says does not come noticeably later.
constexpr uint64_t kPatienceMs = 100;

}  // namespace

using Result = StreamRelease::Result;

// The queues as they go out at the end: what is said and thought in one choice in its order.
std::vector<StreamRelease::Queue*> StreamRelease::InOrder(std::vector<Queue>* queues) {
  std::vector<Queue*> order;
  for (Queue& queue : *queues) {
    const auto other = std::find_if(order.begin(), order.end(), [&](const Queue* known) {
      return known->id == (queue.id ^ kThinks);
    });
    if (other == order.end()) {
      order.push_back(&queue);
      continue;
    }
    (*other)->events.merge(
        queue.events, [](const HeldEvent& a, const HeldEvent& b) { return a.order < b.order; });
  }
  return order;
}

Result StreamRelease::Flush() {
  if (const Result result = Settle(); result != Result::kGoOn) return result;
  if (buffered_) {
    if (const Result result = JudgeWholeLanes(); result != Result::kGoOn) return result;
  } else {
    for (Lane& lane : lanes_) {
      if (auto block = lane.Judge(chain_, *placeholders_, true)) return Block(std::move(*block));
    }
    auto block = growing_.End(chain_, *placeholders_, std::nullopt);
    if (block) return Block(std::move(*block));
  }
  if (placeholders_->exceeded()) return Block(RestoreLimitBlock());
  for (Group& group : groups_) {
    for (Queue* queue : InOrder(&group.queues)) {
      for (HeldEvent& held : queue->events) {
        if (!Ready(held) || !Release(&held)) return Block({});
      }
    }
    if (group.barrier && (!Ready(*group.barrier) || !Release(&*group.barrier))) return Block({});
  }
  groups_.clear();
  groups_.emplace_back();
  return Result::kGoOn;
}

void StreamRelease::Enqueue(HeldEvent held, bool barrier, QueueId id) {
  held.order = enqueued_++;
  held.since_ms = now_ms_;
  held_bytes_ += held.held_bytes();
  ++held_events_;
  Group& group = groups_.back();
  if (barrier || group.queues.size() >= limits_.max_overtaking_choices) {
    group.barrier = std::make_unique<HeldEvent>(std::move(held));
    groups_.emplace_back();
    return;
  }
  auto queue = std::find_if(group.queues.begin(), group.queues.end(),
                            [&](const Queue& other) { return other.id == id; });
  if (queue == group.queues.end()) {
    queue = group.queues.insert(group.queues.end(), Queue{id, {}});
  }
  queue->events.push_back(std::move(held));
  ++group.waiting;
}

Result StreamRelease::DrainWithin() {
  if (!buffered_) {
    if (const Result result = Drain(); result != Result::kGoOn) return result;
  }
  return CheckLimits();
}

// May the next event of the queue go, as far as its turn is concerned? What a model says waits for
// what it thought before (or the other way round), since clients show both in the order in which
// they came; but not for long: the end of a thought may wait until the stream ends.
bool StreamRelease::MayGo(const Group& group, const Queue& queue) const {
  const HeldEvent& next = queue.events.front();
  return std::all_of(group.queues.begin(), group.queues.end(), [&](const Queue& other) {
    if (other.id != (queue.id ^ kThinks) || other.events.empty()) return true;
    const HeldEvent& first = other.events.front();
    return first.order > next.order || now_ms_ - first.since_ms >= kPatienceMs;
  });
}

Result StreamRelease::Drain() {
  if (placeholders_->exceeded()) return Block(RestoreLimitBlock());
  for (;;) {
    Group& group = groups_.front();
    for (bool more = true; more;) {
      more = false;
      for (Queue& queue : group.queues) {
        while (!queue.events.empty() && Ready(queue.events.front()) && MayGo(group, queue)) {
          if (!Release(&queue.events.front())) return Block({});
          queue.events.pop_front();
          --group.waiting;
          more = group.queues.size() > 1;
        }
      }
    }
    if (group.waiting > 0 || !group.barrier || !Ready(*group.barrier)) return Result::kGoOn;
    if (!Release(&*group.barrier)) return Block({});
    groups_.pop_front();
  }
}

bool StreamRelease::Ready(const HeldEvent& held) const {
  return std::all_of(held.pieces.begin(), held.pieces.end(), [&](const HeldPiece& piece) {
    if (piece.grown != nullptr) return piece.grown->Cleared(piece.end);
    if (piece.lane == HeldPiece::kNoLane) return true;
    if (!lanes_[piece.lane].Cleared(piece.end)) return false;
    return piece.joined == HeldPiece::kNoLane || lanes_[piece.joined].Cleared(piece.joined_end());
  });
}

bool StreamRelease::Release(HeldEvent* held) {
  for (HeldPiece& piece : held->pieces) {
    if (piece.grown != nullptr) {
      piece.edits = piece.grown->EditsTo(piece.end);
      if (!placeholders_->TakeAgain(piece.edits)) return false;
    }
    if (piece.lane == HeldPiece::kNoLane) continue;
    std::vector<SpanEdit> joined;
    lanes_[piece.lane].TakeEdits(piece.begin, piece.end,
                                 piece.segment.apart ? &joined : &piece.edits);
    MergeJoined(std::move(joined), 0, &piece.edits);
    if (piece.joined == HeldPiece::kNoLane) continue;
    joined.clear();
    lanes_[piece.joined].TakeEdits(piece.joined_begin, piece.joined_end(), &joined);
    MergeJoined(std::move(joined), piece.begin, &piece.edits);
  }
  if (!held->AppendTo(&buffers_.rewritten, &released_)) return false;
  held_bytes_ -= std::min(held_bytes_, held->held_bytes());
  --held_events_;
  CountReleased(held->content, held->text_bytes(), held->sequence_number);
  return true;
}

void StreamRelease::CountReleased(bool content, size_t text_bytes, uint32_t sequence_number) {
  content_released_ = content_released_ || content;
  if (content) released_text_bytes_ += text_bytes;
  if (sequence_number != 0) last_sequence_number_ = sequence_number;
}

Result StreamRelease::Block(policy::Block block) {
  if (block.reason_code.empty()) {
    block.reason_code = "stream.hold_limit";
    block.message = "The answer cannot be checked within the limits of this gateway.";
  }
  block_ = std::move(block);
  return Result::kBlocked;
}

Result StreamRelease::CheckLimits() {
  const bool within = held_events_ <= limits_.max_held_events &&
                      held_bytes_ <= limits_.max_held_bytes &&
                      pending_text_ <= limits_.max_pending_text;
  return within ? Result::kGoOn : Block({});
}

}  // namespace kt::session
