// Which of many candidates the bytes around a place allow: one look at each byte, for 64 of them at
// once. Private to detect/.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/detect/factor_positions.h"

namespace kt::detect {

class PositionTable {
 public:
  static constexpr size_t kGroup = 64;
  // Candidate i of the list is bit i % kGroup of group i / kGroup.
  void Build(const std::vector<Positions>& candidates);
  size_t groups() const noexcept { return all_.size(); }
  uint64_t all(size_t group) const noexcept { return all_[group]; }
  // Those of the group that may stand there. What the ends of the text cut may go on.
  uint64_t At(size_t group, std::string_view text, size_t at) const noexcept {
    const uint64_t* const columns = columns_.data() + group * kPlaces;
    const auto column = [&](size_t i) {
      return columns + column_of_[static_cast<unsigned char>(text[i])];
    };
    uint64_t allowed = all_[group];
    if (at > 0) allowed &= column(at - 1)[0];
    const size_t ahead = std::min(Positions::kAhead, text.size() - at);
    for (size_t i = 1; i < ahead; ++i) {
      allowed &= column(at + i)[Positions::kBehind + i];
      if (allowed == 0) return 0;
    }
    for (size_t i = 1; i < Positions::kBehind && at > i; ++i) allowed &= column(at - 1 - i)[i];
    return allowed & column(at)[Positions::kBehind];
  }

 private:
  static constexpr size_t kPlaces = Positions::kBehind + Positions::kAhead;

  std::vector<uint64_t> all_;  // by group
  // Bytes that all candidates treat alike share a column: for each group the candidates that allow
  // them at each of the places. By byte: where it begins.
  std::array<uint32_t, 256> column_of_{};
  std::vector<uint64_t> columns_;
  size_t stride_ = 0;
};

}  // namespace kt::detect
