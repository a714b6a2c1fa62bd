// Texts of a stream that come again with each event, each time with all that has come so far:
// `choices[].message` beside the `delta` of Perplexity. Each may end in the middle of a value: its
// event waits until what follows has shown that it does not, or until nothing follows. Of one that
// the next does not go on with, as if it were a delta, the end that waits is left out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/openai/text_map.h"
#include "core/policy/chain.h"
#include "core/session/lane.h"
#include "core/session/nested_json.h"
#include "core/session/placeholders.h"

namespace kt::session {

// One such text, of which each event says a begin.
class GrowingText {
 public:
  GrowingText(const openai::Segment& segment, uint32_t choice) : lane_(segment, choice) {}

  // The first `end` bytes may go out, edited by EditsTo.
  bool Cleared(size_t end) const noexcept { return left_ || lane_.Cleared(end); }
  // A marker stands where its match begins, though that may end behind `end`.
  // Precondition: Cleared(end).
  std::vector<SpanEdit> EditsTo(size_t end);

 private:
  friend class GrowingTexts;

  Lane lane_;
  std::string seen_;
  bool left_ = false;            // another text stands in its place
  size_t taken_ = 0;             // of the lane's edits
  std::vector<SpanEdit> edits_;  // of all before
};

class GrowingTexts {
 public:
  // `text` is what an event of `choice` says in `segment`. Judges what is new in it, unless the
  // answer is `buffered`; *known becomes the text that it is a begin of.
  // Precondition: segment.growing.
  std::optional<policy::Block> Judge(policy::ChainRun& chain, Placeholders& placeholders,
                                     const openai::Segment& segment, uint32_t choice,
                                     std::string_view text, bool buffered,
                                     std::shared_ptr<GrowingText>* known);
  // Nothing follows in the texts of `choice`; without one, in none.
  std::optional<policy::Block> End(policy::ChainRun& chain, Placeholders& placeholders,
                                   std::optional<uint32_t> choice);
  // Appends the lanes of those that nothing stands in the place of.
  void AppendLanes(std::vector<Lane*>* lanes) const;

  size_t size() const noexcept { return texts_.size(); }
  size_t held_bytes() const noexcept { return held_bytes_; }

 private:
  std::map<openai::LaneKey, std::shared_ptr<GrowingText>> texts_;
  size_t held_bytes_ = 0;
};

}  // namespace kt::session
