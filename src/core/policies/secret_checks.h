// Checks that tell a generated secret from a word, a name or a placeholder (pii_checks.h tells
// what a check is).
#pragma once

#include <string_view>

#include "core/detect/matcher.h"

namespace kt::policies {

// A vendor's prefix and something generated: digits and letters, no placeholder.
size_t GeneratedSecret(const detect::Candidate& candidate);
// A vendor's prefix and letters only, as no words have them.
size_t GeneratedLetters(const detect::Candidate& candidate);
// What stands behind "Authorization: Bearer": no placeholder. It may be as hexadecimal as a hash.
size_t Authorization(const detect::Candidate& candidate);
// The value of "api_key = …": as random as a key is.
size_t AssignedSecret(const detect::Candidate& candidate);
// The same, longer than AssignedSecret is asked about.
size_t LongSecret(const detect::Candidate& candidate);
// The value of "datadog: …", where a vendor's name takes the place of "key".
size_t VendorSecret(const detect::Candidate& candidate);
// The value of any other assignment: random for certain, and not called a hash, an id or a path.
size_t AssignedToken(const detect::Candidate& candidate);

// "acme_live_Zk3…": a prefix and a body that is random for certain; shorter, or hexadecimal, where
// the prefix says "key", "token", "live" or the like. Ids of objects ("call_…") are shorter.
size_t PrefixedToken(const detect::Candidate& candidate);

// The user information of a URL: a scheme and "://" stand before it.
size_t BehindScheme(const detect::Candidate& candidate);

// 40 characters and more that are random for certain, and no line of base64.
size_t BareToken(const detect::Candidate& candidate);

}  // namespace kt::policies
