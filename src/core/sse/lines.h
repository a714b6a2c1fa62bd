// Lines and fields of an event stream (WHATWG HTML, 9.2.5 and 9.2.6).
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::sse {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The first CR or LF at or behind `from`; bytes.size() when there is none.
size_t FindLineEnd(std::string_view bytes, size_t from) noexcept;

// A line without its end. A comment has an empty name; a line without a colon is a name alone.
struct Field {
  std::string_view name, value;
};
Field ParseField(std::string_view line) noexcept;

// May these be the first bytes of events, which those of JSON never are? By the name of the first
// field, or a comment: for providers whose Content-Type does not tell.
bool MayBegin(std::string_view bytes) noexcept;

}  // namespace kt::sse
