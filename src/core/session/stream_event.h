// An event that waits for its release, and its rewriting when its text was edited.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/view.h"
#include "core/openai/text_map.h"
#include "core/session/growing_texts.h"
#include "core/session/nested_json.h"
#include "core/sse/splitter.h"

namespace kt::session {

struct HeldPiece {
  static constexpr uint32_t kNoLane = UINT32_MAX;
  openai::Segment segment;
  uint32_t choice = 0;
  uint32_t lane = kNoLane;    // kNoLane: a text complete by itself, and nothing else
  size_t begin = 0, end = 0;  // its span in the lane
  // Its span in the joined lane of the group, which has to clear it too.
  uint32_t joined = kNoLane;
  size_t joined_begin = 0;
  std::shared_ptr<GrowingText> grown;  // that this is a begin of
  bool left_out = false;               // it comes again, whole
  std::vector<SpanEdit> edits;  // offsets in the piece; those of a lane known at release only

  size_t joined_end() const noexcept { return joined_begin + (end - begin); }
};

class HeldEvent {
 public:
  HeldEvent() = default;
  explicit HeldEvent(const sse::Event& event);  // copies its bytes

  std::vector<HeldPiece> pieces;  // only those that hold text
  std::vector<openai::AnswerInfo::Logprobs> logprobs;
  bool content = false;
  // Tokens come here whose text is not in this event: what is redacted of it is not known here.
  bool orphan_logprobs = false;
  uint32_t sequence_number = 0;
  uint64_t order = 0, since_ms = 0;  // when it came: the how manieth, and the time

  size_t held_bytes() const noexcept;
  size_t text_bytes() const noexcept;
  // Appends the event, with the pieces' edits, to *out. An untouched event goes out as the bytes
  // that came in. `scratch`: any view. False: the event cannot be rewritten; *out is unchanged.
  bool AppendTo(json::View* scratch, std::string* out) const;

 private:
  std::string_view data() const noexcept;
  bool KeepsLogprobs(uint32_t choice) const noexcept;

  std::string raw_;
  size_t data_begin_ = 0, data_size_ = 0;
  std::string joined_data_;  // where the data is no substring of raw_ (several lines)
};

// Is `inner` a part of the very bytes of `outer`?
bool IsInside(std::string_view outer, std::string_view inner) noexcept;

// Does an event hold anything beside its data that is judged?
bool HoldsMore(const sse::Event& event);
// What of it a client may read: ids, delays, names that are not plain words; one line each.
std::string TextBesideData(const sse::Event& event);
// Comments keep a connection alive, and no client reads what they say, nor what lines say that are
// no field of the standard. Makes in *raw empty comments of those for whose text `may_stay` says
// false; it is not asked about what is well known (": OPENROUTER PROCESSING"). False: all stay, and
// *raw as it is.
bool EmptyComments(const sse::Event& event, const std::function<bool(std::string_view)>& may_stay,
                   std::string* raw);

// How answers are read, everywhere.
json::Limits AnswerLimits() noexcept;

}  // namespace kt::session
