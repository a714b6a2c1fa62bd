#include "core/session/stream_event.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

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

// "data: ", two line ends: there is no room for anything else.
bool HoldsDataOnly(const sse::Event& event) noexcept {
  constexpr size_t kLeast = 10;
  return event.has_data &&
         event.raw.size() - std::min(event.raw.size(), event.data.size()) <= kLeast;
}

// What providers and their proxies say to keep a connection alive.
bool IsKnownComment(std::string_view text) noexcept {
  static constexpr std::string_view kKnown[] = {"",          "ping",      "keep-alive",
                                                "keepalive", "heartbeat", "OPENROUTER PROCESSING"};
  return std::find(std::begin(kKnown), std::end(kKnown), text) != std::end(kKnown);
}

enum class Line : uint8_t {
  kPlain,   // the data; or nothing that could be a value
  kRead,    // a client may read it
  kUnread,  // no client reads it
};

Line KindOf(const sse::Event& event, std::string_view line) noexcept {
  if (line.empty()) return Line::kPlain;
  std::string_view own = line;
  if (own.starts_with(sse::kByteOrderMark)) {
    // Of the data behind a byte order mark the splitter alone knows that it is data.
    if (event.has_data && IsInside(line, event.data)) return Line::kPlain;
    own.remove_prefix(sse::kByteOrderMark.size());
    const std::string_view name = sse::ParseField(own).name;
    return name == "data" || name == "event" ? Line::kRead : Line::kUnread;
  }
  const sse::Field field = sse::ParseField(own);
  if (field.name == "data") return Line::kPlain;
  if (field.name == "event") return IsPlainWord(field.value) ? Line::kPlain : Line::kRead;
  if (field.name == "id" || field.name == "retry") return Line::kRead;
  const bool comment = own.starts_with(':');
  return comment && IsKnownComment(field.value) ? Line::kPlain : Line::kUnread;
}

// Calls call(kind, line, line end); not at all where there is nothing but data.
template <typename Call>
void ForEachLine(const sse::Event& event, const Call& call) {
  if (HoldsDataOnly(event)) return;
  for (std::string_view rest = event.raw; !rest.empty();) {
    const size_t end = sse::FindLineEnd(rest, 0);
    const std::string_view line = rest.substr(0, end), line_end = rest.substr(end).substr(0, 1);
    call(KindOf(event, line), line, line_end);
    rest.remove_prefix(line.size() + line_end.size());
  }
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

bool HoldsMore(const sse::Event& event) {
  bool more = false;
  ForEachLine(event, [&](Line kind, std::string_view, std::string_view) {
    more = more || kind != Line::kPlain;
  });
  return more;
}

std::string TextBesideData(const sse::Event& event) {
  std::string text;
  ForEachLine(event, [&](Line kind, std::string_view line, std::string_view) {
    if (kind == Line::kRead) text.append(line).push_back('\n');
  });
  return text;
}

bool EmptyComments(const sse::Event& event, const std::function<bool(std::string_view)>& may_stay,
                   std::string* raw) {
  std::string emptied;
  bool any = false;
  ForEachLine(event, [&](Line kind, std::string_view line, std::string_view line_end) {
    const bool stays =
        kind != Line::kUnread ||
        may_stay(line.starts_with(':') ? sse::ParseField(line).value : std::string_view(line));
    any = any || !stays;
    emptied.append(stays ? line : ":").append(line_end);
  });
  if (any) *raw = std::move(emptied);
  return any;
}

json::Limits AnswerLimits() noexcept {
  json::Limits limits;
  limits.lone_surrogates = json::LoneSurrogates::kKeep;
  return limits;
}

}  // namespace kt::session
