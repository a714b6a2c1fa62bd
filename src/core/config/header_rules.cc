#include "core/config/header_rules.h"

#include <algorithm>
#include <string>

#include "core/base/text.h"

namespace kt::config {

namespace {

constexpr size_t kMaxNameBytes = 128;

constexpr std::string_view kHopHeaders[] = {
    "connection", "keep-alive", "proxy-connection",  "te",
    "trailer",    "upgrade",    "transfer-encoding", "http2-settings",
};
constexpr std::string_view kOwnHeaders[] = {
    "host",   "content-length",  "content-type", "content-encoding",
    "accept", "accept-encoding", "user-agent",   "expect",
};
// Parts of names that carry secrets in practice (Authorization, X-Api-Key, X-Auth-Token, Cookie,
// …).
constexpr std::string_view kCredentialParts[] = {
    "authorization", "cookie", "api-key", "apikey", "api_key", "secret", "password", "-auth-key",
};

template <size_t N>
bool Contains(const std::string_view (&list)[N], std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

}  // namespace

bool IsHeaderName(std::string_view name) noexcept {
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           const char lower = AsciiLower(c);
           return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
                  kTokenMarks.find(c) != std::string_view::npos;
         });
}

bool IsHeaderValue(std::string_view value) noexcept {
  if (Trim(value).size() != value.size()) return false;
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  });
}

HeaderUse UseOfHeader(std::string_view name) {
  const std::string lower = ToLower(name);
  if (Contains(kHopHeaders, lower)) return HeaderUse::kHop;
  if (Contains(kOwnHeaders, lower)) return HeaderUse::kOwn;
  for (const std::string_view part : kCredentialParts) {
    if (lower.find(part) != std::string::npos) return HeaderUse::kCredential;
  }
  return lower.ends_with("token") ? HeaderUse::kCredential : HeaderUse::kFree;
}

}  // namespace kt::config
