// Check digits and ranges of identity numbers that are digits only. Each rule says where it stands
// in the pack (policies/pii-numbers.yaml); names there are those of FindDigitCheck.
#pragma once

#include <string_view>

namespace kt::policies {

// Precondition: digits only, of a length that the rule lists.
using DigitCheck = bool (*)(std::string_view digits);

DigitCheck FindDigitCheck(std::string_view name) noexcept;  // null when there is none

bool PassesLuhn(std::string_view digits) noexcept;

}  // namespace kt::policies
