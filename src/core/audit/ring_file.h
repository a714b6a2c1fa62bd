// Ring files on disk: made by a worker, found and removed by the writer process.
//
// Every step refuses what is not a regular file of this process's own user, and follows no link.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/audit/ring_layout.h"
#include "core/base/status.h"

namespace kt::audit {

// A mapped file and its descriptor, both closed at the end; a lock on it ends then too.
class RingFile {
 public:
  RingFile() = default;
  ~RingFile();
  RingFile(RingFile&& other) noexcept;
  RingFile& operator=(RingFile&& other) noexcept;

  // A new ring in `directory` with room for `data_bytes` (a power of two), locked by this process.
  // All its blocks are allocated: a full disk is kUnavailable here, never a signal later.
  static Result<RingFile> Create(const std::string& directory, uint64_t data_bytes);
  // Maps the ring `name` for reading and for moving its tail. kInvalidArgument: no ring; its bytes
  // have not been looked at.
  static Result<RingFile> Open(const std::string& directory, const std::string& name);

  std::span<uint8_t> memory() const noexcept { return memory_; }
  // For the consumer: whether the producer has ended. From then on this process has the lock.
  bool ProducerEnded() noexcept;

 private:
  int fd_ = -1;
  std::span<uint8_t> memory_;
};

// Makes `path`, 0700; an existing directory stays as it is.
Status MakeRingDirectory(const std::string& path);
// The names of the rings in `directory`. Files that a worker left half made are removed.
Result<std::vector<std::string>> ListRings(const std::string& directory);
// Removes a ring that was read to its end, or puts a damaged one aside under another name.
Status RetireRing(const std::string& directory, const std::string& name, bool whole);

}  // namespace kt::audit
