#include "core/audit/verify_prunings.h"

#include <algorithm>
#include <iterator>

namespace kt::audit {
namespace {

constexpr int64_t kDayUs = 24 * 3600 * int64_t{1'000'000};
constexpr uint64_t kMostDays = 36500;  // so that no sum overflows

}  // namespace

void Prunings::Seal() {
  std::move(unsealed_.begin(), unsealed_.end(), std::back_inserter(sealed_));
  unsealed_.clear();
}

std::string_view Prunings::WhyMissing(const SegmentInfo& first) const {
  // More than is gone may be announced: files go one after the other, behind the record.
  const auto covers = [&](const Pruned& pruned) {
    return pruned.last_segment + 1 >= first.header.segment;
  };
  const auto record = std::find_if(sealed_.begin(), sealed_.end(), covers);
  if (record == sealed_.end()) {
    return "the segments before this one are gone, and no signed record of pruning says so";
  }
  const auto kept_us = static_cast<int64_t>(std::min(record->retention_days, kMostDays)) * kDayUs;
  if (first.header.ts_us > record->ts_us - kept_us) {
    return "the segments before this one were younger than the retention time when they went";
  }
  return {};
}

}  // namespace kt::audit
