// An expression of RE2 as its literal code points beyond ASCII and what stands between them. It
// finds its way through what RE2 accepts; of the rest RE2 says what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kt::policies {

struct PatternToken {  // of a byte at least
  enum class Kind {
    kAscii,  // ASCII characters that stand for themselves or are operators, an escape, the begin or
             // the end of a class, one item of it
    kLiteral,  // one code point beyond ASCII, as it is or as \x{…}
    kRange,    // of a class, with an end beyond ASCII
  };
  Kind kind = Kind::kAscii;
  std::string source;            // of "\Qa.b\E" what each of its characters is without the quotes
  uint32_t first = 0, last = 0;  // the code points, of literals and ranges
  bool in_class = false, in_negated = false;

  bool EndsInLetter() const noexcept {
    const char last_lower = static_cast<char>(source.back() | 0x20);
    return source[0] != '\\' && last_lower >= 'a' && last_lower <= 'z';
  }
  // Says how often what is before it stands.
  bool IsCount() const noexcept {
    return !in_class && std::string_view("?*+{").find(source[0]) != std::string_view::npos;
  }
};

std::vector<PatternToken> ReadPattern(std::string_view pattern);

// ASCII of `text` that could mean something to RE2 behind backslashes.
std::string Escaped(std::string_view text);

}  // namespace kt::policies
