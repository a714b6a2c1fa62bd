// The system calls of the audit log, so that tests can make each of them fail. Files are named
// relative to an open directory; nothing follows a link. Methods return what the call returns, or
// -errno.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace kt::audit {

// Closes at the end of its life.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();

  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }
  int Release() noexcept;
  void Reset();

 private:
  int fd_ = -1;
};

struct FileInfo {
  bool regular = false;
  uint64_t size = 0, links = 0, inode = 0, device = 0;
};

// For `directory`: names are relative to the working directory, or absolute.
inline constexpr int kWorkingDirectory = -100;  // AT_FDCWD

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  static FileSystem* Real();  // lives as long as the process

  virtual int MakeDirectory(const std::string& path, mode_t mode);
  virtual int OpenDirectory(const std::string& path);
  // O_NOFOLLOW, O_CLOEXEC and O_NONBLOCK (a FIFO does not hold us up) are added to `flags`.
  virtual int Open(int directory, const std::string& name, int flags, mode_t mode);
  virtual ssize_t Write(int fd, std::string_view bytes);
  virtual ssize_t Read(int fd, char* buffer, size_t size, uint64_t offset);
  virtual int DataSync(int fd);
  virtual int Sync(int fd);  // also of a directory
  virtual int Truncate(int fd, uint64_t size);
  virtual int Rename(int directory, const std::string& from, const std::string& to);
  virtual int Unlink(int directory, const std::string& name);
  virtual int Lock(int fd);  // exclusive, without waiting
  virtual int Stat(int fd, FileInfo* info);
  virtual int StatPath(const std::string& path, FileInfo* info);
  virtual int List(int directory, std::vector<std::string>* names);
};

// "audit log: cannot <what>: <reason>"; `error` as errno or -errno.
Status FileFailure(std::string_view what, int error);
// Writes all, also over short writes.
Status WriteAll(FileSystem* fs, int fd, std::string_view bytes, std::string_view what);
// Opens a regular file, for writing only one without a second name (a hard link elsewhere).
// kNotFound when there is none, kInvalidArgument when it is something else (a link, a FIFO).
Result<Fd> OpenRegular(FileSystem* fs, int directory, const std::string& name, int flags);
// A small file's content; kResourceExhausted above `max_bytes`.
Result<std::string> ReadFile(FileSystem* fs, int directory, const std::string& name,
                             size_t max_bytes);
// The same for a path that the user has given, links followed (mounted secrets are links).
Result<std::string> ReadGivenFile(const std::string& path, size_t max_bytes);
// Writes `name` so that after a crash there is either the old content or the new: a temporary
// file, fsync, rename, fsync of the directory.
Status ReplaceFile(FileSystem* fs, int directory, const std::string& name, std::string_view bytes,
                   mode_t mode);

}  // namespace kt::audit
