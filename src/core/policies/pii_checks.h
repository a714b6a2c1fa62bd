// Checks that tell a value from a string of the same shape. Each returns how many bytes of the
// candidate count (see detect::Rule::validate), 0 for none. Pure; linear in the candidate.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"

namespace kt::policies {

using Check = std::function<size_t(const detect::Candidate&)>;

// By the name that rule packs use; empty when there is none:
//   card      issuer range and length (ISO/IEC 7812), Luhn, written groups
//   iban      ISO 13616 country length, ISO 7064 mod 97-10
//   ssn       ranges never issued (SSA)
//   email     dots and labels (RFC 5321), no file name, no git remote
//   phone     "+" and a country code (ITU-T E.164) with that country's length
//   phone_us  North American number with the same separator twice
//   ipv4, ipv6             any address (RFC 4291), no version number or scope operator
//   public_ipv4, public_ipv6   the same without private, loopback and multicast ranges (RFC 6890)
//   random    looks generated: digits and letters, little repetition
Check FindCheck(std::string_view name);

// Is one of `words` (lower case) within 40 characters before the candidate, as a word of its own?
bool NearWord(const detect::Candidate& candidate, const std::vector<std::string>& words);

bool PassesLuhn(std::string_view digits) noexcept;  // precondition: digits only

}  // namespace kt::policies
