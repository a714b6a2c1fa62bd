// Identity numbers that are digits only. They all have one shape, so one expression finds the
// candidates, and this class says whose number it is: by check digits, by the way it is written,
// and by the name before it (CONTRACT 2.3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/detect/matcher.h"
#include "core/policies/id_checks.h"

namespace kt::policies {

struct NumberRule {
  std::vector<size_t> lengths;      // digits
  DigitCheck check = nullptr;       // never null
  std::vector<std::string> forms;   // number_forms.h; written so it counts without a name
  std::vector<std::string> names;   // with one of these before it, it counts in any form
  std::vector<std::string> unless;  // with one of these before it, it never counts
  // Random digits pass the check less than once in 10,000: it counts without form and name.
  bool bare = false;
  // A North American phone number with dashes is that, unless the name says otherwise.
  bool phone_first = false;
};

class NumberFamily {
 public:
  explicit NumberFamily(std::vector<NumberRule> rules);

  // As detect::Rule::validate; sets candidate.kind to the index of the rule that took it. The name
  // that stands nearest decides, then the order of the rules.
  size_t operator()(const detect::Candidate& candidate) const;

 private:
  std::vector<NumberRule> rules_;
  std::vector<uint32_t> lengths_;  // of each rule, a bit for each number of digits
};

}  // namespace kt::policies
