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

// "typing.Optional", "self.client.password"
bool IsDottedName(std::string_view value) noexcept {
  bool begins = true, dotted = false;
  for (const char c : value) {
    const bool letter = IsLower(c) || IsUpper(c) || c == '_';
    if (begins ? !letter : !letter && c != '.') return false;
    begins = c == '.';
    dotted = dotted || begins;
  }
  return dotted;
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

// Random text of letters and digits is taken for a secret from these lengths on: with a name or an
// operator before it, and by its own look. Ids of objects ("call_…", "msg_…") have up to 29.
constexpr size_t kShortRandom = 14, kLongRandom = 30;
constexpr size_t kMaxPrefixBytes = 28;

bool IsAlnum(char c) noexcept {
  return IsDigit(c) || IsLower(c) || IsUpper(c);
}
bool IsVowel(char c) noexcept {
  return std::string_view("aeiouy").find(static_cast<char>(c | 0x20)) != std::string_view::npos;
}

std::string_view LongestRun(std::string_view value) noexcept {
  std::string_view longest = value.substr(0, 0);
  for (size_t i = 0; i < value.size();) {
    size_t end = i;
    while (end < value.size() && IsAlnum(value[end])) ++end;
    if (end - i > longest.size()) longest = value.substr(i, end - i);
    i = end + 1;
  }
  return longest;
}

struct Letters {
  size_t in_words = 0;  // in runs that could be words: five and more, with vowels as language has
  size_t clusters = 0;  // of five consonants and more, as no language has
};

Letters LettersOf(std::string_view text) noexcept {
  Letters letters;
  for (size_t i = 0; i < text.size();) {
    size_t end = i, vowels = 0, consonants = 0, cluster = 0;
    for (; end < text.size() && !IsDigit(text[end]); ++end) {
      // The next word of a camel.
      if (end > i && IsUpper(text[end]) && IsLower(text[end - 1])) break;
      consonants = IsVowel(text[end]) ? 0 : consonants + 1;
      cluster = std::max(cluster, consonants);
      vowels += IsVowel(text[end]);
    }
    const size_t size = end - i;
    if (size >= 5 && vowels * 4 >= size && cluster < 4) letters.in_words += size;
    letters.clusters += cluster >= 5;
    i = std::max(end, i + 1);
  }
  return letters;
}

// Is the longest run of letters and digits as mixed as only a generator makes it?
bool IsRandom(std::string_view value, size_t min_bytes) {
  std::string_view run = LongestRun(value);
  // Zeros in base64, in front of a number.
  const size_t padding = std::min(run.find_first_not_of(run.substr(0, 1)), run.size());
  if (padding >= 6) run.remove_prefix(padding);
  const Shape shape = ShapeOf(run);
  const size_t n = run.size();
  if (n < min_bytes || shape.hex || shape.run >= 6 || n * 2 < value.size()) return false;
  if (shape.digits < 2 || shape.digits * 10 < n || shape.lower + shape.upper < 4) return false;
  if (shape.entropy < (n < 20 ? 3.0 : 3.3)) return false;
  const Letters letters = LettersOf(run);
  const size_t breaks = shape.changes + 2 * letters.clusters;
  return breaks >= 4 && breaks * 5 >= n && letters.in_words * 2 < n;
}

// "sk_live_", "acme_pat_", "xkeysib-": a part of the prefix says that it is a key.
bool HasSecretPart(std::string_view prefix) {
  static const std::vector<std::string_view> kParts = {
      "live", "test", "prod",   "sandbox", "secret", "token", "key", "api",
      "pat",  "auth", "access", "cred",    "sk_",    "sk-",   "rk_", "priv"};
  if (HasAny(prefix, kParts)) return true;
  // "dop_v1_"
  return prefix.size() <= 8 && prefix.find("_v") != prefix.npos;
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
      "xxxx",   "your",   "example",   "changeme",    "change_me",  "placeholder", "redacted",
      "dummy",  "insert", "<",         "${",          "{{",         "$(",          "%(",
      "****",   "....",   "####",      "secret_here", "key_here",   "token_here",  "replace",
      "sample", "foobar", "abcdef",    "process.env", "os.environ", "getenv",      "todo",
      "none",   "null",   "undefined", "1234-1234",   "0000-0000"};
  const std::string lower = ToLower(value);
  if (lower.find("1234567890") != std::string::npos && value.size() < 24) return true;
  return HasAny(lower, kParts);
}

