#include "core/detect/rule_errors.h"

#include <algorithm>

namespace kt::detect {
namespace {

// Whether `escape`, a backslash and a letter, is in the expression.
bool Escapes(std::string_view pattern, char letter) noexcept {
  for (size_t at = pattern.find('\\'); at != pattern.npos; at = pattern.find('\\', at + 2)) {
    if (pattern.substr(at + 1).starts_with(letter)) return true;
  }
  return false;
}

// Behind flags for the whole of it.
std::string_view WithoutFlags(std::string_view pattern) noexcept {
  if (!pattern.starts_with("(?")) return pattern;
  const size_t end = pattern.find_first_not_of("imsU-", 2);
  return end < pattern.size() && pattern[end] == ')' ? pattern.substr(end + 1) : pattern;
}

}  // namespace

// Most expressions that RE2 refuses were written for an engine that backtracks.
std::string HintFor(std::string_view pattern, std::string_view error) {
  if (error.ends_with("(?<")) {
    const size_t at = pattern.find("(?<");
    const std::string_view behind = pattern.substr(std::min(at, pattern.size() - 3) + 3);
    if (!behind.starts_with('=') && !behind.starts_with('!')) {
      return " (a named group begins (?P<name>)";
    }
  }
  if (error.ends_with("\\u")) return " (write \\x{20AC} for a code point)";
  if (error.ends_with("(?x") || error.ends_with("(?#")) {
    return " (RE2 has no comments in expressions)";
  }
  const bool operators = error.starts_with("invalid perl operator");
  const bool escapes = error.starts_with("invalid escape sequence");
  return operators || escapes ? " (RE2 has no look-around and no backreferences)" : "";
}

// RE2 repeats what it refuses: all of the expression, where a parenthesis is not closed.
std::string ShortError(std::string_view error) {
  constexpr size_t kMost = 120;
  if (error.size() <= kMost) return std::string(error);
  size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(error[end]) & 0xC0) == 0x80) --end;
  return std::string(error.substr(0, end)) + "…";
}

std::string_view Useless(std::string_view pattern) {
  if (WithoutFlags(pattern).starts_with('|')) {
    return "begins with an alternative of nothing, which is found before all others: never acts";
  }
  if (Escapes(pattern, 'C')) {
    return "\\C is a byte, and half a character cannot be taken out: write (?s:.)";
  }
  return {};
}

}  // namespace kt::detect
