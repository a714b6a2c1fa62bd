#include "core/policies/number_family.h"

#include <algorithm>
#include <optional>

#include "core/policies/context_words.h"
#include "core/policies/number_forms.h"
#include "core/policies/phone_checks.h"

namespace kt::policies {
namespace {

using detect::Candidate;

constexpr size_t kMostDigits = 32;

// Where groups end, by how many digits stand before that.
struct Ends {
  explicit Ends(const DigitGroups& groups) noexcept {
    size_t count = 0;
    for (size_t i = 0; i < groups.sizes.size(); ++i) {
      count += groups.sizes[i];
      if (count >= kMostDigits) break;
      lengths |= uint32_t{1} << count;
      at[count] = groups.ends[i];
    }
  }
  uint32_t lengths = 0;  // a bit for each
  size_t at[kMostDigits];
};

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

NumberFamily::NumberFamily(std::vector<NumberRule> rules) : rules_(std::move(rules)) {
  for (const NumberRule& rule : rules_) {
    uint32_t& lengths = lengths_.emplace_back(0);
    for (const size_t length : rule.lengths) lengths |= uint32_t{1} << (length % kMostDigits);
  }
}

size_t NumberFamily::operator()(const Candidate& c) const {
  const DigitGroups groups = SplitDigits(c.match());
  const Ends ends(groups);
  std::optional<ContextWords> context;
  size_t named_bytes = 0, nearest = 0, written_bytes = 0;
  uint32_t named = 0, written = 0;
  for (uint32_t i = 0; i < rules_.size(); ++i) {
    if ((lengths_[i] & ends.lengths) == 0) continue;
    const NumberRule& rule = rules_[i];
    for (const size_t length : rule.lengths) {
      if ((ends.lengths >> length & 1) == 0) continue;
      const size_t bytes = ends.at[length];
      if (!rule.check(std::string_view(groups.digits).substr(0, length))) continue;
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
