// Text that lies in a text under an encoding: instructions sent as base64 are still instructions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kt::policies {

// The readable texts in `text` that are written as base64 or base64url runs of at least 24
// characters, one level deep. Bounded: 64 runs, 64 KiB decoded; what is beyond is left out.
std::vector<std::string> DecodeBase64Runs(std::string_view text);

}  // namespace kt::policies
