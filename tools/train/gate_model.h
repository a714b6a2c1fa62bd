// The gate of core/detect/gate.h: a linear estimate of a head's raw values from how words begin,
// fitted to what the head says of all windows in training, and the limit below which a window is
// spared.
#pragma once

#include <string>
#include <vector>

#include "evaluate.h"
#include "model.h"
#include "rows.h"

namespace kt::train {

struct GateModel {
  std::vector<float> weights;  // detect::kGateCount
  double bias = 0, limit = 0;
  // Of the windows that the gate is for (kLongWindowWords and more).
  double lost = 0;    // share of those from the operating point on that do not pass
  double passed = 0;  // share of harmless ones that pass
};

GateModel FitGate(const std::vector<const Row*>& rows, Head head, const Model& model,
                  const Calibration& calibration, uint64_t seed);

}  // namespace kt::train
