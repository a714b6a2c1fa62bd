// One lane of a stream: the texts of many events that form one text, judged as they come.
//
// Offsets count from the lane's first byte as it came. Keeps what is not cleared yet and the
// context that rules may look back at; what went out is dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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

  openai::LaneKey key() const noexcept { return key_; }
  uint32_t choice() const noexcept { return choice_; }

  // Appends a piece and gives its span. Precondition: !closed().
  std::pair<size_t, size_t> Append(std::string_view text);
  // Judges what is not judged yet. `final`: nothing follows; closes the lane.
  // What the chain has cleared waits further where a placeholder may begin.
  // `to`: only what was appended up to there; not of a lane that holds nested JSON.
  std::optional<policy::Block> Judge(policy::ChainRun& chain, const Placeholders& placeholders,
                                     bool final, size_t to = SIZE_MAX);

  // Buffered answers: the whole lane as one text, and what the chain made of it. False: the lane
  // cannot take the edits. Precondition: nothing was judged yet.
  policy::ChainRun::Text Whole();
  bool TakeWhole(std::vector<policy::TextEdit> edits, const Placeholders& placeholders);

  // All before `end` may go out, as TakeEdits has it.
  bool Cleared(size_t end) const noexcept { return end <= cleared_; }
  // The same, and no edit reaches into what lies before `end` and was not taken yet.
  bool Untouched(size_t end) const noexcept {
    return Cleared(end) && (edits_.empty() || edits_.front().begin >= end);
  }
  size_t pending_bytes() const noexcept { return end_ - cleared_; }
  bool closed() const noexcept { return closed_; }

  // The edits of the piece [begin, end), with offsets in the piece: a marker stands in the piece
  // where its match begins, the rest of the match is removed from the following ones. Pieces are
  // asked for in order, once each. Precondition: Cleared(end).
  void TakeEdits(size_t begin, size_t end, std::vector<SpanEdit>* out);

 private:
  bool Settle(size_t cleared, const Placeholders& placeholders, bool final);
  bool SettleNested(std::vector<SpanEdit> spans, bool final);
  void Trim();

  const openai::LaneKey key_;
  const uint32_t choice_;
  const openai::Role role_;
  const openai::TextClass text_class_;
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
  std::optional<Nested> nested_;
  std::deque<SpanEdit> edits_;                    // in order, not yet taken
  std::vector<policy::TextEdit> found_;           // by the chain, in what is to be settled
  std::unique_ptr<detect::WindowScorer> scorer_;  // of prose, once a policy wants scores
};

}  // namespace kt::session
