#include "core/policies/secret_checks.h"

#include <algorithm>
#include <string>

#include "core/base/ascii.h"
#include "core/base/text.h"
#include "core/policies/no_secrets.h"
#include "core/policies/random_text.h"
#include "core/policies/secret_names.h"
#include "core/policies/word_lists.h"

namespace kt::policies {
namespace {

// Random text of letters and digits is taken for a secret from these lengths on: with a name or an
// operator before it, and by its own look. Ids of objects ("call_…", "msg_…") have up to 29.
constexpr size_t kShortRandom = 14, kLongRandom = 30, kLeastRun = 16;
constexpr size_t kMaxPrefixBytes = 28;
constexpr size_t kLeastMarkedHex = 40;  // of what stands alone

// A full stop behind the value ends the sentence.
std::string_view Trimmed(std::string_view value) noexcept {
  while (!value.empty() && (value.back() == '.' || value.back() == '-' || value.back() == '~')) {
    value.remove_suffix(1);
  }
  return value;
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
  if (piece && IsHex(LongestRun(value))) return 0;
  static const Parts kFillers = {"xxxxxx", "exampleexample", "1234-1234", "0000-0000"};
  return kFillers.In(value) ? 0 : value.size();
}

namespace {

// "UqPTeXgvTSgeoiQeNqf7UlZDOjiiMkJN"
bool IsStrange(std::string_view value) {
  const Letters letters = LettersOf(value);
  return LongestRun(value).size() >= kLeastRun && letters.pairs >= 8 &&
         letters.in_words * 4 < value.size() && letters.rare_pairs * 4 >= letters.pairs;
}

// "-Dname=…", "_Mp4_Avc_16x9": what begins with a sign is a key only where all of it is
// random, and in one piece.
bool BeginsAsOther(std::string_view value) {
  if (value.empty() || IsAlnum(value[0])) return false;
  return LongestRun(value).size() < kLeastRun || !IsRandom(value.substr(1), kShortRandom);
}

}  // namespace

size_t GeneratedLetters(const detect::Candidate& c) {
  const Shape shape = ShapeOf(c.match());
  const bool mixed = shape.lower >= 6 && shape.upper >= 6 && shape.changes >= 6;
  return mixed && IsStrange(c.match()) ? c.match().size() : 0;
}

size_t Authorization(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const Shape shape = ShapeOf(value);
  if (IsPlaceholder(value) || shape.entropy < 2.8 || shape.run >= 8) return 0;
  const bool mixed = shape.digits >= 2 && shape.lower + shape.upper >= 2;
  return (mixed && !IsIdentifier(value)) || IsStrange(value) ? value.size() : 0;
}

size_t LongSecret(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const Shape shape = ShapeOf(value.substr(0, 512));
  if (IsPlaceholder(value.substr(0, 64)) || IsReference(value) || IsEncodedFile(value)) return 0;
  if (shape.run >= 12 || shape.digits < 10 || shape.lower + shape.upper < 10) return 0;
  if (BeginsAsOther(value.substr(0, 512))) return 0;
  const std::string name = NameBefore(c);
  return NamesNoSecret(name) || (shape.entropy < 4 && !shape.hex) ? 0 : value.size();
}

namespace {

// "key PBKDF2-HMAC-SHA256", "keyId xmlSecKeyDataX509Get": with a blank between them, anything may
// follow.
bool IsRandomWord(std::string_view value) {
  const Shape shape = ShapeOf(value);
  if (shape.hex) return value.size() >= 32;
  size_t numbers = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    numbers += IsDigit(value[i]) && (i == 0 || !IsDigit(value[i - 1]));
  }
  const bool word = LongestRun(value).size() >= 12 && shape.digits * 8 >= value.size();
  return word && numbers > 1 && shape.lower > 0 && IsRandom(value, kShortRandom);
}

}  // namespace

size_t AssignedSecret(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  const Shape shape = ShapeOf(value);
  if (value.size() < 12 || shape.lower + shape.upper < 2 || shape.entropy < 2.8) return 0;
  // One digit: letters as no words have them.
  if (shape.digits == 0 || (shape.digits < 2 && !IsStrange(value))) return 0;
  if (shape.changes < 3 || shape.run >= 6 || shape.other * 4 > value.size()) return 0;
  if (value.size() == 66 && IsHexNumber(value) && NamesPrivateKey(c.before(32)))
    return value.size();
  if (BeginsAsOther(value) || SaysWhatItIs(value)) return 0;
  if (IsIdentifier(value)) return 0;
  if (IsInResourceName(c)) return 0;
  if (c.before(2) == " *") return 0;  // "EVP_PKEY *X509_PUBKEY_get0"
  const bool apart = IsApart(c);
  if (apart && !IsRandomWord(value)) return 0;
  if (IsSaid(c) && !apart && !IsRandom(value, kShortRandom)) return 0;
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

// What costs least, and is true of most that look random, comes first.
size_t AssignedToken(const detect::Candidate& c) {
  const std::string_view value = Trimmed(c.match());
  if (IsReference(value)) return 0;
  if ((IsHex(value) || !IsRandom(value, kShortRandom)) && !IsMarkedHex(value)) return 0;
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
  // No part of a hexadecimal prefix names a secret.
  if (IsHex(value) && (value.size() < kLeastMarkedHex || !IsMarkedHex(value))) return 0;
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
  if (IsHex(body)) {
    const bool key = named && near && body.size() >= 32 && ShapeOf(body).entropy >= 3;
    return key || (value.size() >= kLeastMarkedHex && IsMarkedHex(value)) ? value.size() : 0;
  }
  if (near && named && IsRandom(body, kShortRandom)) return value.size();
  if (IsCalledData(c)) return 0;
  if (near && IsRandom(body, kLongRandom)) return value.size();
  // A generator's alphabet that holds "_" and "-".
  const std::string_view rest = value.substr(value.find_first_of("_.-") + 1);
  return IsRandom(rest, kLongRandom) ? value.size() : 0;
}

size_t BehindScheme(const detect::Candidate& c) {
  constexpr size_t kSlashes = 3, kLeast = 2, kMost = 21;
  const std::string_view before = c.before(kSlashes + kMost + 1);
  const size_t end = before.size() - std::min(before.size(), kSlashes);
  for (size_t begin = end; begin > 0 && end - begin < kMost;) {
    const char ch = before[--begin];
    if (!IsLower(ch) && !IsDigit(ch) && ch != '+' && ch != '.' && ch != '-') break;
    const bool word = begin == 0 || !(IsAlnum(before[begin - 1]) || before[begin - 1] == '_');
    if (word && IsLower(ch) && end - begin >= kLeast) return c.match().size();
  }
  return 0;
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
