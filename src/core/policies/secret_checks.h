// Checks that tell a generated secret from a word, a name or a placeholder (pii_checks.h tells
// what a check is).
#pragma once

#include <string_view>

#include "core/detect/matcher.h"

namespace kt::policies {

// A vendor's prefix and something generated: digits and letters, no placeholder.
size_t GeneratedSecret(const detect::Candidate& candidate);
// The value of "api_key = …": as random as a key is.
size_t AssignedSecret(const detect::Candidate& candidate);
// The value of "password: …": no placeholder, no variable, not a word; surer of itself where it is
// only mentioned ("password …", "pass=…").
size_t AssignedPassword(const detect::Candidate& candidate);
// "admin:…" behind "curl -u", and what stands behind "-p" of programs that take a password there.
size_t UserPassword(const detect::Candidate& candidate);
size_t TypedPassword(const detect::Candidate& candidate);
// The value of "datadog: …", where a vendor's name takes the place of "key".
size_t VendorSecret(const detect::Candidate& candidate);
// The value of any other assignment: random for certain, and not called a hash, an id or a path.
size_t AssignedToken(const detect::Candidate& candidate);

// "acme_live_Zk3…": a prefix and a body that is random for certain; shorter, or hexadecimal, where
// the prefix says "key", "token", "live" or the like. Ids of objects ("call_…") are shorter.
size_t PrefixedToken(const detect::Candidate& candidate);

// 40 characters and more that are random for certain, and no line of base64.
size_t BareToken(const detect::Candidate& candidate);

// "xxxx", "your_api_key", "${TOKEN}", "AKIA…EXAMPLE": stands for a secret, is none.
bool IsPlaceholder(std::string_view value);

}  // namespace kt::policies
