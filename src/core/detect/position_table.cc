#include "core/detect/position_table.h"

#include <map>

namespace kt::detect {

void PositionTable::Build(const std::vector<Positions>& candidates) {
  const size_t groups = (candidates.size() + kGroup - 1) / kGroup;
  stride_ = groups * kPlaces;
  all_.assign(groups, 0);
  for (size_t i = 0; i < candidates.size(); ++i) all_[i / kGroup] |= uint64_t{1} << (i % kGroup);
  std::map<std::vector<uint64_t>, uint32_t> known;
  columns_.clear();
  for (size_t byte = 0; byte < 256; ++byte) {
    std::vector<uint64_t> column(stride_);
    for (size_t i = 0; i < candidates.size(); ++i) {
      const Positions& positions = candidates[i];
      uint64_t* const places = column.data() + i / kGroup * kPlaces;
      for (size_t place = 0; place < kPlaces; ++place) {
        const ByteSet& set = place < Positions::kBehind
                                 ? positions.behind[place]
                                 : positions.ahead[place - Positions::kBehind];
        const bool allowed = set[byte];
        if (allowed) places[place] |= uint64_t{1} << (i % kGroup);
      }
    }
    const auto [at, fresh] = known.try_emplace(column, static_cast<uint32_t>(columns_.size()));
    if (fresh) columns_.insert(columns_.end(), column.begin(), column.end());
    column_of_[byte] = at->second;
  }
}

}  // namespace kt::detect
