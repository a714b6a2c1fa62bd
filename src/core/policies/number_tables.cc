#include "core/policies/number_tables.h"

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

// First digits from `low` to `high` (of the same count), lengths from `min` to `max`.
struct CardRange {
  unsigned low, high, prefix_digits, min, max;
};
constexpr CardRange kCards[] = {
    {4, 4, 1, 16, 16},       {4, 4, 1, 13, 13},       {4, 4, 1, 19, 19},
    {51, 55, 2, 16, 16},     {2221, 2720, 4, 16, 16}, {34, 34, 2, 15, 15},
    {37, 37, 2, 15, 15},     {6011, 6011, 4, 16, 19}, {644, 649, 3, 16, 19},
    {65, 65, 2, 16, 19},     {300, 305, 3, 14, 14},   {36, 36, 2, 14, 14},
    {38, 39, 2, 14, 14},     {3528, 3589, 4, 16, 19}, {62, 62, 2, 16, 19},
    {5018, 5018, 4, 16, 19}, {5020, 5020, 4, 16, 19}, {5038, 5038, 4, 16, 19},
    {6304, 6304, 4, 16, 19}, {6759, 6763, 4, 16, 19},
};

}  // namespace

size_t IbanLength(std::string_view country) noexcept {
  for (const CountryLength& entry : kIban) {
    if (country == entry.country) return entry.length;
  }
  return 0;
}

bool IsIssuedCardRange(std::string_view digits) noexcept {
  for (const CardRange& range : kCards) {
    if (digits.size() < range.min || digits.size() > range.max) continue;
    unsigned prefix = 0;
    for (size_t i = 0; i < range.prefix_digits; ++i) {
      prefix = prefix * 10 + static_cast<unsigned>(digits[i] - '0');
    }
    if (prefix >= range.low && prefix <= range.high) return true;
  }
  return false;
}

}  // namespace kt::policies
