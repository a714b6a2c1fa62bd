// Which bytes a code point of an expression may begin with: never too few, exact within ASCII for
// what rules write. The long s and the Kelvin sign, which fold to ASCII letters, count as s and k:
// who looks at text with these sets must read them so. Private to detect/.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>

namespace kt::detect {

using ByteSet = std::bitset<256>;

inline bool IsAsciiLetter(unsigned c) noexcept {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
inline bool IsAsciiDigit(unsigned c) noexcept {
  return c >= '0' && c <= '9';
}
inline bool IsAsciiWord(unsigned c) noexcept {
  return IsAsciiLetter(c) || IsAsciiDigit(c) || c == '_';
}

// The code points [low, high], with their case-folding orbits under `ignore_case`.
void AddRunes(uint32_t low, uint32_t high, bool ignore_case, ByteSet* set);
// What \d, \s, \w, their negations, \p and `.` match.
void AddEscapeClass(char letter, bool ignore_case, ByteSet* set);
// The complement; `set` was built without `ignore_case` orbits of what is not ASCII.
ByteSet Negated(const ByteSet& set);
std::string Utf8(uint32_t rune);
// Folding letter case leaves the code point alone.
bool IsCaseless(uint32_t rune) noexcept;
// UTF-8 of all code points that are `rune` but for their case, one behind the other: of Cyrillic
// and Greek letters. Empty: not known.
std::string CaseOrbit(uint32_t rune);

}  // namespace kt::detect
