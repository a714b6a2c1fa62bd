#include "core/policies/value_begins.h"

#include <utility>

#include "core/base/ascii.h"

namespace kt::policies {
namespace {

bool IsWord(char c) noexcept {
  return IsAlnum(c) || c == '_';
}
char Before(std::string_view text, size_t begin, size_t back = 1) noexcept {
  return begin >= back ? text[begin - back] : '\0';
}

// Card: a number has its digits in one group, or four in its first one.
bool Card(std::string_view text, size_t begin) {
  const char before = Before(text, begin);
  if (before == '.') return false;
  if ((before == '-' || before == '/') && IsDigit(Before(text, begin, 2))) return false;
  size_t end = begin;
  while (end < text.size() && end - begin < 13 && IsDigit(text[end])) ++end;
  return end - begin == 4 || end - begin == 13;
}

// A piece of something longer: "a-1234", "x/1234", "v.1234".
bool NoPiece(std::string_view text, size_t begin) {
  const char before = Before(text, begin);
  const bool joins = before == '-' || before == '/' || before == '.' || before == '_';
  return !joins || !IsAlnum(Before(text, begin, 2));
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

// A piece of a path, a domain or a longer name.
bool PrefixedToken(std::string_view text, size_t begin) {
  return begin == 0 || std::string_view("/._-@").find(text[begin - 1]) == std::string_view::npos;
}

bool BareToken(std::string_view text, size_t begin) {
  return begin == 0 ||
         std::string_view(" \t\n\"'`(=").find(text[begin - 1]) != std::string_view::npos;
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

// "1.3.6.1.4.1", "Chrome/120.0.0.0": versions.
bool Ipv4(std::string_view text, size_t begin) {
  const char before = Before(text, begin);
  if (before == '.' || before == '~' || before == '^') return false;
  return (before != '/' && before != '-') || !IsLetter(Before(text, begin, 2));
}

bool Ipv6(std::string_view text, size_t begin) {
  return Before(text, begin) != ':' && Before(text, begin) != '.';
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
      {"prefixed_token", {PrefixedToken}},
      {"bare_token", {BareToken, 8}},  // 3.3
      {"es_nif", {NoPiece}},
      {"it_cf", {NoPiece}},
      {"de_svnr", {NoPiece}},
      {"de_kvnr", {NoPiece}},
      {"de_vat", {NoPiece}},
      {"it_vat_prefixed", {NoPiece}},
      {"pl_nip_prefixed", {NoPiece}},
      {"se_plus", {NoPiece}},
      {"sg_uen", {NoPiece}},
      {"fi_hetu", {NoPiece}},
      {"uk_nino", {NoPiece}},
      {"sg_nric", {NoPiece}},
      {"in_pan", {NoPiece}},
      {"in_gstin", {NoPiece}},
      {"cn_ric", {NoPiece}},
      {"tw_id", {NoPiece}},
      {"cl_rut", {NoPiece}},
      {"ie_pps", {NoPiece}},
      {"mac", {NoPiece}},
      {"dea", {NoPiece}},
  };
  for (const auto& [known, look] : kLooks) {
    if (known == name) return look;
  }
  return {};
}

}  // namespace kt::policies
