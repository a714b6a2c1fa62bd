// How random a text looks: what a generator makes of letters and digits, and what people write.
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::policies {

struct Shape {
  size_t digits = 0, lower = 0, upper = 0, other = 0;
  size_t changes = 0;  // of class from one letter or digit to the next
  size_t run = 0;      // longest run of one character
  bool hex = true;     // nothing but hexadecimal digits and dashes
  double entropy = 0;  // bits a character; exact where it is close to a tenth
};
Shape ShapeOf(std::string_view value);

// As Shape::hex.
bool IsHex(std::string_view value) noexcept;

struct Letters {
  size_t in_words = 0;    // in runs that could be words: five and more, with vowels as language has
  size_t clusters = 0;    // of five consonants and more, as no language has
  size_t pairs = 0;       // of neighbours
  size_t rare_pairs = 0;  // of them, pairs that words and the names of programs hardly ever hold
};
Letters LettersOf(std::string_view text) noexcept;

// The longest run of letters and digits.
std::string_view LongestRun(std::string_view value) noexcept;

// Are the letters and digits, `min_bytes` of them at least, as mixed as only a generator makes
// them? Hexadecimal text is not: hashes look like it.
bool IsRandom(std::string_view value, size_t min_bytes);

}  // namespace kt::policies
