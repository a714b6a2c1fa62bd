// A program run to its end, with what it wrote.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace kt::cli {

struct ProgramResult {
  int exit_status = 0;  // as a shell gives it
  std::string output;   // stdout and stderr, cut at 64 KiB
};

// Runs argv[0] (an absolute path) with the present environment and no input; kUnavailable when it
// cannot be started, or was killed because it took longer than `timeout`.
Result<ProgramResult> RunProgram(const std::vector<std::string>& argv,
                                 std::chrono::milliseconds timeout);

}  // namespace kt::cli
