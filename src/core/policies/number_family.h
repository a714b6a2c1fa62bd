// Identity numbers that are digits only. They all have one shape, so one expression finds the
// candidates, and this class says whose number it is: by check digits, by the way it is written,
// and by the name before it (policies/pii-numbers.yaml).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"
#include "core/policies/context_words.h"
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
  static constexpr size_t kMostRules = 128;
  // Precondition: at most so many rules.
  explicit NumberFamily(std::vector<NumberRule> rules);

  // As detect::Rule::validate; sets candidate.kind to the index of the rule that took it. The name
  // that stands nearest decides, then the order of the rules.
  size_t operator()(const detect::Candidate& candidate) const;
  // As detect::Rule::may_begin: no name is before it, and its first groups are of no form.
  bool MayBegin(std::string_view text, size_t begin) const noexcept;

 private:
  static constexpr size_t kMostDigits = 32;
  bool MayBeWritten(std::string_view text, size_t begin) const noexcept;
  void AddForm(const std::string& form, uint32_t* firsts);

  std::vector<NumberRule> rules_;
  // Of each rule: a bit for each number of digits, all and those of the first group of its forms.
  std::vector<uint32_t> lengths_, firsts_;
  // By the digits of the first group: a bit for each number of digits of the second one, bit 0
  // where it need not have one. By both: the same of the third one.
  std::array<uint32_t, kMostDigits> seconds_{};
  std::array<std::array<uint32_t, kMostDigits>, kMostDigits> thirds_{};
  ContextWords words_;  // the names of each rule, then what must not stand before each
};

}  // namespace kt::policies
