// Who may write the log of a ring directory: the holder of one lock. Whoever waits for it holds a
// second one, so that a writer that is told to go knows whether it can.
#pragma once

#include <string>

#include "core/base/status.h"

namespace kt::audit {

class WriterLocks {
 public:
  explicit WriterLocks(std::string ring_directory) : directory_(std::move(ring_directory)) {}
  ~WriterLocks();
  WriterLocks(const WriterLocks&) = delete;
  WriterLocks& operator=(const WriterLocks&) = delete;

  // True: this process is the writer. False: another one is; ask again. kUnavailable: the
  // directory cannot be used.
  Result<bool> Acquire();
  void Release() noexcept;
  // For the writer: whether another process waits to take over.
  bool SuccessorWaits() const noexcept;

 private:
  Status OpenFiles();

  std::string directory_;
  int writer_ = -1, successor_ = -1;
};

}  // namespace kt::audit
