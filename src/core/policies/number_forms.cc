#include "core/policies/number_forms.h"

#include <algorithm>
#include <charconv>

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

size_t DigitsOf(std::string_view form) noexcept {
  size_t digits = 0;
  for (;;) {
    size_t size = 0;
    const auto [end, error] = std::from_chars(form.data(), form.data() + form.size(), size);
    if (error != std::errc() || size == 0 || size > DigitText::kMost) return 0;
    digits += size;
    form.remove_prefix(static_cast<size_t>(end - form.data()));
    if (form.empty()) return digits;
    if (std::string_view("_ ./-").find(form[0]) == std::string_view::npos) return 0;
    form.remove_prefix(1);
  }
}

bool PartOfMore(const detect::Candidate& c, size_t bytes) noexcept {
  const std::string_view number = c.match().substr(0, bytes), rest = c.match().substr(bytes);
  const char before = c.begin > 0 ? c.text[c.begin - 1] : '\0';
  const char second = c.begin > 1 ? c.text[c.begin - 2] : '\0';
  const bool spaced = number.find(' ') != number.npos;
  if (before == '.' || before == '+' || before == '$') return true;
  // "B83A271D-2259-4524-8608-…": groups of a UUID.
  if (before == '-' && number.find('-') != number.npos && IsLetterOrDigit(second)) return true;
  size_t back = 0;
  if (spaced && GroupsBefore(c, 1, &back) > 0) return true;
  if (IsDigit(second) && (Joins(before) || before == ',' || (spaced && before == ' '))) {
    return true;
  }
  if (rest.size() < 2 || !IsDigit(rest[1])) return false;
  return Joins(rest[0]) || (spaced && rest[0] == ' ');
}

size_t GroupsBefore(const detect::Candidate& c, size_t most, size_t* bytes) noexcept {
  const std::string_view match = c.match();
  const size_t size = std::min(match.find_first_not_of("0123456789"), match.size());
  const std::string_view context = c.before(most * (size + 2) + 1);
  size_t begin = context.size(), found = 0;
  for (*bytes = 0; size >= 2 && found < most; ++found) {
    size_t end = begin;
    while (end > 0 && (context[end - 1] == ' ' || context[end - 1] == '\n')) --end;
    if (end == begin || end < size) break;
    const std::string_view group = context.substr(end - size, size);
    if (group.find_first_not_of("0123456789abcdefABCDEF") != group.npos) break;
    if (group.find_first_of("0123456789") == group.npos) break;  // "de 06 12 34 56 78"
    begin = end - size;
    if (begin > 0 && IsLetterOrDigit(context[begin - 1])) break;
    *bytes = context.size() - begin;
  }
  return found;
}

}  // namespace kt::policies
