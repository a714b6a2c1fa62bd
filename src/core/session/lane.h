// One lane of a stream: the texts of many events that form one text, judged as they come.
//
// Offsets count from the lane's first byte as it came. Keeps what is not cleared yet and the
// context that rules may look back at; what went out is dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/openai/text_map.h"
#include "core/policy/chain.h"
#include "core/session/nested_json.h"
#include "core/session/placeholders.h"

namespace kt::session {

class Lane {
 public:
  // `segment`: the one that opens the lane.
  Lane(const openai::Segment& segment, uint32_t choice);

  openai::LaneKey key() const noexcept { return key_; }  // 0: joined
  uint32_t choice() const noexcept { return choice_; }
  uint64_t group() const noexcept { return group_; }

  // The same text so far, to go on as that of the lane's group: with what another lane of it adds.
  // Its edits and offsets are the same up to here. Precondition: !closed().
  Lane Join() const { return Lane(*this, kJoined); }
  // Does a joined lane still read what its present lane alone does not? Not once that has come so
  // far that nothing of it looks back.
  bool LooksBack() const noexcept { return pending_bytes() > 0 || since_seam_ < kLookBack; }

  // Nothing more is asked of its text. Precondition: pending_bytes() == 0.
  void Close();

  // Appends a piece and gives its span. Precondition: !closed().
  // `seam`: another lane goes on than before. `apart`: it is judged by itself, too.
  std::pair<size_t, size_t> Append(std::string_view text, bool seam = false, bool apart = false);
  // Judges what is not judged yet. `final`: nothing follows; closes the lane.
  // What the chain has cleared waits further where a placeholder may begin.
  // `to`: only what was appended up to there; not of a lane that holds nested JSON.
  std::optional<policy::Block> Judge(policy::ChainRun& chain, Placeholders& placeholders,
                                     bool final, size_t to = SIZE_MAX);

  // Buffered answers: the whole lane as one text, and what the chain made of it. False: the lane
  // cannot take the edits. Precondition: nothing was judged yet.
  policy::ChainRun::Text Whole();
  bool TakeWhole(policy::ChainRun& chain, std::vector<policy::TextEdit> edits,
                 Placeholders& placeholders);

  // All before `end` may go out, as TakeEdits has it.
  bool Cleared(size_t end) const noexcept { return end <= cleared_; }
  size_t cleared() const noexcept { return cleared_; }
  // The same, and no edit reaches into what lies before `end` and was not taken yet.
  bool Untouched(size_t end) const noexcept {
    return Cleared(end) && (edits_.empty() || edits_.front().begin >= end);
  }
  size_t pending_bytes() const noexcept { return end_ - cleared_; }
  bool closed() const noexcept { return closed_; }
  bool holds_json() const noexcept { return nested_ != nullptr; }

  // The edits of the piece [begin, end), with offsets in the piece: a marker stands in the piece
  // where its match begins, the rest of the match is removed from the following ones. Pieces are
  // asked for in order, once each. Precondition: Cleared(end).
  void TakeEdits(size_t begin, size_t end, std::vector<SpanEdit>* out);

 private:
  static constexpr size_t kLookBack = 2 * policy::kStreamContextBytes;

  enum Joined { kJoined };
  Lane(const Lane& other, Joined);
  bool CountsAll() const noexcept { return pieces_.empty(); }
  void CountRest(policy::ChainRun& chain) const;
  bool Settle(size_t cleared, Placeholders& placeholders, bool final);
  bool SettleNested(std::vector<SpanEdit> spans, bool final);
  void Trim();

  const openai::LaneKey key_;
  const uint32_t choice_;
  const uint64_t group_;
  const openai::Role role_;
  const openai::TextClass text_class_;
  const openai::Saying saying_;
  // What policies see: the lane as it came, or its nested JSON with the escapes resolved.
  std::string text_;
  size_t base_ = 0;     // offset of text_[0] in all that policies see
  size_t judged_ = 0;   // the same of what the chain has cleared
  size_t settled_ = 0;  // the same of what waits for no placeholder either
  size_t end_ = 0;      // of the lane as it came
  size_t cleared_ = 0;
  bool closed_ = false;
  struct Nested {
    NestedText text;
    NestedJson edits;
    std::string raw;  // not fed to `edits` yet
    size_t raw_base = 0;
  };
  std::unique_ptr<Nested> nested_;
  std::list<SpanEdit> edits_;                     // in order, not yet taken
  std::vector<policy::TextEdit> found_;           // by the chain, in what is to be settled
  std::unique_ptr<detect::WindowScorer> scorer_;  // of prose, once a policy wants scores
  bool joined_ = false;
  // What is judged by itself, too, where what lies within is counted; in order.
  std::vector<std::pair<size_t, size_t>> pieces_;
  // Of a joined lane: the bytes since another lane began.
  size_t since_seam_ = 0;
};

}  // namespace kt::session
