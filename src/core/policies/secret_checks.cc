#include "core/policies/secret_checks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/text.h"

namespace kt::policies {
namespace {

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool IsLower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool IsUpper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}

struct Shape {
  size_t digits = 0, lower = 0, upper = 0, other = 0;
  size_t changes = 0;  // of class from one letter or digit to the next
  size_t run = 0;      // longest run of one character
  bool hex = true;     // nothing but hexadecimal digits and dashes
  double entropy = 0;  // bits a character
};

Shape ShapeOf(std::string_view value) {
  Shape shape;
  std::array<unsigned, 256> counts{};
  int last = -1;
  size_t run = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    ++counts[static_cast<unsigned char>(c)];
    run = i > 0 && value[i - 1] == c ? run + 1 : 1;
    shape.run = std::max(shape.run, run);
    const int kind = IsDigit(c) ? 0 : IsLower(c) ? 1 : IsUpper(c) ? 2 : 3;
    if (kind == 0) ++shape.digits;
    if (kind == 1) ++shape.lower;
    if (kind == 2) ++shape.upper;
    if (kind == 3) ++shape.other;
    const char folded = static_cast<char>(c | 0x20);
    shape.hex = shape.hex && (kind == 0 || c == '-' || (folded >= 'a' && folded <= 'f'));
    if (kind != 3) {
      // "Token" begins with a capital as words do: no change.
      const bool word = last == 2 && kind == 1;
      if (last >= 0 && kind != last && !word) ++shape.changes;
      last = kind;
    }
  }
  for (const unsigned count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(value.size());
    shape.entropy -= share * std::log2(share);
  }
  return shape;
}

// The name that the value is assigned to: what stands before "=", ":" and quotes.
std::string NameBefore(const detect::Candidate& c) {
  std::string_view before = c.before(64);
  const auto is_name = [](char ch) {
    return IsDigit(ch) || IsLower(ch) || IsUpper(ch) || ch == '_' || ch == '-' || ch == '.';
  };
  while (!before.empty() && !is_name(before.back())) before.remove_suffix(1);
  size_t begin = before.size();
  while (begin > 0 && is_name(before[begin - 1])) --begin;
  std::string name = ToLower(before.substr(begin));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool HasAny(std::string_view text, const std::vector<std::string_view>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != text.npos; });
}

bool IsUuid(std::string_view v) noexcept {
  return v.size() == 36 && v[8] == '-' && v[13] == '-' && v[18] == '-' && v[23] == '-';
}

// "sha512-…", "v2.13.0", "images/a1b2.png", "self.api_key2": says itself that it is no secret.
bool IsReference(std::string_view value) {
  static const std::vector<std::string_view> kBegins = {
      "sha1-", "sha256", "sha384",   "sha512",  "http", "www.", "self.",
      "this.", "os.",    "process.", "config.", "env.", "/",    "./",
      "data",  "models", "user_",    "npm:",    "file:"};
  static const std::vector<std::string_view> kEnds = {
      ".png",  ".jpg", ".gif", ".js",  ".ts", ".py",  ".css", ".html", ".json",
      ".yaml", ".yml", ".svg", ".txt", ".md", ".com", ".org", ".pem"};
  const auto begins = [&](std::string_view part) { return value.starts_with(part); };
  const auto ends = [&](std::string_view part) { return value.ends_with(part); };
  return std::any_of(kBegins.begin(), kBegins.end(), begins) ||
         std::any_of(kEnds.begin(), kEnds.end(), ends);
}

bool NamesSecret(std::string_view name) {
  static const std::vector<std::string_view> kParts = {
      "api",  "secret", "token",   "auth",  "passw",  "pwd",     "cred",  "access",
      "sign", "privat", "encrypt", "licen", "client", "webhook", "master"};
  return HasAny(name, kParts);
}

bool NamesNoSecret(std::string_view name) {
  static const std::vector<std::string_view> kParts = {
      "public",      "primary_key", "foreign_key", "cache",  "idempotency", "partition",
      "sort_key",    "keyword",     "keyboard",    "author", "tokenize",    "token_type",
      "token_count", "tokens",      "key_id",      "keyid",  "hash",        "checksum",
      "digest",      "fingerprint", "integrity",   "file",   "path",        "url",
      "uri",         "commit",      "version",     "etag"};
  return HasAny(name, kParts);
}

