// Checks for internet addresses (pii_checks.h tells what a check is).
#pragma once

#include "core/detect/matcher.h"

namespace kt::policies {

size_t AnyIpv4(const detect::Candidate& candidate);
size_t PublicIpv4(const detect::Candidate& candidate);
size_t AnyIpv6(const detect::Candidate& candidate);
size_t PublicIpv6(const detect::Candidate& candidate);

}  // namespace kt::policies
