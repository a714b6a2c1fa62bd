#include "core/session/stream_event.h"

#include <algorithm>
#include <functional>

#include "core/session/segment_edits.h"
#include "core/sse/lines.h"

namespace kt::session {
namespace {

// "response.output_text.delta"
bool IsPlainWord(std::string_view name) {
  constexpr size_t kLongest = 64;
  return name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || c == '_' || c == '.';
         });
}

}  // namespace

bool IsInside(std::string_view outer, std::string_view inner) noexcept {
  const std::less_equal<const char*> not_after;
  return not_after(outer.data(), inner.data()) &&
         not_after(inner.data() + inner.size(), outer.data() + outer.size());
}

HeldEvent::HeldEvent(const sse::Event& event) : raw_(event.raw), data_size_(event.data.size()) {
  if (IsInside(event.raw, event.data)) {
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
  for (const HeldPiece& piece : pieces) {
    if (!piece.segment.growing) bytes += piece.end - piece.begin;
  }
  return bytes;
}

// They repeat a text token by token: they stay with one that no edit touched.
bool HeldEvent::KeepsLogprobs(uint32_t choice) const noexcept {
  const auto of_choice = [&](const HeldPiece& piece) { return piece.choice == choice; };
  const auto edited = [&](const HeldPiece& piece) {
    return of_choice(piece) && !piece.edits.empty();
  };
  return std::any_of(pieces.begin(), pieces.end(), of_choice) &&
         std::none_of(pieces.begin(), pieces.end(), edited);
}

bool HeldEvent::AppendTo(json::View* scratch, std::string* out) const {
  const bool touched = std::any_of(pieces.begin(), pieces.end(),
                                   [](const HeldPiece& piece) { return !piece.edits.empty(); });
  if (!touched && !orphan_logprobs) {
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
      *scratch, logprobs, [&](uint32_t choice) { return !KeepsLogprobs(choice); }, &edits);
  std::string edited;
  edits.Apply(scratch->text(), &edited);
  sse::AppendWithData(raw_, edited, out);
  return true;
}

std::string TextBesideData(const sse::Event& event) {
  // "data: ", two line ends: there is no room for anything else.
  constexpr size_t kLeast = 10;
  std::string text;
  if (event.has_data &&
      event.raw.size() - std::min(event.raw.size(), event.data.size()) <= kLeast) {
    return text;
  }
  for (std::string_view rest = event.raw; !rest.empty();) {
    const size_t end = sse::FindLineEnd(rest, 0);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    const sse::Field field = sse::ParseField(line);
    // Of the data behind a byte order mark the splitter alone knows that it is data.
    const bool marked = line.starts_with(sse::kByteOrderMark) && IsInside(line, event.data);
    if (line.empty() || field.name == "data" || (event.has_data && marked)) continue;
    if (field.name == "event" && IsPlainWord(field.value)) continue;
    text.append(line).push_back('\n');
  }
  return text;
}

json::Limits AnswerLimits() noexcept {
  json::Limits limits;
  limits.lone_surrogates = json::LoneSurrogates::kKeep;
  return limits;
}

}  // namespace kt::session
