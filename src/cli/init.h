// `kt init`: a configuration to begin with.
#pragma once

#include <span>

namespace kt::cli {

// 0: written; 1: it could not be, or a file is there already; 2: wrong usage.
int Init(std::span<char*> arguments);

}  // namespace kt::cli
