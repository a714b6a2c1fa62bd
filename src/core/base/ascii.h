// Classes of ASCII bytes, whatever the locale. Bytes of other characters are in none of them.
#pragma once

namespace kt {

inline bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
inline bool IsLower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
inline bool IsUpper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
inline bool IsLetter(char c) noexcept {
  return IsLower(c) || IsUpper(c);
}
inline bool IsAlnum(char c) noexcept {
  return IsDigit(c) || IsLetter(c);
}

}  // namespace kt
