// Bytes -> server-sent events (WHATWG HTML, 9.2.6), at any split, without losing a byte.
//
// Knows nothing of OpenAI. LF, CR and CRLF line ends (mixed too), a leading BOM, comments,
// multi-line data, fields without a colon. The raw bytes of all events, concatenated, are the
// input, so that an untouched event can go on as it came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace kt::sse {

struct Event {
  // Valid until the next call of Feed or Trim; data of several lines until the next call of any.
  std::string_view raw;     // with its comments and its final blank line
  std::string_view data;    // data lines joined by LF
  std::string_view name;    // the "event" field, last one wins; empty: "message"
  size_t data_padding = 0;  // readable bytes behind data, for parsers that read ahead
  bool has_data = false;    // false: comments, ids or blank lines only
};

class Splitter {
 public:
  explicit Splitter(size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  // Takes the next bytes. Never fails by itself; a too large event fails in Next.
  void Feed(std::string_view bytes);
  // True: *event is the next complete event. False: more bytes are needed.
  // kResourceExhausted once the unfinished event exceeds max_event_bytes; final.
  //
  // An event ends with its blank line. Where the blank line ends in CR, a following LF belongs to
  // it when the line before ended in CRLF or LF (then Next waits for one byte more); after a bare
  // CR it does not wait, and such an LF opens the raw bytes of the next event. So the result does
  // not depend on how the input was cut.
  Result<bool> Next(Event* event);
  // For callers that know an event by its bytes. Ahead: what was fed and not handed out, when it
  // begins where an event does; otherwise empty. Take hands out the first `size` bytes of it, which
  // must be one event, as Next would find it, that ends in LF; only `raw` is set.
  std::string_view Ahead() const noexcept;
  void Take(size_t size, Event* event);
  // Gives back the memory of bytes that were handed out, where that is all there is.
  void Trim();
  // Bytes that belong to no complete event (input ended mid-event). A final event without blank
  // line is not an event (the standard discards it).
  std::string_view Rest() const noexcept;

 private:
  enum class LineEnd : uint8_t { kNone, kCr, kLf, kCrLf };
  struct Span {  // offsets from the event's first byte
    size_t begin = 0, end = 0;
  };

  void BeginEvent();
  bool ReadLine(Event* event);
  void ReadField(Span line);
  void AddData(Span value);
  void FinishEvent(size_t end, Event* event);
  std::string_view Bytes(Span span) const noexcept;

  size_t max_event_bytes_;
  std::string buffer_;
  size_t consumed_ = 0;  // bytes of buffer_ handed out

  // The event that begins at consumed_, as far as it is read. Offsets count from there.
  size_t line_begin_ = 0;  // where the unfinished line begins
  size_t scanned_ = 0;     // bytes already searched for a line end
  size_t data_lines_ = 0;
  Span single_data_;  // of the only data line
  Span name_;
  std::string data_;  // Event::data when it has several lines

  LineEnd last_line_end_ = LineEnd::kNone;  // also across events
  bool skip_lf_ = false;  // the last event ended in a bare CR: an LF that follows is its line's end
  bool first_line_ = true;
  bool event_done_ = false;  // the fields above belong to an event that was handed out
  bool failed_ = false;
};

// Appends one event, LF line ends: "event: name\n" when name is not empty, then data lines.
void AppendEvent(std::string_view name, std::string_view data, std::string* out);
// `raw` with its data replaced by one data line, other lines and line ends kept; for an event
// whose text was edited. Precondition: raw is Event::raw of an event that has data.
void AppendWithData(std::string_view raw, std::string_view data, std::string* out);

}  // namespace kt::sse
