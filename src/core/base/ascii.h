// Classes of ASCII bytes, whatever the locale. Bytes of other characters are in none of them.
#pragma once

namespace kt {

constexpr bool IsAscii(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x80;
}
constexpr bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool IsLower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
constexpr bool IsUpper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
constexpr bool IsLetter(char c) noexcept {
  return IsLower(c) || IsUpper(c);
}
constexpr bool IsAlnum(char c) noexcept {
  return IsDigit(c) || IsLetter(c);
}
constexpr bool IsBlank(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace kt
