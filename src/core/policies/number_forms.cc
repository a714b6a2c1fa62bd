#include "core/policies/number_forms.h"

#include <algorithm>

namespace kt::policies {
namespace {

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool IsLetterOrDigit(char c) noexcept {
  return IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}
bool Joins(char c) noexcept {
  return c == '.' || c == '-' || c == '/';
}

}  // namespace

DigitGroups SplitDigits(std::string_view text) noexcept {
  DigitGroups groups;
  char separator = '\0';
  bool open = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsDigit(text[i])) {
      if (groups.digits.full() || (!open && groups.sizes.full())) break;
      if (!open) groups.sizes.push_back(0), groups.ends.push_back(0);
      open = true;
      groups.digits.push_back(text[i]);
      ++groups.sizes.back();
      groups.ends.back() = i + 1;
      continue;
    }
    if (open && separator == '\0') separator = text[i];
    groups.same_separator = groups.same_separator && (!open || separator == text[i]);
    open = false;
  }
  return groups;
}

size_t WrittenAs(std::string_view form, std::string_view text) noexcept {
  size_t at = 0;
  char joint = '\0';
  while (!form.empty()) {
    size_t size = 0;
    while (!form.empty() && IsDigit(form[0])) {
      size = size * 10 + static_cast<size_t>(form[0] - '0');
      form.remove_prefix(1);
    }
    for (; size > 0; --size, ++at) {
      if (at >= text.size() || !IsDigit(text[at])) return 0;
    }
    if (form.empty()) break;
    if (at >= text.size()) return 0;
    const char c = text[at++];
    if (form[0] == '_') {
      if ((c != ' ' && c != '-') || (joint != '\0' && joint != c)) return 0;
      joint = c;
    } else if (c != form[0]) {
      return 0;
    }
    form.remove_prefix(1);
  }
  return at < text.size() && IsDigit(text[at]) ? 0 : at;
}

bool PartOfMore(const detect::Candidate& c, size_t bytes) noexcept {
  const std::string_view number = c.match().substr(0, bytes), rest = c.match().substr(bytes);
  const char before = c.begin > 0 ? c.text[c.begin - 1] : '\0';
  const char second = c.begin > 1 ? c.text[c.begin - 2] : '\0';
  const bool spaced = number.find(' ') != number.npos;
  if (before == '.' || before == '+' || before == '$') return true;
  // "B83A271D-2259-4524-8608-…": groups of a UUID.
  if (before == '-' && number.find('-') != number.npos && IsLetterOrDigit(second)) return true;
  if (spaced && InDump(c)) return true;
  if (IsDigit(second) && (Joins(before) || before == ',' || (spaced && before == ' '))) {
    return true;
  }
  if (rest.size() < 2 || !IsDigit(rest[1])) return false;
  return Joins(rest[0]) || (spaced && rest[0] == ' ');
}

bool InDump(const detect::Candidate& c) noexcept {
  const std::string_view match = c.match();
  const size_t size = std::min(match.find_first_not_of("0123456789"), match.size());
  std::string_view before = c.before(size + 2);
  while (!before.empty() && (before.back() == ' ' || before.back() == '\n'))
    before.remove_suffix(1);
  const bool apart = before.size() < c.before(size + 2).size();
  if (!apart || before.size() < size || size < 2) return false;
  const std::string_view token = before.substr(before.size() - size);
  if (token.find_first_not_of("0123456789abcdefABCDEF") != token.npos) return false;
  if (token.find_first_of("0123456789") == token.npos) return false;  // "de 06 12 34 56 78"
  return before.size() == size || !IsLetterOrDigit(before[before.size() - size - 1]);
}

}  // namespace kt::policies
