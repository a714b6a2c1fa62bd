#include "core/policies/value_begins.h"

#include <algorithm>
#include <utility>

#include "core/base/ascii.h"
#include "core/policies/id_checks.h"
#include "core/policies/number_tables.h"
#include "core/policies/token_begins.h"

namespace kt::policies {
namespace {

bool IsWord(char c) noexcept {
  return IsAlnum(c) || c == '_';
}
bool IsHexDigit(char c) noexcept {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
char Before(std::string_view text, size_t begin, size_t back = 1) noexcept {
  return begin >= back ? text[begin - back] : '\0';
}

bool NoPiece(std::string_view text, size_t begin) {
  return !IsPiece(text, begin);
}

// Card: all digits in one group, or in groups as they are printed; of an issuer, and the check
// digit is right.
bool Card(std::string_view text, size_t begin) {
  const char before = Before(text, begin);
  if (before == '.') return false;
  if ((before == '-' || before == '/') && IsDigit(Before(text, begin, 2))) return false;
  constexpr size_t kFewest = 13, kMost = 19, kJoint = 3, kGroups = 5;
  char digits[kMost + 1];
  size_t count = 0, sizes[kGroups] = {};
  const auto passes = [&](size_t size) {
    const std::string_view number(digits, size);
    return PassesLuhn(number) && CardRangeOf(number) != CardRangeKind::kNone;
  };
  size_t at = begin;
  for (size_t group = 0; group < kGroups; ++group) {
    for (; at < text.size() && IsDigit(text[at]) && count <= kMost; ++at, ++sizes[group]) {
      digits[count++] = text[at];
    }
    if (count > kMost) return false;
    if (group == 0 && sizes[0] != 4) return count >= kFewest && passes(count);
    if (group == 1 && sizes[1] != 4 && sizes[1] != 6) return false;
    const bool six = sizes[1] == 6;
    if (group == 2 && six) return (sizes[2] == 5 || sizes[2] == 4) && passes(count);
    if (group >= 2 && group < 4 && sizes[group] != 4) return false;
    if (group == 3 && passes(count)) return true;
    if (group == 4) return sizes[4] == 3 && passes(count);
    const size_t joint = at;
    while (at < text.size() && at - joint < kJoint && !IsAlnum(text[at])) ++at;
  }
  return false;
}

// "1.2.415-555-2671", "id-415-555-2671"
bool NationalPhone(std::string_view text, size_t begin) {
  const char before = Before(text, begin);
  if (IsWord(before) || before == '+' || before == '$') return false;
  const bool joins = before == '-' || before == '.' || before == '/';
  return !joins || !IsWord(Before(text, begin, 2));
}

bool NamedPhone(std::string_view text, size_t begin) {
  const char before = Before(text, begin);
  return !IsWord(before) && (before != '.' || begin == 1 || !IsDigit(Before(text, begin, 2)));
}

// "mkdir -p …", and not "read-ahead".
bool Option(std::string_view text, size_t begin) {
  return begin == 0 || !IsWord(text[begin - 1]);
}

// "1-415-555-2671", "(415) 555-2671": the sizes of the first groups.
bool NorthAmericanPhone(std::string_view text, size_t begin) {
  if (!NationalPhone(text, begin)) return false;
  const auto digits_at = [&](size_t at) {
    size_t end = at;
    while (end < text.size() && end - at < 4 && IsDigit(text[end])) ++end;
    return end - at;
  };
  size_t at = begin, first = digits_at(at);
  if (first == 1 && text[at] == '1') first = digits_at(at += 2);
  return first == 3 || at >= text.size() || !IsDigit(text[at]);
}

// "1.3.6.1.4.1", "Chrome/120.0.0.0": versions. And four numbers of a byte each.
bool Ipv4(std::string_view text, size_t begin) {
  const char before = Before(text, begin);
  if (before == '.' || before == '~' || before == '^') return false;
  if ((before == '/' || before == '-') && IsLetter(Before(text, begin, 2))) return false;
  constexpr size_t kMostDigits = 3;
  for (size_t at = begin, i = 0; i < 4; ++i, ++at) {
    const size_t first = at;
    int value = 0;
    for (; at < text.size() && at - first <= kMostDigits && IsDigit(text[at]); ++at) {
      value = value * 10 + text[at] - '0';
    }
    if (at == first || value > 255 || (at - first > 1 && text[first] == '0')) return false;
    if (i < 3 && (at >= text.size() || text[at] != '.')) return false;
  }
  return true;
}

// "00:1b:63:84:45", "12:30:45": eight groups, some of which two colons stand for.
bool Ipv6(std::string_view text, size_t begin) {
  if (Before(text, begin) == ':' || Before(text, begin) == '.') return false;
  constexpr size_t kLongest = 48, kColons = 6;  // the last two groups may be written as IPv4
  size_t colons = 0;
  for (size_t at = begin; at < text.size() && at - begin < kLongest; ++at) {
    if (text[at] == ':') {
      if (++colons == kColons || (at + 1 < text.size() && text[at + 1] == ':')) return true;
    } else if (!IsHexDigit(text[at])) {
      return false;
    }
  }
  return false;
}

// "65 170839 J 008": the letter.
bool GermanSocialSecurity(std::string_view text, size_t begin) {
  constexpr size_t kFirst = 8, kLast = 10;
  const std::string_view piece = text.substr(std::min(begin + kFirst, text.size()));
  const auto end = piece.begin() + std::min(piece.size(), kLast - kFirst + 1);
  return NoPiece(text, begin) && std::any_of(piece.begin(), end, IsUpper);
}

}  // namespace

FirstLook FindFirstLook(std::string_view name) noexcept {
  static constexpr std::pair<std::string_view, FirstLook> kLooks[] = {
      {"card", {Card}},
      {"phone_us", {NorthAmericanPhone}},
      {"phone_national", {NationalPhone}},
      {"phone_named", {NamedPhone}},
      {"ipv4", {Ipv4}},
      {"ipv6", {Ipv6}},
      {"public_ipv4", {Ipv4}},
      {"public_ipv6", {Ipv6}},
      {"generated", {nullptr, 8}},          // 3.0
      {"assigned_secret", {nullptr, 7}},    // 2.8
      {"assigned_password", {nullptr, 5}},  // 2.2
      {"authorization", {nullptr, 7}},      // 2.8
      {"typed_password", {Option, 5}},      // 2.2
      {"user_password", {Option, 5}},       // 2.2
      {"assigned_token", {nullptr, 7}},     // 2.8
      {"vendor_secret", {nullptr, 7}},      // 2.6
      {"prefixed_token", {MayBePrefixedToken}},
      {"bare_token", {MayBeBareToken, 8}},  // 3.3
      {"iban", {MayBeIban}},
      {"es_nif", {NoPiece}},
      {"it_cf", {NoPiece}},
      {"de_svnr", {GermanSocialSecurity}},
      {"de_kvnr", {NoPiece}},
      {"de_vat", {NoPiece}},
      {"it_vat_prefixed", {NoPiece}},
      {"pl_nip_prefixed", {NoPiece}},
      {"se_plus", {NoPiece}},
      {"sg_uen", {NoPiece}},
      {"fi_hetu", {MayBeFinnishHetu}},
      {"uk_nino", {MayBeUkNino}},
      {"sg_nric", {NoPiece}},
      {"in_pan", {NoPiece}},
      {"in_gstin", {NoPiece}},
      {"cn_ric", {NoPiece}},
      {"tw_id", {NoPiece}},
      {"cl_rut", {NoPiece}},
      {"ie_pps", {NoPiece}},
      {"mac", {MayBeMac}},
      {"dea", {NoPiece}},
  };
  for (const auto& [known, look] : kLooks) {
    if (known == name) return look;
  }
  return {};
}

}  // namespace kt::policies