// A full stop behind the value ends the sentence.
std::string_view Trimmed(std::string_view value) noexcept {
  while (!value.empty() && (value.back() == '.' || value.back() == '-' || value.back() == '~')) {
    value.remove_suffix(1);
  }
  return value;
}

}  // namespace

bool IsPlaceholder(std::string_view value) {
  static const std::vector<std::string_view> kParts = {
      "xxxx",   "your",   "example",  "changeme",    "change_me",  "placeholder", "redacted",
      "dummy",  "insert", "<",        "${",          "{{",         "$(",          "%(",
      "****",   "....",   "####",     "secret_here", "key_here",   "token_here",  "replace",
      "sample", "foobar", "abcdef",   "process.env", "os.environ", "getenv",      "todo",
      "none",   "null",   "undefined"};
  const std::string lower = ToLower(value);
  if (lower.find("1234567890") != std::string::npos && value.size() < 24) return true;
  return HasAny(lower, kParts);
}

size_t GeneratedSecret(const detect::Candidate& c) {
  const std::string_view value = c.match();
  const Shape shape = ShapeOf(value);
  const bool mixed = shape.digits > 0 && shape.lower + shape.upper > 0;
  const bool filler = shape.run >= 8 || HasAny(ToLower(value), {"xxxxxx", "exampleexample"});
  return mixed && shape.entropy >= 3.0 && !filler ? value.size() : 0;
}

size_t AssignedSecret(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const Shape shape = ShapeOf(value);
  if (value.size() < 12 || shape.digits < 2 || shape.lower + shape.upper < 2 || shape.entropy < 2.8)
    return 0;
  if (shape.changes < 3 || shape.run >= 6 || shape.other * 4 > value.size()) return 0;
  if (IsPlaceholder(value) || IsReference(value)) return 0;
  // "base64.urlsafe_b64decode"
  if (value.find('.') != value.npos && shape.digits * 5 < value.size()) return 0;
  const std::string name = NameBefore(c);
  // "key: <uuid>", "cache_key = <hash>": data has keys, too.
  if (shape.hex && !NamesSecret(name)) return 0;
  return NamesNoSecret(name) ? 0 : value.size();
}

size_t AssignedPassword(const detect::Candidate& c) {
  const std::string_view value = c.match();
  const Shape shape = ShapeOf(value);
  const size_t kinds =
      (shape.digits > 0) + (shape.lower > 0) + (shape.upper > 0) + (shape.other > 0);
  if (kinds < 2 || shape.run >= 5 || shape.entropy < 2.2 || IsPlaceholder(value)) return 0;
  if (shape.digits == 0 && (shape.other == 0 || shape.upper == 0)) return 0;
  if (value.find('(') != value.npos || value.find('[') != value.npos ||
      value.find("->") != value.npos)
    return 0;
  return IsReference(value) || NamesNoSecret(NameBefore(c)) ? 0 : value.size();
}

size_t VendorSecret(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const Shape shape = ShapeOf(value);
  if (IsPlaceholder(value) || IsReference(value) || shape.run >= 6 || shape.entropy < 2.6) return 0;
  const bool id = shape.digits == value.size() && value.size() >= 17;
  const bool mixed = shape.digits >= 2 && shape.lower + shape.upper >= 2 && shape.changes >= 3;
  return value.size() >= 14 && (id || mixed) ? value.size() : 0;
}

size_t AssignedToken(const detect::Candidate& c) {
  static const std::vector<std::string_view> kEnds = {
      "id",      "ids",     "sha",   "md5",      "rev",    "nonce", "cursor", "image",
      "content", "src",     "href",  "name",     "ref",    "data",  "state",  "trace",
      "span",    "build",   "class", "color",    "date",   "time",  "video",  "list",
      "node",    "session", "link",  "boundary", "base64", "code",  "text",   "value",
      "title",   "message", "line",  "package",  "model",  "label", "wallet", "address"};
  const std::string_view value = Trimmed(c.match());
  const Shape shape = ShapeOf(value);
  if (shape.hex || IsUuid(value) || value.size() < 20 || value.find('.') != value.npos) return 0;
  if (shape.changes * 4 < value.size() || shape.digits * 8 < value.size()) return 0;
  const std::string name = NameBefore(c);
  if (name.size() < 3) return 0;  // go.sum's "h1:"
  for (const std::string_view end : kEnds) {
    if (name.ends_with(end)) return 0;
  }
  return AssignedSecret(c);
}

}  // namespace kt::policies
