#include "core/policies/token_begins.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/policies/iban.h"
#include "core/policies/no_secrets.h"
#include "core/policies/random_text.h"

namespace kt::policies {
namespace {

char At(std::string_view text, size_t at) noexcept {
  return at < text.size() ? text[at] : '\0';
}

bool IsOneOf(char c, std::string_view some) noexcept {
  return std::any_of(some.begin(), some.end(), [c](char one) { return one == c; });
}

}  // namespace

bool IsPiece(std::string_view text, size_t begin) noexcept {
  if (begin < 2 || !IsOneOf(text[begin - 1], "-/._")) return false;
  return IsAlnum(text[begin - 2]);
}

// The prefix, its sign, and no hexadecimal text but one with a mark in capitals ("NRJS-…").
bool MayBePrefixedToken(std::string_view text, size_t begin) {
  constexpr size_t kMostPrefix = 20, kMostBytes = 221, kMark = 3;
  // A piece of a path, a domain or a longer name.
  if (begin > 0 && IsOneOf(text[begin - 1], "/._-@")) return false;
  const std::string_view rest = text.substr(begin, kMostBytes);
  size_t sign = 0;
  while (sign < rest.size() && IsAlnum(rest[sign])) {
    if (++sign > kMostPrefix) return false;
  }
  if (sign < 2 || !IsOneOf(At(rest, sign), "_.-") || BeginsAsReference(rest)) return false;
  if (!IsHex(rest.substr(0, sign + 1))) return true;
  const auto marked = [&](size_t bytes) {
    return std::all_of(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(bytes), IsUpper);
  };
  if (sign >= kMark && marked(kMark)) return true;
  size_t end = sign + 1;
  while (end < rest.size() && (IsAlnum(rest[end]) || IsOneOf(rest[end], "_.=+-"))) ++end;
  return !IsHex(rest.substr(0, end));
}

// The expression takes a sign behind the word, if there is one; 64 and 76 bytes are lines of
// base64.
bool MayBeBareToken(std::string_view text, size_t begin) {
  constexpr size_t kLeastBytes = 40, kMostBytes = 250, kLeastOfEach = 3;
  if (begin > 0 && !IsOneOf(text[begin - 1], " \t\n\"'`(=")) return false;
  const std::string_view rest = text.substr(begin, kMostBytes);
  size_t bytes = 0, digits = 0, lower = 0, upper = 0;
  for (; bytes < rest.size() && IsAlnum(rest[bytes]); ++bytes) {
    digits += IsDigit(rest[bytes]);
    lower += IsLower(rest[bytes]);
    upper += IsUpper(rest[bytes]);
  }
  if (bytes < kLeastBytes || bytes == 64 || bytes == 76) return false;
  if (bytes < kMostBytes && IsOneOf(At(rest, bytes), "+/=_-")) return false;
  return digits >= kLeastOfEach && lower >= kLeastOfEach && upper >= kLeastOfEach;
}

bool MayBeIban(std::string_view text, size_t begin) {
  return IbanBytes(text.substr(begin)) != 0;
}

// "131052-308T": most rows of digits and most hashes have no such sign in their midst.
bool MayBeFinnishHetu(std::string_view text, size_t begin) {
  constexpr size_t kSign = 6, kBytes = 11;
  if (text.size() < kBytes || begin > text.size() - kBytes) return false;
  const std::string_view id = text.substr(begin, kBytes);
  if (IsDigit(id[kSign])) return false;
  for (size_t i = 1; i + 1 < kBytes; ++i) {
    if (i != kSign && !IsDigit(id[i])) return false;
  }
  return !IsPiece(text, begin);
}

// "AB 12 34 56 C"
bool MayBeUkNino(std::string_view text, size_t begin) {
  constexpr int kPairs = 3;
  if (!IsLetter(At(text, begin)) || !IsLetter(At(text, begin + 1))) return false;
  size_t at = begin + 2;
  for (int pair = 0; pair < kPairs; ++pair, at += 2) {
    if (At(text, at) == ' ' || At(text, at) == '-') ++at;
    if (!IsDigit(At(text, at)) || !IsDigit(At(text, at + 1))) return false;
  }
  if (At(text, at) == ' ' || At(text, at) == '-') ++at;
  const char last = static_cast<char>(At(text, at) | 0x20);
  const char behind = At(text, at + 1);
  return last >= 'a' && last <= 'd' && !IsAlnum(behind) && behind != '_' && !IsPiece(text, begin);
}

// Pairs, or groups of four, as routers write them.
bool MayBeMac(std::string_view text, size_t begin) {
  const char second = At(text, begin + 2);
  if (second != ':' && second != '-' && At(text, begin + 4) != '.') return false;
  return (begin == 0 || text[begin - 1] != ':') && !IsPiece(text, begin);
}

}  // namespace kt::policies
