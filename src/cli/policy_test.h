// `kt policy test`: runs a pack's test cases offline, through the real chain.
#pragma once

#include <span>

namespace kt::cli {

// 0: all pass; 1: some fail; 2: wrong usage, an invalid configuration or suite, or no case at all.
int PolicyTest(std::span<char*> arguments);

}  // namespace kt::cli
