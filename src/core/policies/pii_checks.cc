#include "core/policies/pii_checks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/text.h"
#include "core/policies/network_checks.h"
#include "core/policies/number_tables.h"

namespace kt::policies {
namespace {

using detect::Candidate;

constexpr size_t kContextCharacters = 40;

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool IsUpper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool IsLetter(char c) noexcept {
  return IsUpper(c) || (c >= 'a' && c <= 'z');
}

char Before(const Candidate& c, size_t back = 1) noexcept {
  return c.begin >= back ? c.text[c.begin - back] : '\0';
}

// Groups of digits as they are written, and where each ends.
struct Groups {
  std::string digits;
  std::vector<size_t> sizes, ends;
  bool same_separator = true;
};

Groups Split(std::string_view match) {
  Groups groups;
  char separator = '\0';
  bool open = false;
  for (size_t i = 0; i < match.size(); ++i) {
    if (IsDigit(match[i])) {
      if (!open) groups.sizes.push_back(0), groups.ends.push_back(0);
      open = true;
      groups.digits += match[i];
      ++groups.sizes.back();
      groups.ends.back() = i + 1;
      continue;
    }
    if (separator == '\0') separator = match[i];
    groups.same_separator = groups.same_separator && separator == match[i];
    open = false;
  }
  return groups;
}

bool IsCardNumber(std::string_view digits) noexcept {
  return IsIssuedCardRange(digits) && PassesLuhn(digits);
}

// A name belongs to what follows on its line, or to the next line when it ends its own.
bool SameLine(std::string_view between) noexcept {
  return between.find('\n') == between.npos ||
         std::none_of(between.begin(), between.end(),
                      [](char c) { return IsDigit(c) || IsLetter(c); });
}

size_t Card(const Candidate& c) {
  const std::string_view match = c.match();
  if (Before(c) == '.' || ((Before(c) == '-' || Before(c) == '/') && IsDigit(Before(c, 2))))
    return 0;
  const Groups groups = Split(match);
  if (groups.sizes.size() == 1) {
    // Thirteen bare digits are a timestamp more often than a card.
    return groups.digits.size() > 13 && IsCardNumber(groups.digits) ? match.size() : 0;
  }
  static const std::vector<size_t> kShapes[] = {
      {4, 4, 4, 4, 3}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}};
  for (const std::vector<size_t>& shape : kShapes) {
    if (groups.sizes.size() < shape.size() ||
        !std::equal(shape.begin(), shape.end(), groups.sizes.begin())) {
      continue;
    }
    size_t count = 0;
    for (const size_t size : shape) count += size;
    const size_t end = groups.ends[shape.size() - 1];
    if (Split(match.substr(0, end)).same_separator &&
        IsCardNumber(std::string_view(groups.digits).substr(0, count))) {
      return end;
    }
  }
  return 0;
}

size_t Iban(const Candidate& c) {
  const std::string_view match = c.match();
  const size_t length = IbanLength(match.substr(0, 2));
  size_t seen = 0, end = 0;
  std::string compact;
  for (; end < match.size() && seen < length; ++end) {
    if (match[end] == ' ' || match[end] == '-') continue;
    compact += match[end];
    ++seen;
  }
  if (length == 0 || seen < length) return 0;
  if (end < match.size() && (IsDigit(match[end]) || IsLetter(match[end]))) return 0;
  std::rotate(compact.begin(), compact.begin() + 4, compact.end());
  unsigned remainder = 0;
  for (const char ch : compact) {
    const auto value = static_cast<unsigned>(IsDigit(ch) ? ch - '0' : ch - 'A' + 10);
    remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
  }
  return remainder == 1 ? end : 0;
}

size_t Ssn(const Candidate& c) {
  const Groups groups = Split(c.match());
  if ((Before(c) == '-' || Before(c) == '.') && IsDigit(Before(c, 2))) return 0;
  const std::string_view d = groups.digits;
  if (d.size() != 9 || !groups.same_separator) return 0;
  const bool issued = d[0] != '9' && d.substr(0, 3) != "000" && d.substr(0, 3) != "666" &&
                      d.substr(3, 2) != "00" && d.substr(5) != "0000";
  // Numbers printed in examples and on sample cards for decades.
  return issued && d != "123456789" && d != "078051120" ? c.match().size() : 0;
}

// Digits after the country code, at the end of a written group where possible.
size_t Phone(const Candidate& c) {
  const std::string_view match = c.match();
  if (IsDigit(Before(c)) || IsLetter(Before(c)) || Before(c) == '_') return 0;
  const Groups groups = Split(match);
  const PhoneLength* country = FindCountryCode(groups.digits);
  if (country == nullptr) return 0;
  const size_t trunk = match.find("(0)") == std::string_view::npos ? 0 : 1;
  const size_t low = country->code.size() + country->min,
               high = country->code.size() + country->max;
  size_t count = groups.digits.size();
  for (size_t i = groups.sizes.size(); i-- > 0;) {
    if (count >= low + trunk && count <= high + trunk) return groups.ends[i];
    count -= groups.sizes[i];
  }
  return 0;
}

size_t PhoneUs(const Candidate& c) {
  const std::string_view match = c.match();
  const char before = Before(c);
  if (IsDigit(before) || before == '+' ||
      ((before == '-' || before == '.' || before == '/') && c.begin > 1)) {
    return 0;
  }
  const Groups groups = Split(match);
  const std::string_view d =
      std::string_view(groups.digits).substr(groups.digits.size() > 10 ? 1 : 0);
  if (d.size() != 10) return 0;
  if (match.find('(') == std::string_view::npos && !groups.same_separator) return 0;
  return match.size();
}

// "postgres://admin:secret@db.internal": a password and a host, which other rules see to.
bool InUserInfo(const Candidate& c) noexcept {
  const std::string_view before = c.before(80);
  const size_t scheme = before.rfind("://");
  return Before(c) == ':' && scheme != before.npos &&
         before.find_first_of(" \t\n/@\"'<>", scheme + 3) == before.npos;
}

size_t Email(const Candidate& c) {
  const std::string_view match = c.match();
  const size_t at = match.find('@');
  const std::string_view local = match.substr(0, at), domain = match.substr(at + 1);
  if (local.starts_with('.') || local.ends_with('.') || match.find("..") != match.npos) return 0;
  if (domain.starts_with('-') || domain.starts_with('.') || domain.find("-.") != domain.npos ||
      domain.find(".-") != domain.npos) {
    return 0;
  }
  if (local == "git" || InUserInfo(c)) return 0;
  static constexpr std::string_view kFileTypes[] = {"png", "jpg", "jpeg", "gif",  "svg", "webp",
                                                    "css", "js",  "ts",   "json", "py",  "html",
                                                    "pdf", "txt", "md",   "yaml", "yml", "sh"};
  const std::string last = ToLower(domain.substr(domain.rfind('.') + 1));
  // "logo@2x.png"; "sh", "md", "py" are country domains too, so only after a scale.
  const bool scaled = domain.size() > 1 && IsDigit(domain[0]) && domain[1] == 'x';
  if (scaled &&
      std::find(std::begin(kFileTypes), std::end(kFileTypes), last) != std::end(kFileTypes)) {
    return 0;
  }
  return match.size();
}

// Generated, not written: digits and letters, many different characters.
size_t Random(const Candidate& c) {
  const std::string_view match = c.match();
  std::array<unsigned, 256> counts{};
  bool digit = false, letter = false;
  for (const char ch : match) {
    ++counts[static_cast<unsigned char>(ch)];
    digit = digit || IsDigit(ch);
    letter = letter || IsLetter(ch);
  }
  double entropy = 0;
  for (const unsigned count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(match.size());
    entropy -= share * std::log2(share);
  }
  return digit && letter && entropy >= 3.0 ? match.size() : 0;
}

}  // namespace

