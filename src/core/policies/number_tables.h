// Tables of standards bodies that checks look into.
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::policies {

// Length of an IBAN of a country (ISO 13616 registry); 0: no such country.
size_t IbanLength(std::string_view country) noexcept;

// Is this length of number within an issuer's range (ISO/IEC 7812: Visa, Mastercard, American
// Express, Discover, Diners, JCB, UnionPay, Maestro)?
bool IsIssuedCardRange(std::string_view digits) noexcept;

}  // namespace kt::policies
