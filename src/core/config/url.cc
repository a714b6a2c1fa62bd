#include "core/config/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/text.h"

namespace kt::config {

namespace {

constexpr size_t kMaxUrlBytes = 2048;
constexpr size_t kMaxHostBytes = 253;
constexpr size_t kMaxLabelBytes = 63;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsAlnum(char c) {
  return IsDigit(c) || (AsciiLower(c) >= 'a' && AsciiLower(c) <= 'z');
}

bool IsIpv6(const std::string& host, in6_addr* address) {
  return inet_pton(AF_INET6, host.c_str(), address) == 1;
}
bool IsIpv4(const std::string& host, in_addr* address) {
  return inet_pton(AF_INET, host.c_str(), address) == 1;
}

Status CheckName(std::string_view host) {
  if (host.size() > kMaxHostBytes) return Status::InvalidArgument("the host is too long");
  std::string_view label;
  for (size_t begin = 0; begin <= host.size();) {
    const size_t dot = std::min(host.find('.', begin), host.size());
    label = host.substr(begin, dot - begin);
    if (label.empty() || label.size() > kMaxLabelBytes || label.front() == '-' ||
        label.back() == '-') {
      return Status::InvalidArgument("the host is not a valid name");
    }
    for (const char c : label) {
      if (!IsAlnum(c) && c != '-' && c != '_') {
        return Status::InvalidArgument("the host holds a character that a name may not");
      }
    }
    begin = dot + 1;
  }
  // Resolvers read "127.1" and "0x7f000001" as addresses; what looks like one must be one.
  const bool number = label.find_first_not_of("0123456789") == std::string_view::npos;
  if (number || label.substr(0, 2) == "0x") {
    in_addr address;
    if (!IsIpv4(std::string(host), &address)) {
      return Status::InvalidArgument("the host is not a valid IPv4 address");
    }
  }
  return Status::Ok();
}

Status ParsePort(std::string_view text, uint16_t* port) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end || value == 0 || value > 65535) {
    return Status::InvalidArgument("the port must be from 1 to 65535");
  }
  *port = static_cast<uint16_t>(value);
  return Status::Ok();
}

Status ParseAuthority(std::string_view authority, Url* url) {
  if (authority.find('@') != std::string_view::npos) {
    return Status::InvalidArgument("a URL with credentials; keys are named in secret_key_ref");
  }
  std::string_view host, rest;
  const bool bracketed = !authority.empty() && authority.front() == '[';
  if (bracketed) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return Status::InvalidArgument("the host has no \"]\"");
    host = authority.substr(1, close - 1);
    rest = authority.substr(close + 1);
  } else {
    const size_t colon = std::min(authority.find(':'), authority.size());
    host = authority.substr(0, colon);
    rest = authority.substr(colon);
  }
  if (host.empty()) return Status::InvalidArgument("the host is missing");
  if (!rest.empty()) {
    if (rest.front() != ':') return Status::InvalidArgument("the host is not valid");
    if (Status status = ParsePort(rest.substr(1), &url->port); !status.ok()) return status;
  }
  url->host = ToLower(host);
  in6_addr address;
  if (!bracketed) return CheckName(url->host);
  if (!IsIpv6(url->host, &address)) {
    return Status::InvalidArgument("the host is not a valid IPv6 address");
  }
  return Status::Ok();
}

bool IsPathByte(char c) {
  return IsAlnum(c) || std::strchr("-._~!$&'()*+,;=:@/%", c) != nullptr;
}

Status CheckPath(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (!IsPathByte(path[i])) {
      return Status::InvalidArgument("the path holds a character that a URL may not");
    }
    if (path[i] != '%') continue;
    unsigned value = 0;
    const std::string_view digits = path.substr(i + 1, 2);
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc() || stop != digits.data() + 2 || value < 0x20) {
      return Status::InvalidArgument("the path holds an invalid percent sequence");
    }
  }
  for (size_t begin = 0; begin < path.size();) {
    const size_t slash = std::min(path.find('/', begin + 1), path.size());
    const std::string_view segment = path.substr(begin + 1, slash - begin - 1);
    if (segment.empty() || segment == "." || segment == "..") {
      return Status::InvalidArgument("the path holds an empty or a dot segment");
    }
    begin = slash;
  }
  return Status::Ok();
}

}  // namespace

Result<Url> ParseUrl(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return Status::InvalidArgument("the URL is too long");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F ||
        c == '\\') {
      return Status::InvalidArgument("a URL holds no blanks and only ASCII");
    }
  }
  Url url;
  const size_t scheme_end = text.find("://");
  const std::string_view scheme = text.substr(0, std::min(scheme_end, text.size()));
  if (scheme_end == std::string_view::npos ||
      !(EqualsIgnoreCase(scheme, "https") || EqualsIgnoreCase(scheme, "http"))) {
    return Status::InvalidArgument("the URL must begin with https:// or http://");
  }
  url.tls = EqualsIgnoreCase(scheme, "https");
  url.port = url.tls ? 443 : 80;
  const std::string_view rest = text.substr(scheme_end + 3);
  const size_t path_begin = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view path = rest.substr(path_begin);
  if (Status status = ParseAuthority(rest.substr(0, path_begin), &url); !status.ok()) {
    return status;
  }
  if (path.find_first_of("?#") != std::string_view::npos) {
    return Status::InvalidArgument("a base URL has no query and no fragment");
  }
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (Status status = CheckPath(path); !status.ok()) return status;
  url.path = std::string(path);
  return url;
}

bool IsLoopback(std::string_view host) {
  const std::string name(host);
  in_addr v4;
  if (IsIpv4(name, &v4)) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  if (IsIpv6(name, &v6)) return IN6_IS_ADDR_LOOPBACK(&v6);
  return EqualsIgnoreCase(host, "localhost");
}

std::string UrlText(const Url& url) {
  std::string out = url.tls ? "https://" : "http://";
  const bool v6 = url.host.find(':') != std::string::npos;
  out += v6 ? "[" + url.host + "]" : url.host;
  if (url.port != (url.tls ? 443 : 80)) out += ":" + std::to_string(url.port);
  return out + url.path;
}

}  // namespace kt::config
