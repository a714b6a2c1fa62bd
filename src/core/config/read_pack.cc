#include <algorithm>
#include <string_view>

#include "core/config/sections.h"

namespace kt::config {

namespace {

constexpr std::string_view kDigits = "0123456789";

bool IsNumericPart(std::string_view part) {
  return !part.empty() && part.find_first_not_of(kDigits) == std::string_view::npos &&
         (part.size() == 1 || part[0] != '0');
}

// Dot-separated identifiers after `-` or `+`; numeric ones of a pre-release have no leading zero.
bool AreIdentifiers(std::string_view text, bool pre_release) {
  for (size_t begin = 0; begin <= text.size();) {
    const size_t dot = std::min(text.find('.', begin), text.size());
    const std::string_view part = text.substr(begin, dot - begin);
    const bool valid = !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    });
    const bool numeric = part.find_first_not_of(kDigits) == std::string_view::npos;
    if (!valid || (pre_release && numeric && !IsNumericPart(part))) return false;
    begin = dot + 1;
  }
  return true;
}

// SemVer 2.0.0
bool IsSemVer(std::string_view text) {
  if (const size_t plus = text.find('+'); plus != std::string_view::npos) {
    if (!AreIdentifiers(text.substr(plus + 1), false)) return false;
    text = text.substr(0, plus);
  }
  if (const size_t dash = text.find('-'); dash != std::string_view::npos) {
    if (!AreIdentifiers(text.substr(dash + 1), true)) return false;
    text = text.substr(0, dash);
  }
  const size_t first = text.find('.');
  if (first == std::string_view::npos) return false;
  const size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return false;
  return IsNumericPart(text.substr(0, first)) &&
         IsNumericPart(text.substr(first + 1, second - first - 1)) &&
         IsNumericPart(text.substr(second + 1));
}

std::string RepairedSemVer(std::string text) {
  if (!text.empty() && (text[0] == 'v' || text[0] == 'V')) text.erase(0, 1);
  for (int i = 0; i < 3; ++i) {
    if (IsSemVer(text)) return text;
    text += ".0";
  }
  return {};
}

void ReadVersion(const Value& value, std::string* version) {
  std::string text;
  if (!value.Text(&text, {.max_bytes = 128})) return;
  if (IsSemVer(text)) {
    *version = std::move(text);
  } else {
    value.Fail("is not a semantic version (MAJOR.MINOR.PATCH)", RepairedSemVer(text));
  }
}

}  // namespace

void ReadPack(const Value& value, Pack* pack) {
  value.Map([pack](MapReader& map) {
    map.Require("name").Text(&pack->name, {.max_bytes = 200});
    ReadVersion(map.Require("version"), &pack->version);
    const Value enabled = map.Require("enabled");
    if (enabled.Bool(&pack->enabled) && !pack->enabled) {
      enabled.Warn("the pack is off: every governed request gets 503 pack_disabled");
    }
    map.Get("id").Text(&pack->id, {.max_bytes = 200});
    map.Get("author").Text(&pack->author, {.min_bytes = 0, .max_bytes = 200});
    map.Get("description").Text(&pack->description, {.min_bytes = 0, .multiline = true});
  });
}

}  // namespace kt::config
