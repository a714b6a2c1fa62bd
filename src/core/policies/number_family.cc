#include "core/policies/number_family.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/policies/number_forms.h"
#include "core/policies/phone_checks.h"

namespace kt::policies {
namespace {

using detect::Candidate;

// Where groups end, by how many digits stand before that.
struct Ends {
  static constexpr size_t kMostDigits = 32;
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

// "1.2.345", "3-345": the number is the tail of something else, whatever it is called and however
// it is written (PartOfMore).
bool IsTail(std::string_view text, size_t begin) noexcept {
  if (begin < 2 || !IsDigit(text[begin - 2])) return false;
  const char before = text[begin - 1];
  return before == '.' || before == '-' || before == '/' || before == ',';
}

size_t DigitsAt(std::string_view text, size_t begin, size_t most) noexcept {
  size_t end = begin;
  while (end < text.size() && end - begin < most && IsDigit(text[end])) ++end;
  return end - begin;
}

// Names of each rule, then what must not stand before each.
std::vector<std::vector<std::string>> WordsOf(const std::vector<NumberRule>& rules) {
  std::vector<std::vector<std::string>> lists;
  for (const NumberRule& rule : rules) lists.push_back(rule.names);
  for (const NumberRule& rule : rules) lists.push_back(rule.unless);
  return lists;
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

// The sizes of its first three groups.
void NumberFamily::AddForm(const std::string& form, uint32_t* firsts) {
  size_t sizes[3] = {}, at = 0;
  for (size_t& size : sizes) {
    size = at < form.size() ? static_cast<size_t>(std::atoi(form.c_str() + at)) % kMostDigits : 0;
    at = std::min(form.find_first_not_of("0123456789", at), form.size() - 1) + 1;
  }
  *firsts |= uint32_t{1} << sizes[0];
  seconds_[sizes[0]] |= uint32_t{1} << sizes[1];
  thirds_[sizes[0]][sizes[1]] |= uint32_t{1} << sizes[2];
}

NumberFamily::NumberFamily(std::vector<NumberRule> rules)
    : rules_(std::move(rules)), words_(WordsOf(rules_)) {
  for (const NumberRule& rule : rules_) {
    uint32_t &lengths = lengths_.emplace_back(0), &firsts = firsts_.emplace_back(0);
    for (const size_t length : rule.lengths) {
      lengths |= uint32_t{1} << (length % kMostDigits);
      if (rule.bare) AddForm(std::to_string(length), &firsts);
    }
    for (const std::string& form : rule.forms) AddForm(form, &firsts);
  }
}

bool NumberFamily::MayBeWritten(std::string_view text, size_t begin) const noexcept {
  const char before = begin > 0 ? text[begin - 1] : '\0';
  if (before == '.' || before == '+' || before == '$') return false;  // PartOfMore
  const size_t first = DigitsAt(text, begin, kMostDigits);
  if (first == kMostDigits) return false;
  const uint32_t seconds = seconds_[first];
  if (seconds == 0 || (seconds & 1) != 0) return seconds != 0;
  const size_t joint = begin + first;
  if (joint >= text.size()) return false;
  // "12 345 678": a row of numbers.
  if (text[joint] == ' ' && before == ' ' && begin > 1 && IsDigit(text[begin - 2])) return false;
  const size_t second = DigitsAt(text, joint + 1, kMostDigits);
  if (second == kMostDigits || (seconds >> second & 1) == 0) return false;
  const uint32_t thirds = thirds_[first][second];
  if ((thirds & 1) != 0) return true;
  const size_t third_joint = joint + 1 + second;
  if (third_joint >= text.size()) return false;
  const size_t third = DigitsAt(text, third_joint + 1, kMostDigits);
  return third < kMostDigits && (thirds >> third & 1) != 0;
}

bool NumberFamily::MayBegin(std::string_view text, size_t begin) const noexcept {
  if (IsTail(text, begin)) return false;
  return MayBeWritten(text, begin) || words_.AnyBefore(Candidate{text, begin, begin});
}

// First what is cheap and seldom true: how it is written, then what is before it. Few candidates
// have their digits checked.
size_t NumberFamily::operator()(const Candidate& c) const {
  if (IsTail(c.text, c.begin)) return 0;
  const DigitGroups groups = SplitDigits(c.match());
  const Ends ends(groups);
  const uint32_t first = uint32_t{1} << (groups.sizes[0] % kMostDigits);
  uint16_t last[2 * kMostRules] = {};
  const bool any_word = words_.Find(c, last);
  const uint16_t* const unless = last + rules_.size();
  size_t named_bytes = 0, nearest = 0, written_bytes = 0;
  uint32_t named = 0, written = 0;
  for (uint32_t i = 0; i < rules_.size(); ++i) {
    if ((lengths_[i] & ends.lengths) == 0) continue;
    const bool may_be_written = written_bytes == 0 && (firsts_[i] & first) != 0;
    if (!may_be_written && last[i] <= nearest) continue;
    // "order 12, SSN 536-90-4399": the name that stands nearer decides.
    if (any_word && unless[i] != 0 && unless[i] >= last[i]) continue;
    const NumberRule& rule = rules_[i];
    for (const size_t length : rule.lengths) {
      if ((ends.lengths >> length & 1) == 0) continue;
      const size_t bytes = ends.at[length];
      if (!rule.check(std::string_view(groups.digits).substr(0, length))) continue;
      if (last[i] > nearest) nearest = last[i], named = i, named_bytes = bytes;
      if (written_bytes == 0 && IsWrittenOut(rule, c, groups, length, bytes)) {
        written = i, written_bytes = bytes;
      }
    }
  }
  c.kind = named_bytes != 0 ? named : written;
  return named_bytes != 0 ? named_bytes : written_bytes;
}

}  // namespace kt::policies
