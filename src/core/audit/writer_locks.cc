#include "core/audit/writer_locks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kt::audit {
namespace {

bool TryLock(int fd) noexcept {
  return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

WriterLocks::~WriterLocks() {
  Release();
}

Status WriterLocks::OpenFiles() {
  const auto open_one = [this](const char* name) {
    // O_NONBLOCK: a FIFO of that name must not stop us.
    return open((directory_ + "/" + name).c_str(),
                O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  };
  writer_ = open_one("rings.lock");
  successor_ = writer_ < 0 ? -1 : open_one("successor.lock");
  if (successor_ >= 0) return Status::Ok();
  const Status failed = Status::Unavailable("audit writer: open the locks in \"" + directory_ +
                                            "\": " + std::strerror(errno));
  Release();
  return failed;
}

Result<bool> WriterLocks::Acquire() {
  if (writer_ < 0) {
    if (Status opened = OpenFiles(); !opened.ok()) return opened;
  }
  const bool next = TryLock(successor_);
  if (!TryLock(writer_)) return false;
  if (next) flock(successor_, LOCK_UN);
  return true;
}

void WriterLocks::Release() noexcept {
  if (writer_ >= 0) close(writer_);
  if (successor_ >= 0) close(successor_);
  writer_ = successor_ = -1;
}

bool WriterLocks::SuccessorWaits() const noexcept {
  if (successor_ < 0) return false;
  if (!TryLock(successor_)) return true;
  flock(successor_, LOCK_UN);
  return false;
}

}  // namespace kt::audit
