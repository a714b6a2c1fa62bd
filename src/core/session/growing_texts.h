// Texts of a stream that come again with each event, each time with all that has come so far:
// `choices[].message` beside the `delta` of Perplexity. Each may end in the middle of a value, so
// what may begin one is left out; the next event says it again.
#pragma once

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

class GrowingTexts {
 public:
  // Appends to *edits those of `text`, which is `segment` of an event of `choice` and not its last
  // state. Only what is new in it is judged. Precondition: segment.growing.
  std::optional<policy::Block> Judge(policy::ChainRun& chain, const Placeholders& placeholders,
                                     const openai::Segment& segment, uint32_t choice,
                                     std::string_view text, std::vector<SpanEdit>* edits);

  size_t size() const noexcept { return texts_.size(); }
  size_t held_bytes() const noexcept { return held_bytes_; }

 private:
  struct Text {
    explicit Text(Lane made) : lane(std::move(made)) {}

    Lane lane;
    std::string seen;
    size_t cleared = 0;
    std::vector<SpanEdit> edits;  // of all that is cleared
  };

  std::map<openai::LaneKey, std::unique_ptr<Text>> texts_;
  size_t held_bytes_ = 0;
};

}  // namespace kt::session
