#include "core/policies/number_tables.h"

#include <algorithm>
#include <iterator>

namespace kt::policies {
namespace {

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
