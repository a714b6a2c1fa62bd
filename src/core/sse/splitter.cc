#include "core/sse/splitter.h"

#include "core/sse/lines.h"

namespace kt::sse {
namespace {

constexpr size_t kKeptCapacity = 1024;
// Behind the last event, so that its data can be parsed where it stands.
constexpr size_t kPadding = 64;

}  // namespace

void Splitter::Feed(std::string_view bytes) {
  if (failed_) return;
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  } else if (consumed_ > buffer_.size() / 2) {
    // Only when more was handed out than is left: so moving costs no more than reading did.
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_.reserve(buffer_.size() + bytes.size() + kPadding);
  buffer_.append(bytes);
}

void Splitter::Trim() {
  if (consumed_ != buffer_.size()) return;
  std::string().swap(buffer_);
  consumed_ = 0;
}

void Splitter::BeginEvent() {
  event_done_ = false;
  line_begin_ = scanned_ = data_lines_ = 0;
  single_data_ = name_ = {};
  data_.clear();
  if (data_.capacity() > kKeptCapacity) std::string().swap(data_);
}

std::string_view Splitter::Ahead() const noexcept {
  const bool at_event = event_done_ || scanned_ == 0;
  const bool certain = at_event && !skip_lf_ && !first_line_ && !failed_;
  return certain ? Rest() : std::string_view();
}

void Splitter::Take(size_t size, Event* event) {
  BeginEvent();
  *event = {};
  event->raw = Bytes({0, size});
  last_line_end_ = event->raw.ends_with("\r\n") ? LineEnd::kCrLf : LineEnd::kLf;
  consumed_ += size;
  event_done_ = true;
}

Result<bool> Splitter::Next(Event* event) {
  *event = {};
  if (event_done_) BeginEvent();
  while (!failed_) {
    const size_t line_begin = line_begin_;
    if (ReadLine(event)) {
      if (event->raw.size() <= max_event_bytes_) return true;
      break;
    }
    if (line_begin_ != line_begin) continue;
    if (buffer_.size() - consumed_ <= max_event_bytes_) return false;
    break;
  }
  failed_ = true;
  *event = {};
  return Status::ResourceExhausted("an event of the stream is larger than allowed");
}

// Reads one line. True: it was the blank line that ends the event. Otherwise line_begin_ moves on,
// or stays where it is when the line is not complete.
bool Splitter::ReadLine(Event* event) {
  const std::string_view bytes = std::string_view(buffer_).substr(consumed_);
  if (skip_lf_ && !bytes.empty()) {
    skip_lf_ = false;
    if (bytes[0] == '\n') {
      last_line_end_ = LineEnd::kCrLf;
      line_begin_ = scanned_ = 1;
      return false;
    }
  }
  const size_t end = FindLineEnd(bytes, scanned_);
  scanned_ = end;
  if (end == bytes.size()) return false;

  Span line{line_begin_, end};
  if (first_line_ && Bytes(line).starts_with(kByteOrderMark)) line.begin += kByteOrderMark.size();
  const bool blank = line.begin == line.end;
  const bool cr = bytes[end] == '\r';
  // The blank line is over with its CR when lines end in bare CR: waiting for an LF would hold the
  // event back until the next one comes.
  if (blank && cr && (last_line_end_ == LineEnd::kCr || last_line_end_ == LineEnd::kNone)) {
    last_line_end_ = LineEnd::kCr;
    skip_lf_ = true;
    FinishEvent(end + 1, event);
    return true;
  }
  if (cr && end + 1 == bytes.size()) return false;
  const bool crlf = cr && bytes[end + 1] == '\n';
  last_line_end_ = crlf ? LineEnd::kCrLf : cr ? LineEnd::kCr : LineEnd::kLf;
  const size_t next_line = end + (crlf ? 2 : 1);
  if (blank) {
    FinishEvent(next_line, event);
    return true;
  }
  first_line_ = false;
  ReadField(line);
  line_begin_ = scanned_ = next_line;
  return false;
}

std::string_view Splitter::Bytes(Span span) const noexcept {
  return std::string_view(buffer_).substr(consumed_ + span.begin, span.end - span.begin);
}

void Splitter::ReadField(Span line) {
  const Field field = ParseField(Bytes(line));
  const Span value{line.end - field.value.size(), line.end};
  if (field.name == "data") {
    AddData(value);
  } else if (field.name == "event") {
    name_ = value;
  }
}

void Splitter::AddData(Span value) {
  ++data_lines_;
  if (data_lines_ == 1) {
    single_data_ = value;
    return;
  }
  if (data_lines_ == 2) data_.assign(Bytes(single_data_));
  data_.push_back('\n');
  data_.append(Bytes(value));
}

void Splitter::FinishEvent(size_t end, Event* event) {
  first_line_ = false;
  event->raw = Bytes({0, end});
  event->has_data = data_lines_ != 0;
  event->data = data_lines_ > 1 ? std::string_view(data_) : Bytes(single_data_);
  const std::string& holder = data_lines_ > 1 ? data_ : buffer_;
  const size_t data_end = data_lines_ > 1 ? data_.size() : consumed_ + single_data_.end;
  event->data_padding = holder.capacity() - data_end;
  event->name = Bytes(name_);
  consumed_ += end;
  event_done_ = true;
}

std::string_view Splitter::Rest() const noexcept {
  return std::string_view(buffer_).substr(consumed_);
}

}  // namespace kt::sse
