// `kt policy lint`: is this configuration valid, and what in it deserves a second look?
#pragma once

#include <span>

namespace kt::cli {

// 0: valid (also with warnings); 2: not.
int PolicyLint(std::span<char*> arguments);

}  // namespace kt::cli
