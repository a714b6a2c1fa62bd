// `kt gateway run`: writes an nginx.conf into a private directory and runs nginx in the foreground.
#pragma once

#include <span>

namespace kt::cli {

// nginx's exit status; 2: wrong usage or configuration; 1: it could not be started.
int GatewayRun(std::span<char*> arguments);

}  // namespace kt::cli
