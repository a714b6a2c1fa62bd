#include "core/session/stream_event.h"

#include <algorithm>
#include <functional>

#include "core/session/segment_edits.h"

namespace kt::session {
namespace {

bool Inside(std::string_view outer, std::string_view inner) {
  const std::less_equal<const char*> not_after;
  return not_after(outer.data(), inner.data()) &&
         not_after(inner.data() + inner.size(), outer.data() + outer.size());
}

}  // namespace

HeldEvent::HeldEvent(const sse::Event& event) : raw_(event.raw), data_size_(event.data.size()) {
  if (Inside(event.raw, event.data)) {
    data_begin_ = static_cast<size_t>(event.data.data() - event.raw.data());
  } else {
    joined_data_ = event.data;
  }
}

std::string_view HeldEvent::data() const noexcept {
  if (!joined_data_.empty()) return joined_data_;
  return std::string_view(raw_).substr(data_begin_, data_size_);
}

size_t HeldEvent::held_bytes() const noexcept {
  return sizeof(HeldEvent) + raw_.size() + joined_data_.size() + pieces.size() * sizeof(HeldPiece);
}

size_t HeldEvent::text_bytes() const noexcept {
  size_t bytes = 0;
  for (const HeldPiece& piece : pieces) bytes += piece.end - piece.begin;
  return bytes;
}

bool HeldEvent::Touched(uint32_t choice) const noexcept {
  return std::any_of(pieces.begin(), pieces.end(), [&](const HeldPiece& piece) {
    return piece.choice == choice && !piece.edits.empty();
  });
}

bool HeldEvent::AppendTo(json::View* scratch, std::string* out) const {
  const bool touched = std::any_of(pieces.begin(), pieces.end(),
                                   [](const HeldPiece& piece) { return !piece.edits.empty(); });
  if (!touched) {
    out->append(raw_);
    return true;
  }
  if (!scratch->Parse(data(), 0, AnswerLimits()).ok()) return false;
  json::Edits edits;
  for (const HeldPiece& piece : pieces) {
    if (piece.edits.empty()) continue;
    json::Decoded decoded;
    Decode(*scratch, piece.segment, &decoded);
    WriteEdits(decoded, piece.edits, &edits);
  }
  RemoveLogprobs(
      *scratch, logprobs, [&](uint32_t choice) { return Touched(choice); }, &edits);
  std::string edited;
  edits.Apply(scratch->text(), &edited);
  sse::AppendWithData(raw_, edited, out);
  return true;
}

json::Limits AnswerLimits() noexcept {
  json::Limits limits;
  limits.lone_surrogates = json::LoneSurrogates::kReplace;
  return limits;
}

}  // namespace kt::session
