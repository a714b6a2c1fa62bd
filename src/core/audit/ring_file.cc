#include "core/audit/ring_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "core/base/random.h"

namespace kt::audit {
namespace {

constexpr std::string_view kPrefix = "ring-", kUnfinished = ".new";
constexpr int kCreateTries = 16;

Status Failure(const std::string& what, int error = errno) {
  return Status::Unavailable("audit ring: " + what + ": " + std::strerror(error));
}

// A descriptor that is closed at the end of its block.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Descriptor OpenDirectory(const std::string& directory) {
  return Descriptor(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int Allocate(int fd, off_t bytes) {
  for (;;) {
    const int error = posix_fallocate(fd, 0, bytes);
    if (error != EINTR) return error;
  }
}

// The file is locked, its blocks are there and its header is filled. False: errno says why.
bool Prepare(int fd, RingId id, uint64_t data_bytes, std::span<uint8_t>* memory) {
  const uint32_t slots = SlotCount(data_bytes);
  const uint64_t bytes = DataOffset(slots) + data_bytes;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
  if (const int error = Allocate(fd, static_cast<off_t>(bytes)); error != 0) {
    errno = error;
    return false;
  }
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return false;
  *memory = {static_cast<uint8_t*>(mapped), bytes};
  auto* header = static_cast<RingHeader*>(mapped);
  header->version = kRingVersion;
  header->slot_count = slots;
  header->data_offset = DataOffset(slots);
  header->data_bytes = data_bytes;
  header->id = id;
  header->owner_pid = getpid();
  header->sleeping = 1;
  StoreRelease(&header->magic, kRingMagic);
  return true;
}

}  // namespace

RingFile::~RingFile() {
  if (!memory_.empty()) munmap(memory_.data(), memory_.size());
  if (fd_ >= 0) close(fd_);
}

RingFile::RingFile(RingFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), memory_(std::exchange(other.memory_, {})) {}

RingFile& RingFile::operator=(RingFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(memory_, other.memory_);
  return *this;
}

Result<RingFile> RingFile::Create(const std::string& directory, uint64_t data_bytes) {
  const Descriptor folder = OpenDirectory(directory);
  if (folder.get() < 0) return Failure("open \"" + directory + "\"");
  for (int tries = 1;; ++tries) {
    RingId id = 0;
    if (!FillRandom(std::as_writable_bytes(std::span(&id, 1)))) return Failure("random number");
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016" PRIx64, id);
    const std::string name = std::string(kPrefix) + digits, unfinished = name + ".new";
    Descriptor fd(openat(folder.get(), unfinished.c_str(),
                         O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd.get() < 0) return Failure("create in \"" + directory + "\"");
    RingFile file;
    const bool made = Prepare(fd.get(), id, data_bytes, &file.memory_);
    if (made && renameat(folder.get(), unfinished.c_str(), folder.get(), name.c_str()) == 0) {
      file.fd_ = fd.release();
      return file;
    }
    const int error = errno;
    unlinkat(folder.get(), unfinished.c_str(), 0);
    // A writer that lists the directory takes a file that is not locked yet for a dead worker's.
    const bool taken = error == EWOULDBLOCK || error == ENOENT;
    if (!taken || tries == kCreateTries) {
      return Failure("make one in \"" + directory + "\"", error);
    }
  }
}

Result<RingFile> RingFile::Open(const std::string& directory, const std::string& name) {
  const Descriptor folder = OpenDirectory(directory);
  if (folder.get() < 0) return Failure("open \"" + directory + "\"");
  // O_NONBLOCK: a FIFO of that name must not stop us.
  Descriptor fd(openat(folder.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd.get() < 0) return Failure("open \"" + name + "\"");
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failure("stat \"" + name + "\"");
  const auto size = static_cast<uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || size < kRingPageBytes ||
      size > 2 * kMaxRingDataBytes) {
    return Status::InvalidArgument("audit ring: \"" + name + "\" is no ring of ours");
  }
  // A file with holes could end this process by a signal when the disk is full.
  if (static_cast<uint64_t>(info.st_blocks) * 512 < size && Allocate(fd.get(), info.st_size) != 0) {
    return Failure("allocate \"" + name + "\"", ENOSPC);
  }
  void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) return Failure("map \"" + name + "\"");
  RingFile file;
  file.memory_ = {static_cast<uint8_t*>(mapped), size};
  file.fd_ = fd.release();
  return file;
}

bool RingFile::ProducerEnded() noexcept {
  return flock(fd_, LOCK_EX | LOCK_NB) == 0;
}

Status MakeRingDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return Failure("make \"" + path + "\"");
  const Descriptor folder = OpenDirectory(path);
  return folder.get() < 0 ? Failure("open \"" + path + "\"") : Status::Ok();
}

Result<std::vector<std::string>> ListRings(const std::string& directory) {
  Descriptor folder = OpenDirectory(directory);
  if (folder.get() < 0) return Failure("open \"" + directory + "\"");
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(folder.get()), closedir);
  if (listing == nullptr) return Failure("list \"" + directory + "\"");
  const int fd = folder.release();
  std::vector<std::string> names;
  while (const dirent* entry = readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix)) continue;
    if (!name.ends_with(kUnfinished)) {
      names.emplace_back(name);
      continue;
    }
    // Its maker holds the lock, unless it has died.
    const Descriptor half(openat(fd, entry->d_name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (half.get() >= 0 && flock(half.get(), LOCK_EX | LOCK_NB) == 0) {
      unlinkat(fd, entry->d_name, 0);
    }
  }
  return names;
}

Status RetireRing(const std::string& directory, const std::string& name, bool whole) {
  const Descriptor folder = OpenDirectory(directory);
  if (folder.get() < 0)
    return errno == ENOENT ? Status::Ok() : Failure("open \"" + directory + "\"");
  const std::string aside = "damaged-" + name;
  const int done = whole ? unlinkat(folder.get(), name.c_str(), 0)
                         : renameat(folder.get(), name.c_str(), folder.get(), aside.c_str());
  if (done != 0 && errno != ENOENT) return Failure("remove \"" + name + "\"");
  return Status::Ok();
}

}  // namespace kt::audit
