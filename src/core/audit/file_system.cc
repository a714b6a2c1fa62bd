#include "core/audit/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace kt::audit {
namespace {

template <typename Call>
auto Retried(const Call& call) -> decltype(call()) {
  while (true) {
    const auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) return -errno;
  }
}

FileInfo ToInfo(const struct stat& info) {
  return {S_ISREG(info.st_mode), static_cast<uint64_t>(info.st_size), info.st_nlink, info.st_ino,
          info.st_dev};
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = other.Release();
  }
  return *this;
}

Fd::~Fd() {
  Reset();
}

int Fd::Release() noexcept {
  return std::exchange(fd_, -1);
}

void Fd::Reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

FileSystem* FileSystem::Real() {
  static FileSystem real;
  return &real;
}

int FileSystem::MakeDirectory(const std::string& path, mode_t mode) {
  return mkdir(path.c_str(), mode) == 0 ? 0 : -errno;
}

int FileSystem::OpenDirectory(const std::string& path) {
  return Retried(
      [&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); });
}

int FileSystem::Open(int directory, const std::string& name, int flags, mode_t mode) {
  return Retried([&] {
    return openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode);
  });
}

ssize_t FileSystem::Write(int fd, std::string_view bytes) {
  return Retried([&] { return write(fd, bytes.data(), bytes.size()); });
}

ssize_t FileSystem::Read(int fd, char* buffer, size_t size, uint64_t offset) {
  return Retried([&] { return pread(fd, buffer, size, static_cast<off_t>(offset)); });
}

int FileSystem::DataSync(int fd) {
  return Retried([&] { return fdatasync(fd); });
}

int FileSystem::Sync(int fd) {
  return Retried([&] { return fsync(fd); });
}

int FileSystem::Truncate(int fd, uint64_t size) {
  return Retried([&] { return ftruncate(fd, static_cast<off_t>(size)); });
}

int FileSystem::Rename(int directory, const std::string& from, const std::string& to) {
  return renameat(directory, from.c_str(), directory, to.c_str()) == 0 ? 0 : -errno;
}

int FileSystem::Unlink(int directory, const std::string& name) {
  return unlinkat(directory, name.c_str(), 0) == 0 ? 0 : -errno;
}

int FileSystem::Lock(int fd) {
  return Retried([&] { return flock(fd, LOCK_EX | LOCK_NB); });
}

int FileSystem::Stat(int fd, FileInfo* info) {
  struct stat raw;
  if (fstat(fd, &raw) != 0) return -errno;
  *info = ToInfo(raw);
  return 0;
}

int FileSystem::StatPath(const std::string& path, FileInfo* info) {
  struct stat raw;
  if (lstat(path.c_str(), &raw) != 0) return -errno;
  *info = ToInfo(raw);
  return 0;
}

namespace {

int ListOnce(int directory, std::vector<std::string>* names) {
  // A descriptor of its own: closedir takes it along, and reading moves its offset.
  const int copy = Retried([&] { return openat(directory, ".", O_RDONLY | O_CLOEXEC); });
  if (copy < 0) return copy;
  DIR* stream = fdopendir(copy);
  if (stream == nullptr) {
    const int error = errno;
    close(copy);
    return -error;
  }
  names->clear();
  errno = 0;
  while (const dirent* entry = readdir(stream)) names->emplace_back(entry->d_name);
  const int error = errno;
  closedir(stream);
  std::sort(names->begin(), names->end());
  return -error;
}

}  // namespace

// While others create and rename files, readdir may leave out entries that are there all the time:
// only what two readings agree on is taken.
int FileSystem::List(int directory, std::vector<std::string>* names) {
  constexpr int kTries = 20;
  int error = ListOnce(directory, names);
  for (int i = 0; i < kTries && error == 0; ++i) {
    std::vector<std::string> before = std::move(*names);
    error = ListOnce(directory, names);
    if (*names == before) break;
  }
  return error;
}

Status FileFailure(std::string_view what, int error) {
  return Status::Unavailable("audit log: cannot " + std::string(what) + ": " +
                             std::strerror(std::abs(error)));
}

Status WriteAll(FileSystem* fs, int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t n = fs->Write(fd, bytes);
    if (n <= 0) return FileFailure(what, n < 0 ? static_cast<int>(n) : EIO);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Status::Ok();
}

Result<Fd> OpenRegular(FileSystem* fs, int directory, const std::string& name, int flags) {
  Fd fd(fs->Open(directory, name, flags, 0));
  if (fd.get() == -ENOENT) return Status::NotFound("audit log: there is no " + name);
  // What open says of links, directories, sockets, and FIFOs without a reader.
  const bool other = fd.get() == -ELOOP || fd.get() == -EISDIR || fd.get() == -ENXIO;
  if (!fd.valid() && !other) return FileFailure("open " + name, fd.get());
  FileInfo info;
  if (const int error = other ? 0 : fs->Stat(fd.get(), &info); error != 0) {
    return FileFailure("stat " + name, error);
  }
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if (!info.regular || (writes && info.links != 1)) {
    return Status::InvalidArgument("audit log: " + name + " is no regular file of one name");
  }
  return fd;
}

namespace {

Result<std::string> ReadWhole(FileSystem* fs, int fd, const std::string& name, size_t max_bytes) {
  std::string text(max_bytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = fs->Read(fd, text.data() + size, text.size() - size, size);
    if (n < 0) return FileFailure("read " + name, static_cast<int>(n));
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > max_bytes) return Status::ResourceExhausted("audit log: " + name + " is too large");
  text.resize(size);
  return text;
}

}  // namespace

Result<std::string> ReadFile(FileSystem* fs, int directory, const std::string& name,
                             size_t max_bytes) {
  Result<Fd> fd = OpenRegular(fs, directory, name, O_RDONLY);
  return fd.ok() ? ReadWhole(fs, fd->get(), name, max_bytes) : Result<std::string>(fd.status());
}

Result<std::string> ReadGivenFile(const std::string& path, size_t max_bytes) {
  const Fd fd(Retried([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (!fd.valid()) return FileFailure("open " + path, fd.get());
  return ReadWhole(FileSystem::Real(), fd.get(), path, max_bytes);
}

Status ReplaceFile(FileSystem* fs, int directory, const std::string& name, std::string_view bytes,
                   mode_t mode) {
  const std::string temporary = name + ".new";
  fs->Unlink(directory, temporary);
  Fd fd(fs->Open(directory, temporary, O_WRONLY | O_CREAT | O_EXCL, mode));
  if (!fd.valid()) return FileFailure("create " + temporary, fd.get());
  Status status = WriteAll(fs, fd.get(), bytes, "write " + temporary);
  int error = 0;
  if (status.ok() && (error = fs->Sync(fd.get())) != 0) {
    status = FileFailure("sync " + temporary, error);
  }
  if (status.ok() && (error = fs->Rename(directory, temporary, name)) != 0) {
    status = FileFailure("rename " + temporary, error);
  }
  if (!status.ok()) {
    fs->Unlink(directory, temporary);
    return status;
  }
  error = fs->Sync(directory);
  return error == 0 ? Status::Ok() : FileFailure("sync the directory", error);
}

}  // namespace kt::audit
