#include "core/audit/doorbell.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace kt::audit {

Doorbell::~Doorbell() {
  if (fd_ >= 0) close(fd_);
}
Doorbell::Doorbell(Doorbell&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Doorbell& Doorbell::operator=(Doorbell&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Result<Doorbell> Doorbell::Open(const std::string& ring_directory) {
  const std::string path = ring_directory + "/bell";
  if (mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST) {
    return Status::Unavailable("audit ring: make \"" + path + "\": " + std::strerror(errno));
  }
  Doorbell bell;
  bell.fd_ = open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (bell.fd_ < 0) {
    return Status::Unavailable("audit ring: open \"" + path + "\": " + std::strerror(errno));
  }
  struct stat info;
  if (fstat(bell.fd_, &info) != 0 || !S_ISFIFO(info.st_mode)) {
    return Status::InvalidArgument("audit ring: \"" + path + "\" is no FIFO; remove it");
  }
  return bell;
}

void Doorbell::Ring() const noexcept {
  const char byte = 1;
  // Full is as good as rung.
  if (fd_ >= 0 && write(fd_, &byte, 1) < 0) return;
}

void Doorbell::Clear() const noexcept {
  char bytes[256];
  while (fd_ >= 0 && read(fd_, bytes, sizeof bytes) == sizeof bytes) continue;
}

}  // namespace kt::audit