size_t GeneratedSecret(const detect::Candidate& c) {
  const std::string_view value = c.match();
  const Shape shape = ShapeOf(value);
  // "xoxp-123-456-": numbers behind the prefix.
  const size_t prefix = std::min(value.find_first_of("-_."), size_t{12});
  const Shape body = prefix < value.size() ? ShapeOf(value.substr(prefix)) : shape;
  const bool mixed = shape.digits > 0 && body.lower + body.upper > 0;
  // "cache-key-<hash>": a piece of a longer name.
  const std::string_view before = c.before(2);
  const bool piece =
      before.size() == 2 && IsAlnum(before[0]) && (before[1] == '-' || before[1] == '_');
  if (piece && ShapeOf(LongestRun(value)).hex) return 0;
  const std::vector<std::string_view> fillers = {"xxxxxx", "exampleexample", "1234-1234",
                                                 "0000-0000"};
  const bool filler = shape.run >= 8 || HasAny(ToLower(value), fillers);
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
  const bool dotted = value.find('.') != value.npos && !IsRandom(value, kShortRandom);
  const bool words =
      shape.digits * 5 < value.size() || LettersOf(value).in_words * 3 >= value.size();
  if (dotted && words) return 0;
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
  if (HasAny(value, {"(", "[", "->", "::"}) || IsDottedName(value)) return 0;
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
      "id",      "ids",     "sha",      "md5",    "rev",   "nonce",  "cursor", "image",
      "content", "src",     "href",     "name",   "ref",   "data",   "state",  "trace",
      "span",    "build",   "class",    "color",  "date",  "time",   "video",  "list",
      "node",    "link",    "boundary", "base64", "code",  "text",   "value",  "title",
      "line",    "package", "message",  "model",  "label", "wallet", "address"};
  const std::string_view value = Trimmed(c.match());
  if (IsUuid(value) || !IsRandom(value, kShortRandom)) return 0;
  if (IsPlaceholder(value) || IsReference(value)) return 0;
  const std::string name = NameBefore(c);
  if (name.size() < 3 || NamesNoSecret(name)) return 0;  // "h1:" of go.sum
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  return std::any_of(kEnds.begin(), kEnds.end(), ends) ? 0 : value.size();
}

size_t PrefixedToken(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const char before = c.begin > 0 ? c.text[c.begin - 1] : ' ';
  // A piece of a path, a domain or a longer name.
  if (before == '/' || before == '.' || before == '_' || before == '-' || before == '@') return 0;
  const std::string_view body = LongestRun(value);
  const auto at = static_cast<size_t>(body.data() - value.data());
  if (at == 0 || at > kMaxPrefixBytes) return 0;
  const std::string prefix = ToLower(value.substr(0, at));
  if (IsPlaceholder(value) || IsReference(value) || NamesNoSecret(prefix)) return 0;
  const bool named = HasSecretPart(prefix);
  const Shape shape = ShapeOf(body);
  if (shape.hex) return named && body.size() >= 32 && shape.entropy >= 3 ? value.size() : 0;
  return IsRandom(body, named ? kShortRandom : kLongRandom) ? value.size() : 0;
}

size_t BareToken(const detect::Candidate& c) {
  const std::string_view value = c.match(), before = c.before(24);
  const Shape shape = ShapeOf(value);
  // 64 and 76: a line of base64.
  if (shape.other > 0 || value.size() == 64 || value.size() == 76) return 0;
  if (shape.digits < 3 || shape.lower < 3 || shape.upper < 3) return 0;
  if (!before.empty()) {
    static constexpr std::string_view kBefore = " \t\n\"'`(=";
    if (kBefore.find(before.back()) == kBefore.npos) return 0;
    // The next line of something longer.
    if (before.back() == '\n' && LongestRun(before).size() >= 16) return 0;
  }
  if (IsPlaceholder(value) || !IsRandom(value, 40)) return 0;
  return NamesNoSecret(NameBefore(c)) ? 0 : value.size();
}

}  // namespace kt::policies
