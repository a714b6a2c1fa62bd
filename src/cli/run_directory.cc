#include "cli/run_directory.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

Status SystemError(const std::string& what) {
  return Status::Unavailable(what + ": " + std::strerror(errno));
}

std::string Environment(const char* name) {
  const char* value = ::getenv(name);
  return value != nullptr ? value : "";
}

// Where private, short-lived files of this user go. Into root's own runtime directory no other
// account gets, so it does not do for workers.
std::string TemporaryRoot(const Account* workers) {
  for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    const std::string path = Environment(name);
    if (workers != nullptr && name == std::string_view("XDG_RUNTIME_DIR")) continue;
    if (path.starts_with('/') && ::access(path.c_str(), W_OK | X_OK) == 0) return path;
  }
  return "/tmp";
}

Status MakeDirectory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) return SystemError("cannot create " + path);
  return Status::Ok();
}

}  // namespace

Result<Account> FindAccount(const std::string& name) {
  const std::vector<std::string> candidates =
      name.empty() ? std::vector<std::string>{"www-data", "nobody"} : std::vector{name};
  for (const std::string& candidate : candidates) {
    const struct passwd* entry = ::getpwnam(candidate.c_str());
    if (entry == nullptr) continue;
    Account account{candidate, "", entry->pw_uid, entry->pw_gid};
    const struct group* group = ::getgrgid(account.gid);
    if (group == nullptr)
      return Status::InvalidArgument("the group of " + candidate + " has no name");
    account.group = group->gr_name;
    return account;
  }
  return Status::InvalidArgument("no such user: " + candidates.front());
}

Result<std::unique_ptr<RunDirectory>> RunDirectory::Create(const Account* workers) {
  std::string path = TemporaryRoot(workers) + "/keeptrusts-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return SystemError("cannot create " + path);
  std::unique_ptr<RunDirectory> directory(new RunDirectory(path));
  const std::string temporary = path + "/temp";
  if (Status made = MakeDirectory(temporary, 0700); !made.ok()) return made;
  if (workers != nullptr) {
    const bool ok = ::chown(path.c_str(), static_cast<uid_t>(-1), workers->gid) == 0 &&
                    ::chmod(path.c_str(), 0710) == 0 &&
                    ::chown(temporary.c_str(), workers->uid, workers->gid) == 0;
    if (!ok) return SystemError("cannot hand " + temporary + " to " + workers->name);
  }
  return directory;
}

RunDirectory::~RunDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Result<std::string> RunDirectory::Write(const std::string& name, std::string_view content) const {
  const std::string path = path_ + "/" + name;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return SystemError("cannot create " + path);
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const Status failed = SystemError("cannot write " + path);
      ::close(fd);
      return failed;
    }
    content.remove_prefix(static_cast<size_t>(n));
  }
  if (::close(fd) != 0) return SystemError("cannot write " + path);
  return path;
}

Result<std::string> DefaultAuditDirectory() {
  if (::geteuid() == 0) return std::string("/var/lib/keeptrusts/audit");
  std::string state = Environment("XDG_STATE_HOME");
  if (!state.starts_with('/')) {
    const std::string home = Environment("HOME");
    if (!home.starts_with('/')) {
      return Status::InvalidArgument("no HOME and no XDG_STATE_HOME: say --audit-dir");
    }
    state = home + "/.local/state";
  }
  return state + "/keeptrusts/audit";
}

Status MakeAuditDirectory(const std::string& path, const Account* workers) {
  std::error_code error;
  if (fs::is_directory(path, error)) return Status::Ok();
  fs::create_directories(fs::path(path).parent_path(), error);
  if (Status made = MakeDirectory(path, 0750); !made.ok()) return made;
  if (workers != nullptr && ::chown(path.c_str(), workers->uid, workers->gid) != 0) {
    return SystemError("cannot hand " + path + " to " + workers->name);
  }
  return Status::Ok();
}

}  // namespace kt::cli
