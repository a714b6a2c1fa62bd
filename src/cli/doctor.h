// `kt doctor`: what stands in the way of the gateway on this machine.
#pragma once

#include <span>

namespace kt::cli {

// 0: all good; 1: something is wrong; 2: wrong usage.
int Doctor(std::span<char*> arguments);

}  // namespace kt::cli
