#include "core/detect/views_wrapped.h"

#include <algorithm>

#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {

std::optional<std::string_view> WrappedBase64::Decode(size_t begin, size_t* end) {
  const size_t stop = LastLineEnd(begin, *end);
  if (stop == *end) {
    DecodeBase64(text_.substr(begin, stop - begin), &line_);
    if (!IsReadable(line_, true)) return std::nullopt;
    return line_;
  }
  const std::string_view passed = text_.substr(counted_, begin - counted_);
  digits_ += static_cast<size_t>(std::count_if(passed.begin(), passed.end(), IsTokenChar));
  counted_ = begin;
  Step& step = steps_[digits_ % steps_.size()];
  if (!step.used) {
    step.used = true;
    step.first_digit = digits_;
    DecodeBase64(text_.substr(begin, stop - begin), &step.bytes);
    Judge(&step, 0);
  }
  const size_t from = (digits_ - step.first_digit) / 4 * 3;
  if (!ReadableFrom(&step, from)) return std::nullopt;
  *end = stop;
  return std::string_view(step.bytes).substr(from);
}

// The end of a token that goes on in the next lines.
size_t WrappedBase64::LastLineEnd(size_t begin, size_t end) {
  if (end - begin < kMinWrappedLine) return end;
  if (end < lines_end_) return lines_end_;
  size_t last = end;
  for (size_t line = begin; last - line >= kMinWrappedLine;) {
    size_t next = last;
    if (next < text_.size() && text_[next] == '\r') ++next;
    if (next >= text_.size() || text_[next] != '\n') break;
    line = ++next;
    while (next < text_.size() && IsTokenChar(text_[next])) ++next;
    if (next == line) break;
    last = next;
  }
  if (last > end) {
    lines_end_ = last;
    counted_ = begin;
    digits_ = 0;
    for (Step& step : steps_) step.used = false;
  }
  return last;
}

void WrappedBase64::Judge(Step* step, size_t from) {
  const std::string_view bytes = step->bytes;
  step->from = from;
  step->bad.reset();
  step->odd = 0;
  for (size_t at = from; at < bytes.size();) {
    const CodePoint cp = DecodeUtf8(bytes, at);
    if (cp.size == 0) {
      if (bytes.size() - at >= kMaxUtf8Bytes) step->bad = at;
      break;
    }
    step->odd += IsOdd(cp.value) ? 1 : 0;
    at += cp.size;
  }
}

// Precondition: `from` is not before that of the last call.
bool WrappedBase64::ReadableFrom(Step* step, size_t from) {
  const std::string_view bytes = step->bytes;
  if (step->bad && from > *step->bad) Judge(step, from);
  if (step->bad) return false;
  while (step->from < from) {
    const CodePoint cp = DecodeUtf8(bytes, step->from);
    if (cp.size == 0) return false;  // the last one, incomplete
    step->odd -= IsOdd(cp.value) ? 1 : 0;
    step->from += cp.size;
  }
  // Within a character there is no readable text.
  return step->from == from && IsFew(step->odd, bytes.size() - from);
}

}  // namespace kt::detect::views
