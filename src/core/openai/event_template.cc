#include "core/openai/event_template.h"

#include <algorithm>
#include <charconv>

#include "core/base/byte_block.h"
#include "core/base/text.h"
#include "core/json/escape.h"
#include "core/openai/shapes.h"
#include "core/sse/lines.h"

namespace kt::openai {
namespace {

using json::NodeIndex;

// Larger ones are rare, and are kept for as long as the stream is open.
constexpr size_t kMaxExampleBytes = 2048;
constexpr size_t kMaxIdBytes = 160;

bool IsRepeatable(const EventInfo& info) noexcept {
  const bool more = !info.finished.empty() || !info.ended.empty() || !info.logprobs.empty() ||
                    !info.unscanned.empty() || info.usage.present;
  if (more || info.is_error || info.completed || info.usage_only || !info.content) return false;
  if (info.segments.size() != 1 || info.choices.size() > 1) return false;
  const Segment& segment = info.segments.front();
  return segment.lane != 0 && !segment.growing && !segment.apart && !segment.is_key &&
         !segment.json_inside && segment.text_class == TextClass::kText;
}

}  // namespace

void EventTemplate::AddSlot(Kind kind, size_t begin, size_t end) {
  size_t i = slot_count_++;
  for (; i > 0 && slots_[i - 1].begin > begin; --i) slots_[i] = slots_[i - 1];
  slots_[i] = {kind, begin, end};
}

void EventTemplate::Learn(std::string_view raw, const json::View& view, const EventInfo& info) {
  // After another line end the boundary of the next event is not certain from its bytes alone; and
  // behind a byte order mark there is data at the beginning of the stream only.
  const bool repeatable = raw.ends_with('\n') && !raw.starts_with(sse::kByteOrderMark);
  if (!repeatable || !IsRepeatable(info) || raw.size() > kMaxExampleBytes) return;
  raw_.assign(raw);
  info_ = info;
  data_begin_ = static_cast<size_t>(view.text().data() - raw.data());
  behind_data_ = raw.size() - data_begin_ - view.text().size();
  slot_count_ = 0;
  const json::Node& text = view.node(info.segments.front().node);
  AddSlot(Kind::kText, data_begin_ + text.begin + 1, data_begin_ + text.end - 1);
  const NodeIndex padding = view.Find(0, "obfuscation");
  if (padding != json::kNoNode && view.node(padding).kind == json::Kind::kString &&
      !view.node(padding).escaped) {
    const json::Node& node = view.node(padding);
    AddSlot(Kind::kId, data_begin_ + node.begin + 1, data_begin_ + node.end - 1);
  }
  const NodeIndex number = view.Find(0, "sequence_number");
  if (number != json::kNoNode && view.node(number).kind == json::Kind::kNumber) {
    const json::Node& node = view.node(number);
    AddSlot(Kind::kNumber, data_begin_ + node.begin, data_begin_ + node.end);
  }
}

bool EventTemplate::Read(std::string_view bytes, Match* match) const noexcept {
  if (raw_.empty()) return false;
  const std::string_view raw = raw_;
  size_t at = 0, from = 0;
  for (size_t i = 0; i < slot_count_; ++i) {
    const Slot& slot = slots_[i];
    const std::string_view fixed = raw.substr(from, slot.begin - from);
    if (bytes.substr(at, fixed.size()) != fixed) return false;
    at += fixed.size();
    from = slot.end;
    const bool fits = slot.kind == Kind::kText ? ReadText(bytes, &at, match)
                      : slot.kind == Kind::kId ? ReadId(bytes, &at)
                                               : ReadNumber(bytes, &at, match);
    if (!fits) return false;
  }
  const std::string_view fixed = raw.substr(from);
  if (bytes.substr(at, fixed.size()) != fixed) return false;
  match->size = at + fixed.size();
  match->data_begin = data_begin_;
  match->data_end = match->size - behind_data_;
  return true;
}

// Stops at the closing quote.
bool EventTemplate::ReadText(std::string_view bytes, size_t* at, Match* match) noexcept {
  const size_t begin = *at;
  match->escaped = false;
  size_t i = begin;
  for (;;) {
    i = FindByte(
        bytes, i,
        [](ByteBlock block) { return block.Equal('"') | block.Equal('\\') | block.Controls(); },
        [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
    if (i == bytes.size() || bytes[i] != '\\') break;
    const size_t length = json::ReadEscape(bytes, i).raw_length;
    if (length == 0) return false;
    match->escaped = true;
    i += length;
  }
  if (i == bytes.size() || bytes[i] != '"' || i == begin) return false;
  match->text_begin = begin;
  match->text_end = i;
  *at = i;
  return IsUtf8(bytes.substr(begin, i - begin));
}

bool EventTemplate::ReadId(std::string_view bytes, size_t* at) noexcept {
  const std::string_view near = bytes.substr(*at, kMaxIdBytes);
  const size_t end = near.find('"');
  if (end == std::string_view::npos || !IsId(near.substr(0, end))) return false;
  *at += end;
  return true;
}

bool EventTemplate::ReadNumber(std::string_view bytes, size_t* at, Match* match) noexcept {
  const char* const begin = bytes.data() + *at;
  const char* const end = bytes.data() + bytes.size();
  const auto [rest, error] = std::from_chars(begin, end, match->sequence_number);
  // JSON knows no leading zeros.
  if (error != std::errc() || (*begin == '0' && rest - begin > 1)) return false;
  *at += static_cast<size_t>(rest - begin);
  return true;
}

}  // namespace kt::openai
