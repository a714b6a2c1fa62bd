#include "core/policies/phone_plan.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace kt::policies {
namespace {

struct Range {
  std::string_view low, high;
};
Range RangeOf(std::string_view written) noexcept {
  const size_t dash = written.find('-');
  const std::string_view low = written.substr(0, dash);
  return {low, dash == written.npos ? low : written.substr(dash + 1)};
}

// Ranges ascend and all bounds have the same width, so that text compares as numbers do. Looks
// into the middle of what is left: North America has hundreds of them.
bool Covers(std::string_view ranges, std::string_view national) noexcept {
  size_t begin = 0, end = ranges.size();
  while (begin < end) {
    const size_t comma = ranges.rfind(',', begin + (end - begin) / 2);
    const size_t first = comma == ranges.npos || comma < begin ? begin : comma + 1;
    const size_t last = std::min(ranges.find(',', first), end);
    const Range range = RangeOf(ranges.substr(first, last - first));
    const std::string_view lead = national.substr(0, range.low.size());
    if (lead < range.low) {
      end = first == begin ? begin : first - 1;
    } else if (lead <= range.high) {
      return true;
    } else {
      begin = last + 1;
    }
  }
  return false;
}

size_t NumberOf(std::string_view digits) noexcept {
  size_t number = 0;
  for (const char c : digits) number = number * 10 + static_cast<size_t>(c - '0');
  return number;
}

// The first plan of each calling code, which are in a row; kPhonePlanCount: there is none.
constexpr size_t kCodes = 1000, kMostCodeDigits = 3;
const std::array<uint16_t, kCodes>& FirstPlans() {
  static const std::array<uint16_t, kCodes> kFirst = [] {
    std::array<uint16_t, kCodes> first{};
    first.fill(static_cast<uint16_t>(kPhonePlanCount));
    for (size_t i = kPhonePlanCount; i-- > 0;) {
      first[NumberOf(kPhonePlans[i].code)] = static_cast<uint16_t>(i);
    }
    return first;
  }();
  return kFirst;
}

// Of all countries whose trunk prefix is "0", by the length of their numbers: which are issued.
class TrunkZeroNumbers {
 public:
  TrunkZeroNumbers() {
    for (size_t i = 0; i < kPhonePlanCount; ++i) {
      if (kPhonePlans[i].trunk == "0" && kPhonePlans[i].length < kLengths) Add(kPhonePlans[i]);
    }
    for (std::vector<Numbers>& all : by_length_) Join(&all);
  }
  bool Hold(std::string_view national) const noexcept {
    if (national.size() >= kLengths) return false;
    const std::vector<Numbers>& all = by_length_[national.size()];
    const uint64_t number = NumberOf(national);
    const auto behind = std::upper_bound(
        all.begin(), all.end(), number,
        [](uint64_t wanted, const Numbers& range) { return wanted < range.first; });
    return behind != all.begin() && number <= std::prev(behind)->second;
  }

 private:
  static constexpr size_t kLengths = 19;  // what a number of 64 bits can hold
  using Numbers = std::pair<uint64_t, uint64_t>;

  void Add(const PhonePlan& plan) {
    std::string_view ranges = plan.ranges;
    while (!ranges.empty()) {
      const size_t comma = std::min(ranges.find(','), ranges.size());
      const Range range = RangeOf(ranges.substr(0, comma));
      uint64_t low = NumberOf(range.low), behind = NumberOf(range.high) + 1;
      for (size_t i = range.low.size(); i < plan.length; ++i) low *= 10, behind *= 10;
      by_length_[plan.length].emplace_back(low, behind - 1);
      ranges.remove_prefix(std::min(comma + 1, ranges.size()));
    }
  }
  static void Join(std::vector<Numbers>* all) {
    std::sort(all->begin(), all->end());
    size_t kept = 0;
    for (const Numbers& range : *all) {
      if (kept > 0 && range.first <= (*all)[kept - 1].second + 1) {
        (*all)[kept - 1].second = std::max((*all)[kept - 1].second, range.second);
      } else {
        (*all)[kept++] = range;
      }
    }
    all->resize(kept);
    all->shrink_to_fit();
  }

  std::vector<Numbers> by_length_[kLengths];
};

}  // namespace

std::string_view CallingCodeOf(std::string_view digits) noexcept {
  // No code is the beginning of another one.
  for (size_t size = 1; size <= std::min(digits.size(), kMostCodeDigits); ++size) {
    const std::string_view code = digits.substr(0, size);
    const size_t plan = FirstPlans()[NumberOf(code)];
    if (plan < kPhonePlanCount && kPhonePlans[plan].code == code) return kPhonePlans[plan].code;
  }
  return {};
}

bool IsIssuedNumber(std::string_view code, std::string_view national) noexcept {
  if (code.empty() || code.size() > kMostCodeDigits) return false;
  for (size_t i = FirstPlans()[NumberOf(code)]; i < kPhonePlanCount; ++i) {
    const PhonePlan& plan = kPhonePlans[i];
    if (plan.code != code) return false;
    if (plan.length == national.size() && Covers(plan.ranges, national)) return true;
  }
  return false;
}

bool IsTrunkZeroNumber(std::string_view national) noexcept {
  static const TrunkZeroNumbers kNumbers;
  return kNumbers.Hold(national);
}

}  // namespace kt::policies
