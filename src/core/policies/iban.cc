#include "core/policies/iban.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/ascii.h"

namespace kt::policies {
namespace {

struct CountryLength {
  char country[3];
  unsigned char length;
};
constexpr CountryLength kIban[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27},
    {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20}, {"MR", 27},
    {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24}, {"PL", 28},
    {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31},
    {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

constexpr size_t kLetters = 26;
size_t IndexOf(char first, char second) noexcept {
  return static_cast<size_t>((first | 0x20) - 'a') * kLetters +
         static_cast<size_t>((second | 0x20) - 'a');
}

// Of each two letters; 0: no such country.
constexpr std::array<uint8_t, kLetters* kLetters> kLengths = [] {
  std::array<uint8_t, kLetters * kLetters> lengths{};
  for (const CountryLength& entry : kIban) {
    const auto row = static_cast<size_t>(entry.country[0] - 'A');
    lengths[row * kLetters + static_cast<size_t>(entry.country[1] - 'A')] = entry.length;
  }
  return lengths;
}();

// Letters count from ten on.
class Remainder {
 public:
  void Add(char c) noexcept {
    const auto value = static_cast<uint32_t>(IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    value_ = (value_ * (value < 10 ? 10 : 100) + value) % 97;
  }
  uint32_t value() const noexcept { return value_; }

 private:
  uint32_t value_ = 0;
};

}  // namespace

size_t IbanBytes(std::string_view text) noexcept {
  constexpr size_t kMoved = 4;  // the country and the check digits count at the end
  if (text.size() < kMoved || !IsLetter(text[0]) || !IsLetter(text[1])) return 0;
  const size_t length = kLengths[IndexOf(text[0], text[1])];
  if (length == 0) return 0;
  Remainder remainder;
  std::array<char, kMoved> moved{};
  size_t seen = 0, end = 0;
  for (; seen < length; ++end) {
    if (end == text.size()) return 0;
    const char c = text[end];
    if (c == ' ' || c == '-') continue;
    if (!IsAlnum(c)) return 0;
    if (seen < kMoved) {
      moved[seen] = c;
    } else {
      remainder.Add(c);
    }
    ++seen;
  }
  for (const char c : moved) remainder.Add(c);
  return remainder.value() == 1 ? end : 0;
}

size_t Iban(const detect::Candidate& c) {
  const std::string_view match = c.match();
  const size_t end = IbanBytes(match);
  if (end == 0) return 0;
  // All in capitals or none: "De…" begins a word.
  const bool lower = std::any_of(match.begin(), match.end(), [](char ch) { return ch >= 'a'; });
  if (lower && std::any_of(match.begin(), match.end(), IsUpper)) return 0;
  // "9F1B-BE12-…", "be12a4c7-…": groups of a UUID. A date may stand behind an IBAN.
  const size_t dash = match.find('-');
  if (dash < end && (c.before(1) == "-" || dash > 4)) return 0;
  return end < match.size() && IsAlnum(match[end]) ? 0 : end;
}

}  // namespace kt::policies
