// nginx as a child process: started in a process group of its own, watched by signals.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace kt::cli {

// Takes SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 and SIGCHLD away from their default
// actions for the rest of the process: they are read by Child::NextSignal. Call it before the
// first thing that must be cleaned up.
void TakeSignals();

class Child {
 public:
  // Runs argv[0] (an absolute path) with the present environment. It is sent SIGTERM when kt dies.
  static Result<Child> Start(const std::vector<std::string>& argv);

  // The next signal for kt, or nullopt after `wait`. SIGCHLD is reported only once the child has
  // ended; then exit_status() is set.
  std::optional<int> NextSignal(std::chrono::milliseconds wait);
  void Send(int signal) const;

  // As a shell gives it: the exit code, or 128 + signal; nullopt while it runs.
  std::optional<int> exit_status() const noexcept { return exit_status_; }

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  void Reap();
  pid_t pid_;
  std::optional<int> exit_status_;
};

}  // namespace kt::cli
