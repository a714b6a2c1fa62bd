#include "core/policies/phone_plan.h"

namespace kt::policies {
namespace {

// Ranges ascend and all bounds have the same width, so that text compares as numbers do.
bool Covers(std::string_view ranges, std::string_view national) noexcept {
  while (!ranges.empty()) {
    const size_t comma = ranges.find(',');
    const std::string_view range = ranges.substr(0, comma);
    const size_t dash = range.find('-');
    const std::string_view low = range.substr(0, dash);
    const std::string_view high = dash == range.npos ? low : range.substr(dash + 1);
    const std::string_view lead = national.substr(0, low.size());
    if (lead < low) return false;
    if (lead <= high) return true;
    if (comma == ranges.npos) return false;
    ranges.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

std::string_view CallingCodeOf(std::string_view digits) noexcept {
  // No code is the beginning of another one.
  for (size_t i = 0; i < kPhonePlanCount; ++i) {
    if (digits.starts_with(kPhonePlans[i].code)) return kPhonePlans[i].code;
  }
  return {};
}

bool IsIssuedNumber(std::string_view code, std::string_view national) noexcept {
  for (size_t i = 0; i < kPhonePlanCount; ++i) {
    const PhonePlan& plan = kPhonePlans[i];
    if (plan.code == code && plan.length == national.size() && Covers(plan.ranges, national)) {
      return true;
    }
  }
  return false;
}

bool IsTrunkZeroNumber(std::string_view national) noexcept {
  for (size_t i = 0; i < kPhonePlanCount; ++i) {
    const PhonePlan& plan = kPhonePlans[i];
    if (plan.trunk == "0" && plan.length == national.size() && Covers(plan.ranges, national)) {
      return true;
    }
  }
  return false;
}

}  // namespace kt::policies
