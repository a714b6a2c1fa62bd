#include "core/base/timestamp.h"

#include <charconv>
#include <chrono>
#include <cstring>

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

// The last `digits` digits of `value`, the last of them at `last`: every record has a time, and
// snprintf costs as much as a tenth of the record.
void Put(int64_t value, int digits, char* last) {
  for (; digits > 0; --digits, value /= 10) *last-- = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string FormatTimestamp(int64_t unix_us) {
  char text[kMaxTimestampBytes];
  return {text, WriteTimestamp(unix_us, text)};
}

char* WriteTimestamp(int64_t unix_us, char* to) {
  const sys_time<microseconds> time{microseconds{unix_us}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) {
    to = std::to_chars(to, to + kMaxTimestampBytes, year).ptr;
  } else {
    Put(year, 4, to + 3);
    to += 4;
  }
  constexpr std::string_view kRest = "-00-00T00:00:00.000000Z";
  std::memcpy(to, kRest.data(), kRest.size());
  char* const last = to + kRest.size() - 1;  // the Z
  Put(static_cast<unsigned>(date.month()), 2, last - 20);
  Put(static_cast<unsigned>(date.day()), 2, last - 17);
  Put(clock.hours().count(), 2, last - 14);
  Put(clock.minutes().count(), 2, last - 11);
  Put(clock.seconds().count(), 2, last - 8);
  Put(clock.subseconds().count(), 6, last - 1);
  return last + 1;
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
