#include "core/policies/number_tables.h"

#include <algorithm>
#include <iterator>

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
  CardRangeKind kind;
};
constexpr CardRangeKind kCommon = CardRangeKind::kCommon, kRare = CardRangeKind::kRare;
constexpr CardRange kCards[] = {
    // Visa, Mastercard, American Express, Discover, JCB at their usual lengths
    {4, 4, 1, 16, 16, kCommon},
    {51, 55, 2, 16, 16, kCommon},
    {34, 34, 2, 15, 15, kCommon},
    {37, 37, 2, 15, 15, kCommon},
    {6011, 6011, 4, 16, 16, kCommon},
    {2221, 2720, 4, 16, 16, kCommon},
    {644, 659, 3, 16, 16, kCommon},
    {3528, 3589, 4, 16, 16, kCommon},
    // Visa's other lengths, Diners Club, UnionPay, Discover up to 19
    {4, 4, 1, 13, 13, kRare},
    {4, 4, 1, 19, 19, kRare},
    {300, 305, 3, 14, 19, kRare},
    {3095, 3095, 4, 14, 19, kRare},
    {36, 36, 2, 14, 19, kRare},
    {38, 39, 2, 14, 19, kRare},
    {62, 62, 2, 16, 19, kRare},
    {6011, 6011, 4, 17, 19, kRare},
    {644, 659, 3, 17, 19, kRare},
    {3528, 3589, 4, 17, 19, kRare},
    // Maestro, Dankort, UATP, Mir, RuPay, Verve, Troy
    {50, 50, 2, 12, 19, kRare},
    {56, 58, 2, 12, 19, kRare},
    {60, 60, 2, 12, 19, kRare},
    {63, 63, 2, 12, 19, kRare},
    {67, 67, 2, 12, 19, kRare},
    {1, 1, 1, 15, 15, kRare},
    {2200, 2205, 4, 16, 19, kRare},
    {81, 82, 2, 16, 16, kRare},
    {9792, 9792, 4, 16, 16, kRare},
};

// What processors print in the documentation of their tests, of rare ranges.
constexpr std::string_view kPrinted[] = {
    "30569309025904",   "38520000023237",   "36227206271667",   "3056930009020004",

    "6200000000000005", "6200000000000047", "6759649826438453", "6799990100000000019",
    "5019717010103742", "5066991111111118", "6362970000457013", "6062826786276634",
    "9792030394440796", "135412345678911",  "122000000000003",  "4222222222222",
};

}  // namespace

bool IsPrintedCard(std::string_view digits) noexcept {
  return std::find(std::begin(kPrinted), std::end(kPrinted), digits) != std::end(kPrinted);
}

size_t IbanLength(std::string_view country) noexcept {
  for (const CountryLength& entry : kIban) {
    if (country == entry.country) return entry.length;
  }
  return 0;
}

CardRangeKind CardRangeOf(std::string_view digits) noexcept {
  for (const CardRange& range : kCards) {
    if (digits.size() < range.min || digits.size() > range.max) continue;
    unsigned prefix = 0;
    for (size_t i = 0; i < range.prefix_digits; ++i) {
      prefix = prefix * 10 + static_cast<unsigned>(digits[i] - '0');
    }
    if (prefix < range.low || prefix > range.high) continue;
    return range.kind;
  }
  return CardRangeKind::kNone;
}

}  // namespace kt::policies
