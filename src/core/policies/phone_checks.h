// Checks for telephone numbers (pii_checks.h tells what a check is).
#pragma once

#include "core/detect/matcher.h"

namespace kt::policies {

// "+49 151 23456789": a calling code, then a number of that country's plan.
size_t InternationalPhone(const detect::Candidate& candidate);
// "(415) 555-2671", "415-555-2671x12", "415 555 2671": the North American plan.
size_t NorthAmericanPhone(const detect::Candidate& candidate);
// "020 7946 0018", "0151/2345678": a trunk zero, and a number of some country's plan.
size_t NationalPhone(const detect::Candidate& candidate);
// Any form, where the text calls it a phone number: 7 to 13 digits.
size_t NamedPhone(const detect::Candidate& candidate);

// Ten digits with an area code and an exchange that may be given out.
bool IsNorthAmerican(std::string_view digits) noexcept;

}  // namespace kt::policies
