// Base64 that goes on in further lines, decoded from any of them in time that is linear in all.
//
// Which line it begins in shows only once all behind it reads as text: "data:" in front of the
// first line moves its digits out of step, a line of something else may stand before it. So each
// line is tried in turn, and without what is kept here each would decode all lines behind it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kt::detect::views {

class WrappedBase64 {
 public:
  explicit WrappedBase64(std::string_view text) noexcept : text_(text) {}

  // What token characters from `begin` to the end of their run at *end say, with the lines that
  // they go on in; *end moves behind those. Nothing, and *end as it was: they are not readable.
  // Valid until the next call. Precondition: `begin` is not before that of the last call.
  std::optional<std::string_view> Decode(size_t begin, size_t* end);

 private:
  // Digits count in fours: lines whose digits are in step with each other decode alike.
  struct Step {
    bool used = false;
    size_t first_digit = 0;  // of the lines, with which `bytes` begin
    std::string bytes;
    size_t from = 0;            // what was judged begins here
    std::optional<size_t> bad;  // the first byte behind it that is no UTF-8
    size_t odd = 0;             // control characters behind it, where there is no such byte
  };
  size_t LastLineEnd(size_t begin, size_t end);
  static void Judge(Step* step, size_t from);
  static bool ReadableFrom(Step* step, size_t from);

  const std::string_view text_;
  std::string line_;
  size_t lines_end_ = 0;             // of the lines that were found last
  size_t counted_ = 0, digits_ = 0;  // digits of these lines before `counted_`
  std::array<Step, 4> steps_;
};

}  // namespace kt::detect::views
