#include "core/policies/number_family.h"

#include <algorithm>
#include <optional>

#include "core/policies/context_words.h"
#include "core/policies/number_forms.h"
#include "core/policies/phone_checks.h"

namespace kt::policies {
namespace {

using detect::Candidate;

// Where the groups that hold the first `length` digits end; 0: inside a group.
size_t EndOf(const DigitGroups& groups, size_t length) noexcept {
  size_t count = 0;
  for (size_t i = 0; i < groups.sizes.size() && count < length; ++i) {
    count += groups.sizes[i];
    if (count == length) return groups.ends[i];
  }
  return 0;
}

// "1.2.345", "x-345": the number is the tail of something else, whatever it is called.
bool IsTail(const Candidate& c) noexcept {
  if (c.begin < 2) return false;
  const char before = c.text[c.begin - 1], second = c.text[c.begin - 2];
  const bool digit = second >= '0' && second <= '9';
  return digit && (before == '.' || before == '-' || before == '/' || before == ',');
}

bool IsWrittenOut(const NumberRule& rule, const Candidate& c, const DigitGroups& groups,
                  size_t length, size_t bytes) {
  const std::string_view number = c.match().substr(0, bytes);
  if (PartOfMore(c, bytes)) return false;
  if (rule.bare && groups.sizes[0] == length) return true;
  if (std::none_of(rule.forms.begin(), rule.forms.end(),
                   [&](const std::string& f) { return WrittenAs(f, c.match()) == bytes; })) {
    return false;
  }
  return !rule.phone_first || number.find('-') == number.npos ||
         !IsNorthAmerican(std::string_view(groups.digits).substr(0, length));
}

}  // namespace

size_t NumberFamily::operator()(const Candidate& c) const {
  const DigitGroups groups = SplitDigits(c.match());
  std::optional<ContextWords> context;
  size_t named_bytes = 0, nearest = 0, written_bytes = 0;
  uint32_t named = 0, written = 0;
  for (uint32_t i = 0; i < rules_.size(); ++i) {
    const NumberRule& rule = rules_[i];
    for (const size_t length : rule.lengths) {
      const size_t bytes = EndOf(groups, length);
      if (bytes == 0 || !rule.check(std::string_view(groups.digits).substr(0, length))) continue;
      if (!context) context.emplace(c);
      if (!rule.unless.empty() && context->LastOf(rule.unless) != 0) continue;
      const size_t name = rule.names.empty() ? 0 : context->LastOf(rule.names);
      if (name > nearest && !IsTail(c)) {
        nearest = name, named = i, named_bytes = bytes;
      }
      if (written_bytes == 0 && IsWrittenOut(rule, c, groups, length, bytes)) {
        written = i, written_bytes = bytes;
      }
    }
  }
  c.kind = named_bytes != 0 ? named : written;
  return named_bytes != 0 ? named_bytes : written_bytes;
}

}  // namespace kt::policies
