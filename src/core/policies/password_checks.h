// Checks that tell a password from a word, a variable and a placeholder (pii_checks.h tells what a
// check is).
#pragma once

#include "core/detect/matcher.h"

namespace kt::policies {

// The value of "password: …": no placeholder, no variable, not a word; surer of itself where it is
// only mentioned ("password …", "pass=…").
size_t AssignedPassword(const detect::Candidate& candidate);
// "admin:…" behind "curl -u", and what stands behind "-p" of programs that take a password there,
// wherever on their line.
size_t UserPassword(const detect::Candidate& candidate);
size_t TypedPassword(const detect::Candidate& candidate);
// "alice / …", "admin:…" behind "login" or "credentials".
size_t LoginPair(const detect::Candidate& candidate);

}  // namespace kt::policies
