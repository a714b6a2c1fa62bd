// The log's own records of the segments that retention has taken away.
#pragma once

#include <string_view>
#include <vector>

#include "core/audit/segment.h"
#include "core/audit/verify_headers.h"

namespace kt::audit {

// Filled in the order of the log.
class Prunings {
 public:
  void Add(const Pruned& pruned) { unsealed_.push_back(pruned); }
  // What came before is signed now: by a checkpoint, or by the header of the next segment.
  void Seal();
  // Why the segments before `first` may not be gone; empty: they may.
  std::string_view WhyMissing(const SegmentInfo& first) const;

 private:
  std::vector<Pruned> unsealed_, sealed_;
};

}  // namespace kt::audit
