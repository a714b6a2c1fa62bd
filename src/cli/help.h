// The manual pages of kt, one for each command.
#pragma once

#include <string_view>

#include "core/base/status.h"

namespace kt::cli {

// Prints the page of `command` ("gateway run"; empty: the overview) to stdout. Returns 0.
int PrintHelp(std::string_view command);
// Prints `kt <command>: <message>` and where help is to stderr. Returns 2.
int UsageError(std::string_view command, const Status& status);
// Prints `kt: <message>` to stderr. Returns 1.
int Failure(const Status& status);

}  // namespace kt::cli
