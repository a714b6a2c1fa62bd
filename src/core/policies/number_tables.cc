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

// The longest code that fits counts: countries without a line of their own fall to their zone's,
// at the end.
constexpr PhoneLength kPhones[] = {
    {"1", 10, 10},  {"7", 10, 10},  {"20", 8, 10},  {"27", 9, 9},   {"30", 10, 10}, {"31", 9, 9},
    {"32", 8, 9},   {"33", 9, 9},   {"34", 9, 9},   {"36", 8, 9},   {"39", 6, 11},  {"40", 9, 9},
    {"41", 9, 9},   {"43", 7, 13},  {"44", 9, 10},  {"45", 8, 8},   {"46", 7, 10},  {"47", 8, 8},
    {"48", 9, 9},   {"49", 7, 12},  {"51", 8, 9},   {"52", 10, 11}, {"53", 8, 8},   {"54", 10, 11},
    {"55", 10, 11}, {"56", 9, 9},   {"57", 10, 10}, {"58", 10, 10}, {"60", 8, 10},  {"61", 9, 9},
    {"62", 8, 12},  {"63", 8, 10},  {"64", 8, 10},  {"65", 8, 8},   {"66", 8, 9},   {"81", 9, 10},
    {"82", 8, 10},  {"84", 9, 10},  {"86", 10, 11}, {"90", 10, 10}, {"91", 10, 10}, {"92", 9, 10},
    {"93", 9, 9},   {"94", 9, 9},   {"95", 7, 10},  {"98", 10, 10}, {"351", 9, 9},  {"352", 6, 11},
    {"353", 7, 9},  {"354", 7, 9},  {"358", 6, 11}, {"359", 8, 9},  {"370", 8, 8},  {"371", 8, 8},
    {"372", 7, 8},  {"380", 9, 9},  {"381", 8, 9},  {"385", 8, 9},  {"386", 8, 8},  {"420", 9, 9},
    {"421", 9, 9},  {"852", 8, 8},  {"853", 8, 8},  {"880", 8, 10}, {"886", 8, 9},  {"961", 7, 8},
    {"962", 8, 9},  {"965", 8, 8},  {"966", 8, 9},  {"971", 8, 9},  {"972", 8, 9},  {"974", 8, 8},
    {"977", 8, 10}, {"234", 8, 10}, {"254", 9, 9},  {"212", 9, 9},  {"213", 8, 9},  {"216", 8, 8},
    {"233", 9, 9},  {"255", 9, 9},  {"256", 9, 9},  {"251", 9, 9},  {"21", 8, 10},  {"22", 7, 10},
    {"23", 7, 10},  {"24", 7, 10},  {"25", 7, 10},  {"26", 7, 10},  {"29", 5, 9},   {"35", 6, 10},
    {"37", 6, 10},  {"38", 7, 10},  {"42", 7, 10},  {"50", 7, 10},  {"59", 7, 10},  {"67", 6, 9},
    {"68", 5, 9},   {"69", 6, 9},   {"85", 8, 11},  {"87", 9, 11},  {"88", 8, 11},  {"96", 7, 10},
    {"97", 7, 10},  {"99", 8, 10},
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

const PhoneLength* FindCountryCode(std::string_view digits) noexcept {
  const PhoneLength* best = nullptr;
  for (const PhoneLength& entry : kPhones) {
    if (digits.starts_with(entry.code) &&
        (best == nullptr || entry.code.size() > best->code.size())) {
      best = &entry;
    }
  }
  return best;
}

}  // namespace kt::policies
