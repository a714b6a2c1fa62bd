#include "core/policies/phone_checks.h"

#include <algorithm>
#include <string>

#include "core/policies/number_forms.h"
#include "core/policies/phone_plan.h"

namespace kt::policies {
namespace {

using detect::Candidate;

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool IsWord(char c) noexcept {
  return IsDigit(c) || c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}
char Before(const Candidate& c, size_t back = 1) noexcept {
  return c.begin >= back ? c.text[c.begin - back] : '\0';
}
// "1.2.415-555-2671", "id-415-555-2671"
bool GoesOnFromBefore(const Candidate& c) noexcept {
  const char before = Before(c);
  if (IsWord(before) || before == '+' || before == '$') return true;
  if (before == ':') return IsDigit(Before(c, 2));  // "10:13:01.472000-07:00"
  return (before == '-' || before == '.' || before == '/') && IsWord(Before(c, 2));
}

// Where ", ext. 12", " x12" begins; the size where there is none.
size_t ExtensionOf(std::string_view match) noexcept {
  size_t at = std::min(match.find_first_of("xe"), match.size());
  while (at < match.size() && at > 0 && !IsDigit(match[at - 1])) --at;
  return at;
}

// No exchange begins with 1, but invented numbers do: "555-123-4567".
bool LooksNorthAmerican(std::string_view d) noexcept {
  return d.size() == 10 && d[0] >= '2' && d[3] >= '1';
}

// "412 669 5214 87", "2 412 669 5214": a piece of a row of numbers.
bool InRow(const Candidate& c, size_t bytes) noexcept {
  return c.match().substr(0, bytes).find(' ') != std::string_view::npos && PartOfMore(c, bytes);
}

// "02.05.2000 07:30": a day, and whatever stands behind it.
bool BeginsWithDate(std::string_view digits, const DigitGroups& groups) noexcept {
  if (groups.sizes.size() < 3 || groups.sizes[0] > 2 || groups.sizes[1] > 2) return false;
  if (groups.sizes[2] != 4) return false;
  const auto number = [&](size_t at, size_t size) {
    return size == 1 ? digits[at] - '0' : (digits[at] - '0') * 10 + digits[at + 1] - '0';
  };
  const int first = number(0, groups.sizes[0]), second = number(groups.sizes[0], groups.sizes[1]);
  const std::string_view century = digits.substr(groups.sizes[0] + groups.sizes[1], 2);
  return first >= 1 && second >= 1 && std::min(first, second) <= 12 &&
         std::max(first, second) <= 31 && (century == "19" || century == "20");
}

}  // namespace

bool IsNorthAmerican(std::string_view d) noexcept {
  return LooksNorthAmerican(d) && d[3] >= '2';
}

size_t InternationalPhone(const Candidate& c) {
  const std::string_view match = c.match();
  if (IsWord(Before(c))) return 0;
  if (match[0] == '0' && InRow(c, match.size())) return 0;
  const size_t extension = ExtensionOf(match);
  const DigitGroups groups = SplitDigits(match.substr(0, extension));
  std::string_view digits = groups.digits;
  const size_t dialled = match.starts_with("00") ? 2 : 0;  // "0044 …" for "+44 …"
  digits.remove_prefix(dialled);
  const std::string_view code = CallingCodeOf(digits);
  if (code.empty()) return 0;
  digits.remove_prefix(code.size());
  // "+44 (0)20 …" names the trunk prefix, which nobody dials from abroad.
  const bool trunk = match.find("(0)") != match.npos && digits.starts_with('0');
  if (trunk) digits.remove_prefix(1);
  const size_t before = dialled + code.size() + (trunk ? 1 : 0);
  size_t count = groups.digits.size();
  for (size_t i = groups.sizes.size(); i-- > 0;) {
    if (count <= before) return 0;
    const std::string_view national = digits.substr(0, count - before);
    const size_t end = groups.ends[i] == extension ? match.size() : groups.ends[i];
    if (IsIssuedNumber(code, national)) return end;
    // New area codes come every year.
    if (code == "1" && LooksNorthAmerican(national)) return end;
    // "+39 0…" keeps its zero, "+33 06…" is a mistake that people make.
    if (national.starts_with('0') && IsIssuedNumber(code, national.substr(1))) return end;
    count -= groups.sizes[i];
  }
  return 0;
}

size_t NorthAmericanPhone(const Candidate& c) {
  const std::string_view match = c.match();
  if (GoesOnFromBefore(c)) return 0;
  const DigitGroups groups = SplitDigits(match.substr(0, ExtensionOf(match)));
  std::string_view d = groups.digits;
  if (d.size() == 11 && d[0] == '1') d.remove_prefix(1);
  if (!LooksNorthAmerican(d)) return 0;
  if (match.find('(') != match.npos) return match.size();
  if (!IsNorthAmerican(d)) return 0;
  if (InRow(c, match.size())) return 0;
  // Dashes and dots say "phone"; groups between blanks may be anything, so the area must exist.
  const bool blanks = match.substr(0, ExtensionOf(match)).find(' ') != match.npos;
  return groups.same_separator && (!blanks || IsIssuedNumber("1", d)) ? match.size() : 0;
}

size_t NationalPhone(const Candidate& c) {
  const std::string_view match = c.match();
  if (GoesOnFromBefore(c)) return 0;
  const DigitGroups groups = SplitDigits(match);
  // "02110-1301": a US ZIP+4 code.
  if (groups.sizes.size() == 2 && groups.sizes[0] == 5 && groups.sizes[1] == 4) return 0;
  if (BeginsWithDate(groups.digits, groups)) return 0;
  size_t count = groups.digits.size();
  for (size_t i = groups.sizes.size(); i-- > 1;) {
    const std::string_view national = std::string_view(groups.digits).substr(1, count - 1);
    if (count >= 9 && national[0] != '0' && IsTrunkZeroNumber(national)) {
      return PartOfMore(c, groups.ends[i]) ? 0 : groups.ends[i];
    }
    count -= groups.sizes[i];
  }
  return 0;
}

size_t NamedPhone(const Candidate& c) {
  const std::string_view match = c.match();
  if (IsWord(Before(c)) || (Before(c) == '.' && c.begin > 1 && IsDigit(Before(c, 2)))) return 0;
  const DigitGroups groups = SplitDigits(match);
  // A date or an address of four numbers is no phone number.
  const bool dots = std::count(match.begin(), match.end(), '.') == 3;
  if (dots && groups.digits.size() < 9) return 0;
  const std::string_view digits = groups.digits;
  if (digits.size() == 8 && (digits.starts_with("20") || digits.starts_with("19")) &&
      groups.sizes.size() == 3) {
    return 0;
  }
  size_t count = groups.digits.size();
  for (size_t i = groups.sizes.size(); i-- > 0;) {
    if (count < 7) return 0;
    if (count <= 13) return groups.ends[i];
    count -= groups.sizes[i];
  }
  return 0;
}

}  // namespace kt::policies
