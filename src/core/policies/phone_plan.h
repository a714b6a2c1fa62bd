// The numbering plans of all countries, by length and leading digits (ITU-T E.164 and the national
// plans, as libphonenumber knows them; scripts/generate-phone-plan writes the table).
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::policies {

struct PhonePlan {
  std::string_view code;    // country calling code
  std::string_view trunk;   // what is dialled before a national number at home; may be empty
  size_t length;            // digits of the national number
  std::string_view ranges;  // its leading digits: "10-14,20,31-39"
};
extern const PhonePlan kPhonePlans[];
extern const size_t kPhonePlanCount;

// The calling code that `digits` begin with; empty when there is none.
std::string_view CallingCodeOf(std::string_view digits) noexcept;
// May `national` be a number behind that code?
bool IsIssuedNumber(std::string_view code, std::string_view national) noexcept;
// May it be one of any country whose trunk prefix is "0" (written with or without it)?
bool IsTrunkZeroNumber(std::string_view national) noexcept;

}  // namespace kt::policies