bool PassesLuhn(std::string_view digits) noexcept {
  unsigned sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    auto value = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0');
    if (i % 2 == 1) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

bool NearWord(const Candidate& candidate, const std::vector<std::string>& words) {
  std::string_view before = candidate.before(detect::kContextBytes);
  size_t characters = 0, start = before.size();
  while (start > 0 && characters < kContextCharacters) {
    --start;
    if ((static_cast<unsigned char>(before[start]) & 0xC0) != 0x80) ++characters;
  }
  const std::string context = ToLower(before.substr(start));
  for (const std::string& word : words) {
    for (size_t at = context.find(word); at != std::string::npos; at = context.find(word, at + 1)) {
      const size_t end = at + word.size();
      const bool starts = at == 0 || !IsLetter(context[at - 1]) || !IsLetter(word.front());
      const bool ends = end == context.size() || !IsLetter(context[end]) || !IsLetter(word.back());
      if (starts && ends && SameLine(context.substr(end))) return true;
    }
  }
  return false;
}

Check FindCheck(std::string_view name) {
  static constexpr std::pair<std::string_view, size_t (*)(const Candidate&)> kChecks[] = {
      {"card", Card},
      {"iban", Iban},
      {"ssn", Ssn},
      {"email", Email},
      {"phone", Phone},
      {"phone_us", PhoneUs},
      {"ipv4", AnyIpv4},
      {"ipv6", AnyIpv6},
      {"public_ipv4", PublicIpv4},
      {"public_ipv6", PublicIpv6},
      {"random", Random},
  };
  for (const auto& [known, check] : kChecks) {
    if (known == name) return check;
  }
  return {};
}

}  // namespace kt::policies
