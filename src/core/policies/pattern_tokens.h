// An expression of RE2 as its literal code points beyond ASCII and what stands between them. It
// finds its way through what RE2 accepts; of the rest RE2 says what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kt::policies {

struct PatternToken {
  enum class Kind {
    kAscii,    // one ASCII character, an escape, the begin or the end of a class
    kLiteral,  // one code point beyond ASCII, as it is or as \x{…}
    kRange,    // of a class, with an end beyond ASCII
  };
  Kind kind = Kind::kAscii;
  std::string source;            // of "\Qa.b\E" what each of its characters is without the quotes
  uint32_t first = 0, last = 0;  // the code points; 0 of kAscii
  bool in_class = false, in_negated = false;

  bool IsLetter() const noexcept {
    return source.size() == 1 && ((source[0] | 0x20) >= 'a' && (source[0] | 0x20) <= 'z');
  }
  bool IsCount() const noexcept {
    return !in_class && (source == "?" || source == "*" || source == "+" || source == "{");
  }
};

std::vector<PatternToken> ReadPattern(std::string_view pattern);

// ASCII of `text` that could mean something to RE2 behind backslashes.
std::string Escaped(std::string_view text);

}  // namespace kt::policies
