// Checks that tell a value from a string of the same shape. Each returns how many bytes of the
// candidate count (see detect::Rule::validate), 0 for none. Pure; linear in the candidate.
#pragma once

#include <functional>
#include <string_view>

#include "core/detect/matcher.h"

namespace kt::policies {

using Check = std::function<size_t(const detect::Candidate&)>;

// By the name that rule packs use; empty when there is none:
//   card      issuer range and length (ISO/IEC 7812), Luhn, written groups
//   iban      ISO 13616 country length, ISO 7064 mod 97-10 (iban.h)
//   email     dots and labels (RFC 5321), no file name, no git remote
//   phone, phone_us, phone_national, phone_named   see phone_checks.h
//   ipv4, ipv6             any address (RFC 4291), no version number or scope operator
//   public_ipv4, public_ipv6   the same without private, loopback and multicast ranges (RFC 6890)
//   generated, generated_letters, authorization, assigned_secret, long_secret, assigned_token,
//   prefixed_token, bare_token, vendor_secret, scheme   see secret_checks.h
//   assigned_password, user_password, typed_password, login_pair
//                          see password_checks.h
//   and those of token_checks.h
Check FindCheck(std::string_view name);

}  // namespace kt::policies
