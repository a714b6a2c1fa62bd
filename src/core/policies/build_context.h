// What every policy kind gets when it is compiled.
#pragma once

#include "core/policies/fold_pattern.h"
#include "core/policies/registry.h"

namespace kt::policies {

struct BuildContext {
  const BuildOptions& options;
  bool output = true;  // `stage` lets the policy judge answers
  RuleSink* rules = nullptr;
};

}  // namespace kt::policies
