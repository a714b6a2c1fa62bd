// A private directory for one run of nginx: configuration, pid file, token, temporary files.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace kt::cli {

// The account that nginx's workers run under when kt runs as root.
struct Account {
  std::string name, group;
  uid_t uid;
  gid_t gid;
};
// `name` empty: www-data, or nobody where there is no such account.
Result<Account> FindAccount(const std::string& name);

class RunDirectory {
 public:
  // Below $XDG_RUNTIME_DIR (not for root), $TMPDIR or /tmp; mode 0700. With a worker account (kt is
  // root) its group may pass through (0710) to the temporary files, which belong to the account;
  // what the master reads stays root's.
  static Result<std::unique_ptr<RunDirectory>> Create(const Account* workers);
  // Removes it with all it holds.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }
  // Writes `name` with mode 0600 and returns its path.
  Result<std::string> Write(const std::string& name, std::string_view content) const;

 private:
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// $XDG_STATE_HOME/keeptrusts/audit or ~/.local/state/keeptrusts/audit; for root
// /var/lib/keeptrusts/audit.
Result<std::string> DefaultAuditDirectory();
// Makes `path` (0750, with its parents) when it is missing; new ones belong to the worker account.
Status MakeAuditDirectory(const std::string& path, const Account* workers);

}  // namespace kt::cli
