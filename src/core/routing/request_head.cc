#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.h"
#include "core/routing/target.h"

namespace kt::routing {
namespace {

constexpr std::string_view kUserAgent = "keeptrusts-gateway";

// Set by the builder alone: a configured or passed header of such a name would contradict it, or
// break the framing.
constexpr std::array<std::string_view, 13> kReserved = {
    "host",       "content-length", "content-type",       "accept", "accept-encoding",
    "connection", "keep-alive",     "transfer-encoding",  "te",     "trailer",
    "upgrade",    "expect",         "proxy-authorization"};

// RFC 9110, 5.6.2.
constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "!#$%&'*+-.^_`|~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool IsTokenByte(char c) {
  return kTokenBytes[static_cast<unsigned char>(c)];
}

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsTokenByte);
}

bool IsHeaderValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool IsReserved(std::string_view name) {
  return std::any_of(kReserved.begin(), kReserved.end(),
                     [&](std::string_view reserved) { return EqualsIgnoreCase(name, reserved); });
}

class HeadWriter {
 public:
  HeadWriter() {
    head_.reserve(kUsualBytes);
    names_.reserve(kUsualNames);
  }
  void Line(std::string_view line) { (head_ += line) += "\r\n"; }

  // Each name once: the first writer wins, so that nothing passed on can displace the key.
  void Add(std::string_view name, std::string_view value) {
    if (!IsHeaderName(name) || !IsHeaderValue(value)) return;
    const bool known = std::any_of(names_.begin(), names_.end(), [&](const Name& other) {
      return other.size == name.size() &&
             EqualsIgnoreCase(std::string_view(head_).substr(other.begin, other.size), name);
    });
    if (known) return;
    names_.push_back({head_.size(), name.size()});
    ((head_ += name) += ": ") += value;
    head_ += "\r\n";
  }
  void AddForeign(std::string_view name, std::string_view value) {
    if (!IsReserved(name)) Add(name, value);
  }
  std::string Finish() && {
    head_ += "\r\n";
    return std::move(head_);
  }

 private:
  static constexpr size_t kUsualBytes = 768, kUsualNames = 16;
  struct Name {  // in head_
    size_t begin, size;
  };
  std::string head_;
  std::vector<Name> names_;
};

std::string HostHeader(const config::Url& url) {
  const bool ipv6 = url.host.find(':') != std::string::npos;
  std::string host = ipv6 ? "[" + url.host + "]" : url.host;
  if (url.port != (url.tls ? 443 : 80)) host += ":" + std::to_string(url.port);
  return host;
}

constexpr std::array<bool, 256> kPathBytes = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "-._~!$&'()*+,;=:@/")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

// Percent-encodes what may not stand in a request line. '%' too: nginx hands in decoded paths.
std::string EscapePath(std::string_view path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(path.size());
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (kPathBytes[byte]) {
      out.push_back(c);
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string RequestLine(const Target& target, const RequestShape& shape) {
  std::string line = IsHeaderName(shape.method) ? std::string(shape.method) : "POST";
  line += " " + EscapePath(target.config->base_url.path);
  if (!shape.raw_path.empty()) return line + std::string(shape.raw_path) + " HTTP/1.1";
  std::string_view path = shape.path;
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  return line + "/" + EscapePath(path) + " HTTP/1.1";
}

}  // namespace

std::string BuildRequestHead(const Target& target, const RequestShape& shape,
                             const std::vector<Header>& passed) {
  const config::Target& config = *target.config;
  HeadWriter head;
  head.Line(RequestLine(target, shape));
  head.Add("Host", HostHeader(config.base_url));
  if (!shape.content_type.empty()) head.Add("Content-Type", shape.content_type);
  const bool bare = shape.last_on_connection && shape.content_length == 0;
  if (!bare) head.Add("Content-Length", std::to_string(shape.content_length));
  head.Add("Accept", shape.stream ? "text/event-stream" : "application/json");
  head.Add("Accept-Encoding", "identity");
  head.Add("Connection", shape.last_on_connection ? "close" : "keep-alive");
  if (!target.key.empty())
    head.AddForeign(config.api_key_header, config.api_key_prefix + target.key);
  for (const auto& [name, value] : config.headers) head.AddForeign(name, value);
  for (const Header& header : passed) head.AddForeign(header.name, header.value);
  head.Add("User-Agent", kUserAgent);
  return std::move(head).Finish();
}

namespace {

std::string BuildOrdinaryHead(const Target& target, openai::Endpoint endpoint,
                              size_t content_length, bool stream,
                              const std::vector<Header>& passed) {
  RequestShape shape;
  shape.path = openai::EndpointPath(endpoint);
  shape.content_length = content_length;
  shape.stream = stream;
  return BuildRequestHead(target, shape, passed);
}

size_t IndexOfHead(openai::Endpoint endpoint, bool stream) noexcept {
  return 2 * static_cast<size_t>(endpoint) + (stream ? 1 : 0);
}

}  // namespace

std::string BuildRequestHead(const Target& target, openai::Endpoint endpoint, size_t content_length,
                             bool stream, const std::vector<Header>& passed) {
  const size_t index = IndexOfHead(endpoint, stream);
  // What is passed on must not repeat what is there.
  if (!passed.empty() || index >= target.heads.size()) {
    return BuildOrdinaryHead(target, endpoint, content_length, stream, passed);
  }
  const PreparedHead& head = target.heads[index];
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, content_length).ptr;
  std::string out;
  out.reserve(head.before.size() + sizeof digits + head.behind.size());
  out.append(head.before).append(digits, static_cast<size_t>(end - digits)).append(head.behind);
  return out;
}

void PrepareHeads(Target* target) {
  constexpr std::string_view kLength = "\r\nContent-Length: 0\r\n";
  constexpr size_t kEndpoints = static_cast<size_t>(openai::Endpoint::kModels) + 1;
  target->heads.assign(2 * kEndpoints, {});
  for (size_t i = 0; i < kEndpoints; ++i) {
    const auto endpoint = static_cast<openai::Endpoint>(i);
    for (const bool stream : {false, true}) {
      const std::string head = BuildOrdinaryHead(*target, endpoint, 0, stream, {});
      const size_t at = head.find(kLength) + kLength.size() - 3;  // of the digit
      target->heads[IndexOfHead(endpoint, stream)] = {head.substr(0, at), head.substr(at + 1)};
    }
  }
}

}  // namespace kt::routing
