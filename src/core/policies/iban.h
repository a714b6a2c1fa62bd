// International bank account numbers (ISO 13616).
#pragma once

#include <cstddef>
#include <string_view>

#include "core/detect/matcher.h"

namespace kt::policies {

// How many bytes of the text, with the blanks and dashes in between, the number takes that it
// begins with; 0: none begins it: no such country, too short, or its remainder is wrong.
size_t IbanBytes(std::string_view text) noexcept;

// The check of rule packs (pii_checks.h).
size_t Iban(const detect::Candidate& candidate);

}  // namespace kt::policies
