#include "cli/child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kt::cli {
namespace {

sigset_t WatchedSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}) {
    sigaddset(&set, signal);
  }
  return set;
}

[[noreturn]] void Execute(const std::vector<std::string>& argv, pid_t parent) {
  // Ctrl-C in a terminal reaches kt only, which then decides; nginx dies with kt.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  const sigset_t watched = WatchedSignals();
  ::sigprocmask(SIG_UNBLOCK, &watched, nullptr);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

}  // namespace

void TakeSignals() {
  // Whoever started kt may have set them to be ignored (nohup); INT and QUIT stay as they came,
  // since a shell ignores them for background jobs.
  for (const int signal : {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}) ::signal(signal, SIG_DFL);
  const sigset_t watched = WatchedSignals();
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
}

Result<Child> Child::Start(const std::vector<std::string>& argv) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return Status::Unavailable(std::string("cannot fork: ") + std::strerror(errno));
  if (pid == 0) Execute(argv, parent);
  return Child(pid);
}

std::optional<int> Child::NextSignal(std::chrono::milliseconds wait) {
  const sigset_t watched = WatchedSignals();
  const auto until = std::chrono::steady_clock::now() + wait;
  while (true) {
    const auto left = until - std::chrono::steady_clock::now();
    const auto ns =
        std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(left).count());
    const timespec timeout = {ns / 1'000'000'000, ns % 1'000'000'000};
    const int signal = ::sigtimedwait(&watched, nullptr, &timeout);
    if (signal < 0 && errno == EINTR) continue;
    if (signal < 0) return std::nullopt;
    if (signal != SIGCHLD) return signal;
    Reap();
    if (exit_status_) return SIGCHLD;
  }
}

void Child::Send(int signal) const {
  if (!exit_status_) ::kill(pid_, signal);
}

void Child::Reap() {
  int status = 0;
  if (exit_status_ || ::waitpid(pid_, &status, WNOHANG) != pid_) return;
  if (WIFEXITED(status)) exit_status_ = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) exit_status_ = 128 + WTERMSIG(status);
}

}  // namespace kt::cli
