#include "core/base/timestamp.h"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace kt {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hh_mm_ss;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_time;
using std::chrono::year_month_day;

// Takes exactly `digits` digits and then `mark` (0: nothing) off the front of *text.
bool Take(std::string_view* text, size_t digits, char mark, int* value) {
  const size_t length = digits + (mark == 0 ? 0 : 1);
  if (text->size() < length) return false;
  for (size_t i = 0; i < digits; ++i) {
    if ((*text)[i] < '0' || (*text)[i] > '9') return false;
  }
  if (mark != 0 && (*text)[digits] != mark) return false;
  std::from_chars(text->data(), text->data() + digits, *value);
  text->remove_prefix(length);
  return true;
}

std::optional<int64_t> Fraction(std::string_view text) {
  if (text.empty()) return 0;
  if (text.size() < 2 || text.size() > 7 || text[0] != '.') return std::nullopt;
  int64_t value = 0;
  for (size_t i = 1; i < 7; ++i) {
    const char c = i < text.size() ? text[i] : '0';
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::string FormatTimestamp(int64_t unix_us) {
  const sys_time<microseconds> time{microseconds{unix_us}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char text[64];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!Take(&text, 4, '-', &year) || !Take(&text, 2, '-', &month) || !Take(&text, 2, 0, &day)) {
    return std::nullopt;
  }
  const year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)),
                            std::chrono::day(unsigned(day))};
  if (!date.ok()) return std::nullopt;
  const auto midnight = sys_time<microseconds>(sys_days(date)).time_since_epoch().count();
  if (text.empty()) return midnight;
  if (text.front() != 'T' || text.back() != 'Z') return std::nullopt;
  text.remove_prefix(1);
  text.remove_suffix(1);
  if (!Take(&text, 2, ':', &hour) || !Take(&text, 2, ':', &minute) || !Take(&text, 2, 0, &second)) {
    return std::nullopt;
  }
  const auto fraction = Fraction(text);
  if (hour > 23 || minute > 59 || second > 60 || !fraction) return std::nullopt;
  return midnight + ((hour * 60 + minute) * int64_t{60} + second) * 1'000'000 + *fraction;
}

}  // namespace kt
