#include "core/policies/network_checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/policies/context_words.h"

namespace kt::policies {
namespace {

using detect::Candidate;

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) noexcept {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

// "    rails (7.0.4.1)": a line of Bundler's lock file.
bool IsLockedGem(std::string_view before) noexcept {
  if (!before.ends_with(" (")) return false;
  const size_t line = before.rfind('\n');
  before = before.substr(line == before.npos ? 0 : line + 1);
  before.remove_suffix(2);
  const size_t name = before.find_first_not_of(' ');
  return name >= 4 && name != before.npos && before.find(' ', name) == before.npos;
}

// "Chrome/120.0.0.0", "pkg-1.2.3.4", ">=1.2.3.4", "1.3.6.1.4.1": four numbers that are no address.
bool IsVersion(const Candidate& c) {
  // And what says that it is an address, where it stands nearer: "build agent, login from 8.8.4.4".
  static const ContextWords kWords(
      {{"version",
        "ver",
        "v",
        "section",
        "specification",
        "chapter",
        "build",
        "release",
        "oid",
        "assemblyversion",
        "fileversion",
        "firmware",
        "upgrade from",
        "upgraded from",
        "upgrades from",
        "downgrade from",
        "downgraded from",
        "bump",
        "bumps",
        "bumped"},
       {"ip",           "ips",           "address",     "addresses",      "addr",
        "inet",         "host",          "client",      "server",         "remote",
        "peer",         "src",           "dst",         "connected from", "logged in from",
        "request from", "received from", "access from", "gateway",        "dns",
        "nameserver",   "ping",          "ssh",         "login",          "relay",
        "port",         "http",          "https"}});
  if (IsLockedGem(c.before(detect::kContextBytes))) return true;
  std::string_view before = c.before(4);
  const bool apart = before.ends_with(' ');
  while (before.ends_with(' ')) before.remove_suffix(1);
  if (before.empty()) return false;
  const char last = before.back();
  const char second = before.size() > 1 ? before[before.size() - 2] : '\0';
  if (last == '~' || last == '^' || (last == '>' && second == '~')) return true;
  if (!apart && (last == '.' || ((last == '/' || last == '-') && IsLetter(second)))) return true;
  if (last == '=' && !(apart && second == '=') &&
      (second == '=' || second == '>' || second == '<' || second == '~' || second == '!')) {
    return true;
  }
  uint16_t nearest[2] = {};
  return kWords.Find(c, nearest) && nearest[0] != 0 && nearest[0] >= nearest[1];
}

bool ParseIpv4(std::string_view text, std::array<uint8_t, 4>* out) {
  size_t at = 0;
  for (size_t i = 0; i < 4; ++i) {
    unsigned value = 0;
    const size_t begin = at;
    while (at < text.size() && IsDigit(text[at])) {
      value = value * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (value > 255 || at == begin || (at - begin > 1 && text[begin] == '0')) return false;
    (*out)[i] = static_cast<uint8_t>(value);
    if (i < 3 && (at >= text.size() || text[at++] != '.')) return false;
  }
  return at == text.size();
}

// RFC 6890; the documentation ranges count as public: they stand for public addresses.
bool IsPublic(const std::array<uint8_t, 4>& a) noexcept {
  if (a[0] == 0 || a[0] == 10 || a[0] == 127 || a[0] >= 224) return false;
  if (a[0] == 100 && (a[1] & 0xC0) == 64) return false;
  if (a[0] == 169 && a[1] == 254) return false;
  if (a[0] == 172 && (a[1] & 0xF0) == 16) return false;
  return !(a[0] == 192 && a[1] == 168);
}

size_t Ipv4(const Candidate& c, bool only_public) {
  std::array<uint8_t, 4> address{};
  const std::string_view written = c.match().substr(0, c.match().find('/'));
  if (!ParseIpv4(written, &address) || IsVersion(c)) return 0;
  const bool no_host = address[0] == 0 || address == std::array<uint8_t, 4>{255, 255, 255, 255};
  if (no_host || (only_public && !IsPublic(address))) return 0;
  return c.match().size();
}

size_t Ipv6(const Candidate& c, bool only_public) {
  const std::string match(c.match().substr(0, c.match().find_first_of("%/")));
  const char before = c.begin == 0 ? '\0' : c.text[c.begin - 1];
  if (before == ':' || before == '.' ||
      (match[0] == ':' &&
       (IsLetter(before) || IsDigit(before) || before == '_' || before == '>' || before == ')')))
    return 0;
  std::array<uint8_t, 16> a{};
  if (inet_pton(AF_INET6, match.c_str(), a.data()) != 1) return 0;
  // "add::dead" is C++ as often as an address: ask for three written groups and a digit, or for a
  // first group of the ranges that are in use (RFC 4291: global unicast, link-local).
  if (match == "::1") return only_public ? 0 : c.match().size();
  const auto colons = std::count(match.begin(), match.end(), ':');
  const bool in_use = (a[0] & 0xE0) == 0x20 || (a[0] == 0xFE && (a[1] & 0xC0) == 0x80);
  if ((colons < 3 && !in_use) || std::none_of(match.begin(), match.end(), IsDigit)) return 0;
  if (colons < 3 && match.find(':') < 4) return 0;
  // fc00::/7 and loopback say nothing about a person; a link-local address names a device.
  if (only_public && ((a[0] & 0xFE) == 0xFC || a[0] == 0xFF)) return 0;
  static constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (only_public && std::equal(kMapped.begin(), kMapped.end(), a.begin()) &&
      !IsPublic({a[12], a[13], a[14], a[15]})) {
    return 0;
  }
  return c.match().size();
}

}  // namespace

size_t AnyIpv4(const Candidate& c) {
  return Ipv4(c, false);
}
size_t PublicIpv4(const Candidate& c) {
  return Ipv4(c, true);
}
size_t AnyIpv6(const Candidate& c) {
  return Ipv6(c, false);
}
size_t PublicIpv6(const Candidate& c) {
  return Ipv6(c, true);
}

}  // namespace kt::policies
