#include "core/policies/secret_names.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/base/ascii.h"
#include "core/base/text.h"
#include "core/policies/word_lists.h"

namespace kt::policies {

bool IsInResourceName(const detect::Candidate& c) noexcept {
  const std::string_view before = c.before(128);
  const size_t begin = before.find_last_of(" \t\n\"'`=,;()[]<>") + 1;  // npos: 0
  return before.substr(begin).starts_with("arn:");
}

namespace {

constexpr std::array<bool, 256> kOfNames = [] {
  std::array<bool, 256> of{};
  for (size_t c = 0; c < 0x80; ++c) of[c] = IsAlnum(static_cast<char>(c));
  of['_'] = of['-'] = of['.'] = true;
  return of;
}();

}  // namespace

std::string NameBefore(const detect::Candidate& c) {
  std::string_view before = c.before(64);
  const auto is_name = [](char ch) { return kOfNames[static_cast<unsigned char>(ch)]; };
  const auto last_name = [&] {
    while (!before.empty() && !is_name(before.back())) before.remove_suffix(1);
    size_t begin = before.size();
    while (begin > 0 && is_name(before[begin - 1])) --begin;
    const std::string_view name = before.substr(begin);
    before = before.substr(0, begin);
    return name;
  };
  std::string_view written = last_name();
  // "name: API_KEY, value: …", "the api key is …"
  static constexpr std::string_view kBetween[] = {"value", "is",     "to",     "lautet",
                                                  "str",   "string", "String", "default"};
  const bool between =
      std::find(std::begin(kBetween), std::end(kBetween), written) != std::end(kBetween);
  if (between && !before.empty()) written = last_name();
  std::string name;
  name.reserve(written.size() + 4);
  char previous = '\0';
  for (const char ch : written) {
    if (IsUpper(ch) && IsLower(previous)) name += '_';
    name += ch == '-' ? '_' : AsciiLower(ch);
    previous = ch;
  }
  return name;
}

bool NamesSecret(std::string_view name) {
  static const Parts kParts = {"api",     "secret", "token",  "auth",    "passw",
                               "pwd",     "cred",   "access", "sign",    "privat",
                               "encrypt", "licen",  "client", "webhook", "master"};
  return kParts.In(name);
}

bool NamesNoSecret(std::string_view name) {
  static const Parts kParts = {
      "public",       "primary_key", "foreign_key", "cache",     "idempotency", "partition",
      "sort_key",     "keyword",     "keyboard",    "author",    "tokenize",    "token_type",
      "token_count",  "tokens",      "key_id",      "keyid",     "hash",        "checksum",
      "digest",       "fingerprint", "integrity",   "file",      "path",        "url",
      "uri",          "commit",      "version",     "etag",      "page_token",  "pagetoken",
      "next_token",   "nexttoken",   "continu",     "cursor",    "release",     "revision",
      "sync_token",   "build_id",    "object_key",  "sha1",      "sha256",      "sha384",
      "sha512",       "site_key",    "sitekey",     "challenge", "fbclid",      "gclid",
      "verification", "dkim",        "amz_id"};
  return kParts.In(name);
}

bool NamesData(std::string_view name) {
  static const WordSet kEnds = {
      "id",     "ids",    "sha",     "md5",   "rev",     "nonce", "cursor",   "image",   "content",
      "src",    "href",   "name",    "ref",   "data",    "state", "trace",    "span",    "build",
      "class",  "color",  "date",    "time",  "video",   "list",  "node",     "link",    "boundary",
      "base64", "code",   "text",    "value", "title",   "line",  "package",  "message", "model",
      "label",  "wallet", "address", "next",  "prev",    "after", "before",   "slug",    "tag",
      "type",   "uid",    "uuid",    "guid",  "userid",  "index", "selector", "font",    "ray",
      "branch", "target", "body",    "blob",  "payload", "salt",  "b64",      "bytes",   "accept"};
  size_t begin = name.size();
  while (begin > 0 && name[begin - 1] != '_' && name[begin - 1] != '.') --begin;
  return kEnds.Have(name.substr(begin));
}

bool NamesPrivateKey(std::string_view before) {
  static const Parts kParts = {"private_key", "private key", "privatekey", "private-key", "secret"};
  return kParts.In(before);
}

bool HasSecretPart(std::string_view prefix) {
  static const Parts kParts = {"live", "test", "prod", "sandbox", "secret", "token",
                               "key",  "api",  "pat",  "auth",    "access", "cred",
                               "sk_",  "sk-",  "rk_",  "priv"};
  if (kParts.In(prefix)) return true;
  // "dop_v1_"
  return prefix.size() <= 8 && prefix.find("_v") != prefix.npos;
}

bool NamesKey(std::string_view prefix) {
  static const Parts kParts = {"secret", "token",   "access", "sandbox",
                               "live",   "api_key", "apikey", "sk_"};
  return kParts.In(prefix);
}

namespace {

// The end of what stands before the value and its quotes.
std::string_view BeforeQuotes(const detect::Candidate& c, size_t bytes) noexcept {
  std::string_view before = c.before(bytes);
  while (!before.empty() && std::string_view(" \t'\"`\\").find(before.back()) != before.npos) {
    before.remove_suffix(1);
  }
  return before;
}

bool EndsInWord(std::string_view text, std::string_view word) noexcept {
  return text.size() > word.size() && text.ends_with(word) &&
         !IsLetter(text[text.size() - word.size() - 1]);
}

bool IsShortForPassword(std::string_view name) noexcept {
  return name.ends_with("pass");
}

}  // namespace

bool IsSaid(const detect::Candidate& c) noexcept {
  const std::string_view before = BeforeQuotes(c, 8);
  if (before.ends_with('|')) return !before.ends_with("||");
  return EndsInWord(before, "is") || EndsInWord(before, "to") || EndsInWord(before, "lautet");
}

bool IsApart(const detect::Candidate& c) noexcept {
  if (c.before(1) != " " && c.before(1) != "\t") return false;
  std::string_view before = c.before(64);
  while (!before.empty() && std::string_view(" \t\r\n\\").find(before.back()) != before.npos) {
    before.remove_suffix(1);
  }
  if (before.empty() || !IsAlnum(before.back())) return false;
  // "--api-key …": an option, and its value.
  return before[before.find_last_of(" \t\n") + 1] != '-';  // npos: 0
}

bool IsCalledData(const detect::Candidate& c) {
  const std::string_view before = BeforeQuotes(c, 8);
  if (before.empty() || (before.back() != '=' && before.back() != ':')) return false;
  const std::string name = NameBefore(c);
  return NamesNoSecret(name) || NamesData(name);
}

Said HowSaid(const detect::Candidate& c) {
  std::string_view before = BeforeQuotes(c, 24);
  const bool quoted = c.before(1) == "\"" || c.before(1) == "'" || c.before(1) == "`";
  // "password is\n…"
  while (before.ends_with('\n') || before.ends_with('\r') || before.ends_with(' ')) {
    before.remove_suffix(1);
  }
  if (before.empty() || before.back() == ',' || before.back() == '-') return Said::kPerhaps;
  if (before.back() == '|' && !before.ends_with("||")) return Said::kPerhaps;
  if (!IsAlnum(before.back())) {
    before.remove_suffix(1);
    while (!before.empty() && !IsAlnum(before.back())) before.remove_suffix(1);
    if (!before.empty() && IsDigit(before.back())) before.remove_suffix(1);
    return IsShortForPassword(ToLower(before)) ? Said::kPerhaps : Said::kAssigned;
  }
  // English, German, French, Spanish, Portuguese, Swedish, Polish, Vietnamese, Romanian
  static constexpr std::string_view kIs[] = {"is",     "was", "be",  "now",  "ist", "war",
                                             "lautet", "est", "era", "jest", "ar",  "la",
                                             "este",   "es",  "je",  "ware", "s"};
  const auto ends = [&](std::string_view word) { return EndsInWord(before, word); };
  if (std::any_of(std::begin(kIs), std::end(kIs), ends)) return Said::kAssigned;
  if (IsShortForPassword(ToLower(before))) return Said::kNotAtAll;
  // "to pass on …", "pass to …"
  while (!before.empty() && IsAlnum(before.back())) before.remove_suffix(1);
  while (before.ends_with(' ')) before.remove_suffix(1);
  if (IsShortForPassword(ToLower(before))) return Said::kNotAtAll;
  return quoted ? Said::kAssigned : Said::kInPassing;
}

}  // namespace kt::policies
