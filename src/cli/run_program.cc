#include "cli/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace kt::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxOutput = 64 * 1024;

Result<pid_t> Spawn(const std::vector<std::string>& argv, int output) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return Status::Unavailable(argv[0] + " cannot be run: " + std::strerror(error));
}

// Reads to the end. False: `until` came first.
bool ReadAll(int fd, Clock::time_point until, std::string* output) {
  char buffer[4096];
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd waiting = {fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<int64_t>(0, left)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    output->append(buffer, std::min(static_cast<size_t>(n), kMaxOutput - output->size()));
  }
}

}  // namespace

Result<ProgramResult> RunProgram(const std::vector<std::string>& argv,
                                 std::chrono::milliseconds timeout) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) {
    return Status::Unavailable(std::string("no pipe: ") + std::strerror(errno));
  }
  const Result<pid_t> pid = Spawn(argv, pipe[1]);
  ::close(pipe[1]);
  if (!pid.ok()) {
    ::close(pipe[0]);
    return pid.status();
  }
  ProgramResult result;
  const bool ended = ReadAll(pipe[0], Clock::now() + timeout, &result.output);
  ::close(pipe[0]);
  if (!ended) ::kill(pid.value(), SIGKILL);
  int status = 0;
  while (::waitpid(pid.value(), &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return Status::Unavailable(argv[0] + " did not end in time");
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace kt::cli
