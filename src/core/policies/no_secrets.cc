#include "core/policies/no_secrets.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/policies/random_text.h"
#include "core/policies/secret_names.h"
#include "core/policies/word_lists.h"

namespace kt::policies {
namespace {

bool IsUuid(std::string_view v) noexcept {
  return v.size() == kUuidBytes && v[8] == '-' && v[13] == '-' && v[18] == '-' && v[23] == '-';
}

}  // namespace

bool BeginsAsReference(std::string_view value) noexcept {
  static const WordSet kBegins = {
      "sha1-",  "sha256",   "sha384",   "sha512",    "http",  "www.",     "self.",
      "this.",  "os.",      "process.", "config.",   "env.",  "/",        "./",
      "data",   "models",   "user_",    "npm:",      "file:", "var.",     "vars.",
      "local.", "module.",  "secrets.", "settings.", "req.",  "request.", "params.",
      "args.",  "options.", "props.",   "GHSA-",     "acct_", "price_",   "@Microsoft."};
  return kBegins.Begin(value);
}

// "sha512-…", "images/a1b2.png", "self.api_key2": says itself that it is no secret.
bool IsReference(std::string_view value) {
  static const WordSet kEnds = {".png",  ".jpg",  ".gif",  ".js",      ".ts",  ".py",  ".css",
                                ".html", ".json", ".yaml", ".yml",     ".svg", ".txt", ".md",
                                ".com",  ".org",  ".pem",  ".parquet", ".csv", ".gz",  ".zip"};
  constexpr size_t kLongestEnd = 8;
  if (BeginsAsReference(value)) return true;
  const std::string_view last = value.substr(value.size() - std::min(value.size(), kLongestEnd));
  const size_t dot = last.rfind('.');
  return dot != last.npos && kEnds.Have(last.substr(dot));
}

// "0xd4c893e9bb37465dULL": a number.
bool IsHexNumber(std::string_view value) noexcept {
  if (value.size() < 3 || value[0] != '0' || (value[1] | 0x20) != 'x') return false;
  const size_t end = value.find_first_not_of("0123456789abcdefABCDEF", 2);
  return value.find_first_not_of("uUlLzZ", std::min(end, value.size())) == value.npos;
}

// Base64 of a picture, a font, a certificate, a public SSH key.
bool IsEncodedFile(std::string_view value) noexcept {
  static const WordSet kBegins = {"iVBORw0KGgo", "R0lGOD",      "/9j/",     "UklGR",  "d09GM",
                                  "AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2Vj", "MII",    "PHN2Zy",
                                  "JVBERi0",     "H4sIA",       "UEsDB",    "T2dnUw", "AGFzbQE",
                                  "f0VMRg",      "TVqQAA"};
  return kBegins.Begin(value);
}

// "access-sandbox-<uuid>"
bool EndsInUuid(std::string_view value) noexcept {
  if (value.size() <= kUuidBytes) return false;
  const std::string_view last = value.substr(value.size() - kUuidBytes);
  return IsUuid(last) && IsHex(last);
}

// "$DB_PASSWORD", "$db_password2": a variable of a shell, of PHP.
bool IsVariable(std::string_view value) noexcept {
  if (value.size() < 2) return false;
  // "%DB_PASSWORD%", "@@DB_PASSWORD@@", "__DB_PASSWORD__", of Windows and of templates.
  for (const std::string_view sign : {"%", "@@", "@", "__"}) {
    if (value.size() <= 2 * sign.size() || !value.starts_with(sign) || !value.ends_with(sign))
      continue;
    const std::string_view name = value.substr(sign.size(), value.size() - 2 * sign.size());
    const auto constant = [](char ch) { return IsUpper(ch) || IsDigit(ch) || ch == '_'; };
    if (std::all_of(name.begin(), name.end(), constant)) return true;
  }
  if (value[0] != '$') return false;
  value.remove_prefix(1);
  const auto named = [](char ch) { return IsAlnum(ch) || ch == '_'; };
  if (!std::all_of(value.begin(), value.end(), named)) return false;
  const bool lower = std::any_of(value.begin(), value.end(), IsLower);
  const bool upper = std::any_of(value.begin(), value.end(), IsUpper);
  const bool digit = std::any_of(value.begin(), value.end(), IsDigit);
  return value.find('_') != value.npos ? !(lower && upper) : !digit && !(lower && upper);
}

namespace {

// "OPENAI_API_KEY=sk-…", "session=…": a name, and the value behind it, which is found by itself.
bool IsAssignment(std::string_view value) {
  const size_t sign = value.find('=');
  if (sign < 2 || sign + 1 >= value.size() || value[sign + 1] == '=') return false;
  const std::string_view name = value.substr(0, sign);
  size_t digits = 0;
  for (const char c : name) {
    if (IsDigit(c) && ++digits > 1) return false;
  }
  const Letters letters = LettersOf(name);
  return (letters.pairs > 0 && letters.rare_pairs * 4 < letters.pairs) || NamesSecret(name);
}

// Names between full stops, as a program has them: small letters, digits only at their ends.
bool IsNamePath(std::string_view value) noexcept {
  bool begins = true, digits = false;
  for (const char c : value) {
    const bool letter = IsLower(c) || c == '_';
    if (begins && !letter) return false;
    if (!letter && c != '.' && !IsDigit(c)) return false;
    if (IsLower(c) && digits) return false;
    digits = IsDigit(c);
    begins = c == '.';
  }
  return !begins;
}

}  // namespace

// "typing.Optional", "self.client.password", "_PasswordType"; "random_password.db2.result", where
// several names end in digits.
bool IsDottedName(std::string_view value) noexcept {
  if (std::count(value.begin(), value.end(), '.') >= 2 && IsNamePath(value)) return true;
  bool begins = true, dotted = value.find('_') != value.npos;
  for (const char c : value) {
    const bool letter = IsLower(c) || IsUpper(c) || c == '_';
    if (begins ? !letter : !letter && c != '.') return false;
    begins = c == '.';
    dotted = dotted || begins;
  }
  return dotted;
}

// "EVP_PKEY_ED25519", "ChaCha20Poly1305", "crypt-pbkdf1-sha1.c": words with numbers behind them.
bool IsIdentifier(std::string_view value) {
  size_t letters = 0, digits = 0;
  for (size_t i = 0; i < value.size();) {
    const size_t begin = i;
    while (i < value.size() && (IsLower(value[i]) || IsUpper(value[i])) &&
           (i == begin || !IsUpper(value[i]) || !IsLower(value[i - 1]))) {
      ++i;
    }
    const size_t word = i - begin;
    while (i < value.size() && IsDigit(value[i])) ++i;
    // "getKeyV2": a version.
    const bool version =
        (value[begin] | 0x20) == 'v' && i - begin > 1 && begin > 0 && !IsDigit(value[begin - 1]);
    if (word == 1 && !version) return false;
    letters += word;
    digits += i - begin - word;
    if (i == begin) ++i;
  }
  const Letters found = LettersOf(value);
  const bool constant =
      std::none_of(value.begin(), value.end(), IsLower) && value.find('_') != value.npos;
  return digits * 2 < letters + digits && (constant || found.rare_pairs * 6 <= found.pairs);
}

bool IsPlaceholder(std::string_view value) {
  static const Parts kParts = {
      "xxxx",   "your",   "example",   "changeme",    "change_me",  "placeholder", "redacted",
      "dummy",  "insert", "<",         "${",          "{{",         "$(",          "%(",
      "****",   "....",   "####",      "secret_here", "key_here",   "token_here",  "replace",
      "sample", "foobar", "abcdef",    "process.env", "os.environ", "getenv",      "todo",
      "none",   "null",   "undefined", "1234-1234",   "0000-0000"};
  if (value.size() < 24 && value.find("1234567890") != value.npos) return true;
  return kParts.In(value);
}

// "v1.2.3", "1.2.3-0.20210101000000-70aec78da628": semver.org, pseudo-versions of Go.
bool IsVersion(std::string_view value) noexcept {
  if (value.starts_with('v')) value.remove_prefix(1);
  for (int number = 0; number < 3; ++number) {
    size_t digits = 0;
    while (digits < value.size() && IsDigit(value[digits])) {
      if (++digits > 5) return false;
    }
    if (digits == 0) return false;
    value.remove_prefix(digits);
    if (number == 2) break;
    if (!value.starts_with('.')) return false;
    value.remove_prefix(1);
  }
  return value.empty() || value[0] == '-' || value[0] == '+';
}

// A placeholder, a reference, a number, a file: no secret, however random. What its first bytes
// tell comes first.
bool SaysWhatItIs(std::string_view value) {
  return IsReference(value) || IsHexNumber(value) || IsVersion(value) || IsEncodedFile(value) ||
         IsPlaceholder(value) || IsAssignment(value);
}

}  // namespace kt::policies
