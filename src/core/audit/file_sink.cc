#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/audit/sink.h"

namespace kt::audit {
namespace {

constexpr size_t kMaxPendingLines = 1000;
// Room is asked for in steps, so that most admissions cost one fstat.
constexpr off_t kReserveStep = 64 * static_cast<off_t>(kMaxRecordBytes);

Status Failure(const char* what, int error) {
  return Status::Unavailable(std::string("audit file: ") + what + ": " + std::strerror(error));
}

class FileSink final : public Sink {
 public:
  explicit FileSink(std::function<int()> fd) : fd_(std::move(fd)) {}

  Status Admit() override {
    if (Status status = WritePending(); !status.ok()) return status;
    if (Status status = Reserve(); !status.ok()) return status;
    ++admitted_;
    return Status::Ok();
  }

  Status Append(const Record& record) override {
    if (admitted_ > 0) --admitted_;
    // A number is used up also by a dropped record: the gap shows it.
    const uint64_t seq = ++seq_;
    if (pending_.size() >= kMaxPendingLines) {
      if (WritePending().ok()) return AppendLine(record, seq);
      ++dropped_;
      return Status::Unavailable("audit file: too many records wait, one was dropped");
    }
    return AppendLine(record, seq);
  }

  void Cancel() override {
    if (admitted_ > 0) --admitted_;
  }

  uint64_t written() const noexcept override { return written_; }
  uint64_t dropped() const noexcept override { return dropped_; }

 private:
  struct Line {
    std::string bytes;
    size_t done = 0;      // bytes that are in the file already
    off_t end_after = 0;  // the file's size when the write stopped in the middle; -1: unknown
  };

  Status AppendLine(const Record& record, uint64_t seq) {
    pending_.push_back({ToJsonLine(record, seq) + "\n", 0, 0});
    return WritePending();
  }

  Status WritePending() {
    const int fd = fd_();
    if (fd < 0) return Failure("not open", EBADF);
    while (!pending_.empty()) {
      if (Status status = WriteFront(fd); !status.ok()) return status;
      pending_.pop_front();
      ++written_;
    }
    return Status::Ok();
  }

  // Another process may have appended behind a line that is half written. Then the rest would
  // spoil its line too: the whole line is written again, on a line of its own.
  void Resume(int fd, Line* line) {
    if (line->done == 0 || line->end_after < 0) return;
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size == line->end_after) return;
    line->bytes.insert(0, "\n");
    line->done = 0;
  }

  Status WriteFront(int fd) {
    Line& line = pending_.front();
    Resume(fd, &line);
    while (line.done < line.bytes.size()) {
      const ssize_t n = write(fd, line.bytes.data() + line.done, line.bytes.size() - line.done);
      if (n > 0) {
        line.done += static_cast<size_t>(n);
        continue;
      }
      const int error = n < 0 ? errno : EIO;
      if (error == EINTR) continue;
      struct stat info;
      const bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
      line.end_after = regular ? info.st_size : -1;
      return Failure("write", error);
    }
    return Status::Ok();
  }

  // Room for all admitted records, this one included. Blocks behind the end are kept by the file
  // system; other processes on the same file draw on them too, so this is no promise, only an
  // early warning of a full disk.
  Status Reserve() {
    const int fd = fd_();
    struct stat info;
    if (fstat(fd, &info) != 0) return Failure("stat", errno);
    if (!S_ISREG(info.st_mode)) return Status::Ok();
    if (info.st_ino != inode_ || info.st_dev != device_) {
      inode_ = info.st_ino;
      device_ = info.st_dev;
      reserved_until_ = 0;
    }
    const off_t need = static_cast<off_t>((admitted_ + 1) * kMaxRecordBytes);
    if (info.st_size + need <= reserved_until_) return Status::Ok();
    for (const off_t more : {kReserveStep, off_t{0}}) {
      const int error = Allocate(fd, info.st_size, need + more);
      if (error == 0) {
        reserved_until_ = info.st_size + need + more;
        return Status::Ok();
      }
      if (error == EOPNOTSUPP || error == ENOSYS || error == EINVAL) return Status::Ok();
      if (more == 0) return Failure("reserve", error);
    }
    return Status::Ok();
  }

  static int Allocate(int fd, off_t offset, off_t length) {
    while (fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  std::function<int()> fd_;
  std::deque<Line> pending_;
  uint64_t admitted_ = 0, seq_ = 0, written_ = 0, dropped_ = 0;
  ino_t inode_ = 0;
  dev_t device_ = 0;
  off_t reserved_until_ = 0;
};

}  // namespace

std::unique_ptr<Sink> NewFileSink(std::function<int()> fd) {
  return std::make_unique<FileSink>(std::move(fd));
}

}  // namespace kt::audit
