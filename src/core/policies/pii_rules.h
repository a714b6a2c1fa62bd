// Reads the packs of `pii-detector` (policies/pii-*.yaml, policies/secrets.yaml) into rules of the
// matcher, those of the wanted types only.
#pragma once

#include <string>
#include <vector>

#include "core/config/policy_config.h"
#include "core/detect/matcher.h"
#include "core/policies/registry.h"

namespace kt::policies {

struct PiiKind {
  std::string type, label;
  bool weak = false;  // shape only: gives way to a checked type inside which it lies
};

struct PiiRule {
  detect::Rule rule;
  std::vector<PiiKind> kinds;  // by detect::Match::kind; never empty
};

// What a configuration may name: types and their labels.
struct PiiNames {
  std::vector<std::string> entities;
  std::vector<std::string> markers;  // of `custom_markers`: the user's own patterns have one too
  static Result<PiiNames> Read(const PackReader& packs);
};

// kInvalidArgument names file and line, or the entry of `entities` or `custom_markers` that no pack
// knows.
Result<std::vector<PiiRule>> ReadPiiRules(const config::PiiDetector& config,
                                          const PackReader& packs);

}  // namespace kt::policies
