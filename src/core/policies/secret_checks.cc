#include "core/policies/secret_checks.h"

#include <algorithm>
#include <bitset>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/text.h"
#include "core/policies/random_text.h"
#include "core/policies/secret_names.h"

namespace kt::policies {
namespace {

constexpr size_t kUuidBytes = 36;
bool IsUuid(std::string_view v) noexcept {
  return v.size() == kUuidBytes && v[8] == '-' && v[13] == '-' && v[18] == '-' && v[23] == '-';
}

// "sha512-…", "v2.13.0", "images/a1b2.png", "self.api_key2": says itself that it is no secret.
bool IsReference(std::string_view value) {
  static const std::vector<std::string_view> kBegins = {
      "sha1-",     "sha256",   "sha384",   "sha512",  "http",  "www.",     "self.",   "this.",
      "os.",       "process.", "config.",  "env.",    "/",     "./",       "data",    "models",
      "user_",     "npm:",     "file:",    "var.",    "vars.", "local.",   "module.", "secrets.",
      "settings.", "req.",     "request.", "params.", "args.", "options.", "props.",  "GHSA-"};
  static const std::vector<std::string_view> kEnds = {
      ".png", ".jpg", ".gif", ".js",  ".ts",  ".py",  ".css",     ".html", ".json", ".yaml", ".yml",
      ".svg", ".txt", ".md",  ".com", ".org", ".pem", ".parquet", ".csv",  ".gz",   ".zip"};
  const auto begins = [&](std::string_view part) { return value.starts_with(part); };
  const auto ends = [&](std::string_view part) { return value.ends_with(part); };
  return std::any_of(kBegins.begin(), kBegins.end(), begins) ||
         std::any_of(kEnds.begin(), kEnds.end(), ends);
}

// "0xd4c893e9bb37465dULL": a number.
bool IsHexNumber(std::string_view value) noexcept {
  if (value.size() < 3 || value[0] != '0' || (value[1] | 0x20) != 'x') return false;
  const size_t end = value.find_first_not_of("0123456789abcdefABCDEF", 2);
  return value.find_first_not_of("uUlLzZ", std::min(end, value.size())) == value.npos;
}

// Base64 of a picture, a font, a certificate, a public SSH key.
bool IsEncodedFile(std::string_view value) noexcept {
  static constexpr std::string_view kBegins[] = {
      "iVBORw0KGgo", "R0lGOD",   "/9j/",    "UklGR",  "d09GM",   "AAAAB3NzaC1",
      "AAAAC3NzaC1", "AAAAE2Vj", "MII",     "PHN2Zy", "JVBERi0", "H4sIA",
      "UEsDB",       "T2dnUw",   "AGFzbQE", "f0VMRg", "TVqQAA"};
  return std::any_of(std::begin(kBegins), std::end(kBegins),
                     [&](std::string_view part) { return value.starts_with(part); });
}

// "access-sandbox-<uuid>"
bool EndsInUuid(std::string_view value) noexcept {
  if (value.size() <= kUuidBytes) return false;
  const std::string_view last = value.substr(value.size() - kUuidBytes);
  return IsUuid(last) && ShapeOf(last).hex;
}

// "$DB_PASSWORD", "$db_password2": a variable of a shell, of PHP.
bool IsVariable(std::string_view value) noexcept {
  if (value.size() < 2 || value[0] != '$') return false;
  value.remove_prefix(1);
  const auto named = [](char ch) { return IsAlnum(ch) || ch == '_'; };
  if (!std::all_of(value.begin(), value.end(), named)) return false;
  const bool lower = std::any_of(value.begin(), value.end(), IsLower);
  const bool upper = std::any_of(value.begin(), value.end(), IsUpper);
  const bool digit = std::any_of(value.begin(), value.end(), IsDigit);
  return value.find('_') != value.npos ? !(lower && upper) : !digit && !(lower && upper);
}

// "OPENAI_API_KEY=sk-…", "session=…": a name, and the value behind it, which is found by itself.
bool IsAssignment(std::string_view value) {
  const size_t sign = value.find('=');
  if (sign < 2 || sign + 1 >= value.size() || value[sign + 1] == '=') return false;
  const std::string_view name = value.substr(0, sign);
  const Letters letters = LettersOf(name);
  const bool words = letters.pairs > 0 && letters.rare_pairs * 4 < letters.pairs;
  return std::count_if(name.begin(), name.end(), IsDigit) <= 1 && (words || NamesSecret(name));
}

// "typing.Optional", "self.client.password", "_PasswordType"
bool IsDottedName(std::string_view value) noexcept {
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

// Random text of letters and digits is taken for a secret from these lengths on: with a name or an
// operator before it, and by its own look. Ids of objects ("call_…", "msg_…") have up to 29.
constexpr size_t kShortRandom = 14, kLongRandom = 30;
constexpr size_t kMaxPrefixBytes = 28;

// A full stop behind the value ends the sentence.
std::string_view Trimmed(std::string_view value) noexcept {
  while (!value.empty() && (value.back() == '.' || value.back() == '-' || value.back() == '~')) {
    value.remove_suffix(1);
  }
  return value;
}

}  // namespace

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

namespace {

// A placeholder, a reference, a number, a file: no secret, however random.
bool SaysWhatItIs(std::string_view value) {
  return IsPlaceholder(value) || IsReference(value) || IsHexNumber(value) || IsEncodedFile(value) ||
         IsAssignment(value);
}

// The middle of longer base64 text: a key's prefix stands there by chance.
bool InBase64(const detect::Candidate& c) {
  std::string_view before = c.before(20);
  if (before.size() < 20 || (before.back() != '+' && before.back() != '/')) return false;
  const Shape shape = ShapeOf(before);
  const auto other = std::count_if(before.begin(), before.end(),
                                   [](char ch) { return !IsAlnum(ch) && ch != '+' && ch != '/'; });
  return other == 0 && shape.digits > 0 && shape.lower > 0 && shape.upper > 0;
}

}  // namespace

size_t GeneratedSecret(const detect::Candidate& c) {
  const std::string_view value = c.match();
  const Shape shape = ShapeOf(value);
  // "xoxp-123-456-": numbers behind the prefix.
  const size_t prefix = std::min(value.find_first_of("-_."), size_t{12});
  const std::string_view body = prefix < value.size() ? value.substr(prefix) : value;
  const bool mixed = shape.digits > 0 && std::any_of(body.begin(), body.end(), IsLetter);
  if (!mixed || shape.entropy < 3.0 || shape.run >= 8 || InBase64(c)) return 0;
  if (shape.hex && (value.size() == 32 || value.size() == 40 || value.size() == 64)) return 0;
  // "cache-key-<hash>": a piece of a longer name.
  const std::string_view before = c.before(2);
  const bool piece =
      before.size() == 2 && IsAlnum(before[0]) && (before[1] == '-' || before[1] == '_');
  if (piece && ShapeOf(LongestRun(value)).hex) return 0;
  static const Parts kFillers = {"xxxxxx", "exampleexample", "1234-1234", "0000-0000"};
  return kFillers.In(value) ? 0 : value.size();
}

// "UqPTeXgvTSgeoiQeNqf7UlZDOjiiMkJN"
bool IsStrange(std::string_view value) {
  const Letters letters = LettersOf(value);
  return LongestRun(value).size() >= 16 && letters.pairs >= 8 &&
         letters.in_words * 4 < value.size() && letters.rare_pairs * 4 >= letters.pairs;
}

size_t AssignedSecret(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const Shape shape = ShapeOf(value);
  if (value.size() < 12 || shape.lower + shape.upper < 2 || shape.entropy < 2.8) return 0;
  // One digit, or none: letters as no words have them.
  if (shape.digits < 2 && !IsStrange(value)) return 0;
  if (shape.changes < 3 || shape.run >= 6 || shape.other * 4 > value.size()) return 0;
  if (value.size() == 66 && IsHexNumber(value) && NamesPrivateKey(c.before(32)))
    return value.size();
  if (SaysWhatItIs(value)) return 0;
  if (IsIdentifier(value)) return 0;
  if (IsInResourceName(c)) return 0;
  if (IsSaid(c) && !IsRandom(value, kShortRandom)) return 0;
  // "base64.urlsafe_b64decode"
  const bool dotted = value.find('.') != value.npos && !IsRandom(value, kShortRandom);
  const bool words =
      shape.digits * 5 < value.size() || LettersOf(value).in_words * 3 >= value.size();
  if (dotted && words) return 0;
  const std::string name = NameBefore(c);
  // "key: <uuid>", "cache_key = <hash>", "key: orders-a883f648", "client_id: <uuid>": data has
  // keys, too.
  const bool certain = NamesSecret(name) && !NamesData(name);
  const bool joined = value.size() < kLongRandom && value.find_first_of("-_/") != value.npos &&
                      !IsRandom(value, kShortRandom);
  if ((shape.hex || joined) && !certain) return 0;
  return NamesNoSecret(name) ? 0 : value.size();
}

namespace {

// More than a word, and nothing that stands for a password.
bool MayBePassword(std::string_view value) {
  const Shape shape = ShapeOf(value);
  const size_t kinds =
      (shape.digits > 0) + (shape.lower > 0) + (shape.upper > 0) + (shape.other > 0);
  if (kinds < 2 || shape.run >= 5 || shape.entropy < 2.2) return false;
  if (shape.digits == 0 && (shape.other == 0 || shape.upper == 0)) return false;
  static const Parts kCode = {"(", "[", "->", "::", "required|", "nullable|", "optional|"};
  return !IsPlaceholder(value) && !IsVariable(value) && !kCode.In(value) && !IsDottedName(value) &&
         !IsReference(value);
}

}  // namespace

size_t AssignedPassword(const detect::Candidate& c) {
  constexpr size_t kLeastBytes = 8;
  std::string_view value = c.match();
  // "password：Abc12345。": what is not ASCII belongs to the sentence.
  const auto foreign = std::find_if(value.begin(), value.end(), [](char ch) { return ch < 0; });
  value = value.substr(0, static_cast<size_t>(foreign - value.begin()));
  if (value.size() < kLeastBytes || !MayBePassword(value)) return 0;
  const Said said = HowSaid(c);
  if (said == Said::kNotAtAll) return 0;
  const Shape shape = ShapeOf(value);
  const bool loose = shape.digits == 0 || value.find('/') != value.npos;
  if (said != Said::kAssigned && (loose || IsIdentifier(value))) return 0;
  if (said == Said::kInPassing && (shape.lower == 0 || shape.upper == 0)) return 0;
  return NamesNoSecret(NameBefore(c)) ? 0 : value.size();
}

size_t UserPassword(const detect::Candidate& c) {
  const std::string_view value = c.match();
  const std::string_view password = value.substr(value.find(':') + 1);
  return MayBePassword(password) ? value.size() : 0;
}

size_t TypedPassword(const detect::Candidate& c) {
  std::string_view before = c.before(64);
  while (before.ends_with('"') || before.ends_with('\'')) before.remove_suffix(1);
  const bool apart = before.ends_with(' ');
  if (apart) before.remove_suffix(1);
  if (before.ends_with("-p")) {
    before.remove_suffix(2);
    // "--port=…"; "mysql -p shop1", which asks for the password of a database.
    if (!before.ends_with(' ')) return 0;
    if (apart && (before.find("mysql") != before.npos || before.find("mariadb") != before.npos)) {
      return 0;
    }
  }
  return MayBePassword(c.match()) ? c.match().size() : 0;
}

size_t VendorSecret(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const Shape shape = ShapeOf(value);
  if (SaysWhatItIs(value) || shape.run >= 6 || shape.entropy < 2.6) return 0;
  const bool id = shape.digits == value.size() && value.size() >= 17;
  const bool mixed = shape.digits >= 2 && shape.lower + shape.upper >= 2 && shape.changes >= 3;
  if (value.size() < 14 || !(id || mixed)) return 0;
  const std::string name = NameBefore(c);
  return NamesNoSecret(name) || (shape.hex && !id && NamesData(name)) ? 0 : value.size();
}

// "NRJS-…", "PMAK-…-…": capitals that say whose key it is, and hexadecimal parts.
bool IsMarkedHex(std::string_view value) {
  static constexpr std::string_view kNoKeys[] = {"SHA", "UUID", "GUID", "REF", "REQ", "TXN",
                                                 "ORD", "INV",  "JOB",  "RUN", "MSG", "BUILD"};
  const size_t dash = value.find('-');
  if (dash == value.npos || dash < 3 || dash > 6) return false;
  const std::string_view mark = value.substr(0, dash);
  if (!std::all_of(mark.begin(), mark.end(), IsUpper)) return false;
  if (std::find(std::begin(kNoKeys), std::end(kNoKeys), mark) != std::end(kNoKeys)) return false;
  const std::string_view rest = value.substr(dash + 1);
  const Shape shape = ShapeOf(rest);
  return shape.hex && LongestRun(rest).size() >= 16 && shape.changes >= 4 && shape.entropy >= 2.8;
}

size_t AssignedToken(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  if (!IsRandom(value, kShortRandom) && !IsMarkedHex(value)) return 0;
  if (IsIdentifier(value)) return 0;
  if (SaysWhatItIs(value) || EndsInUuid(value) || IsInResourceName(c)) return 0;
  const std::string name = NameBefore(c);
  if (name.size() < 2 || name == "h1" || NamesNoSecret(name)) return 0;  // "h1:" of go.sum
  return NamesData(name) ? 0 : value.size();
}

size_t PrefixedToken(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const char before = c.begin > 0 ? c.text[c.begin - 1] : ' ';
  // A piece of a path, a domain or a longer name.
  if (before == '/' || before == '.' || before == '_' || before == '-' || before == '@') return 0;
  if (SaysWhatItIs(value)) return 0;
  if (EndsInUuid(value)) {
    const std::string prefix = ToLower(value.substr(0, value.size() - kUuidBytes));
    return NamesKey(prefix) && !NamesNoSecret(prefix) ? value.size() : 0;
  }
  const std::string_view body = LongestRun(value);
  const auto at = static_cast<size_t>(body.data() - value.data());
  const std::string prefix = ToLower(value.substr(0, at));
  if (at == 0 || NamesNoSecret(prefix)) return 0;
  // Numbers of accounts and apps may stand between the prefix and the key.
  const auto digits = static_cast<size_t>(std::count_if(prefix.begin(), prefix.end(), IsDigit));
  const bool named = HasSecretPart(prefix), near = at <= kMaxPrefixBytes + digits;
  const Shape shape = ShapeOf(body);
  if (shape.hex) {
    const bool key = named && near && body.size() >= 32 && shape.entropy >= 3;
    return key || (value.size() >= 40 && IsMarkedHex(value)) ? value.size() : 0;
  }
  if (near && named && IsRandom(body, kShortRandom)) return value.size();
  if (IsCalledData(c)) return 0;
  if (near && IsRandom(body, kLongRandom)) return value.size();
  // A generator's alphabet that holds "_" and "-".
  const std::string_view rest = value.substr(value.find_first_of("_.-") + 1);
  return IsRandom(rest, kLongRandom) ? value.size() : 0;
}

// The expression takes a sign behind the word, if there is one: then it is a part of something
// else. One of the greatest length ends there, whatever follows.
size_t BareToken(const detect::Candidate& c) {
  constexpr size_t kMostBytes = 250;
  const std::string_view value = c.match().substr(0, kMostBytes), before = c.before(24);
  const Shape shape = ShapeOf(value);
  // 64 and 76: a line of base64.
  if (shape.other > 0 || value.size() == 64 || value.size() == 76) return 0;
  if (shape.digits < 3 || shape.lower < 3 || shape.upper < 3) return 0;
  if (!before.empty()) {
    static constexpr std::string_view kBefore = " \t\n\"'`(=";
    if (kBefore.find(before.back()) == kBefore.npos) return 0;
    // The next line of something longer; the first one behind "-----BEGIN CERTIFICATE-----".
    if (before.back() == '\n' && LongestRun(before).size() >= 16) return 0;
    if (before.ends_with("-----\n")) return 0;
  }
  if (SaysWhatItIs(value) || !IsRandom(value, 40)) return 0;
  return NamesNoSecret(NameBefore(c)) || IsCalledData(c) ? 0 : value.size();
}

}  // namespace kt::policies
