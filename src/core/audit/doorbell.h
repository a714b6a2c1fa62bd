// Wakes the writer process: a FIFO in the ring directory, which all generations of workers and of
// writers share. What it carries means nothing; a lost ring costs one period of the writer's timer.
#pragma once

#include <string>

#include "core/base/status.h"

namespace kt::audit {

class Doorbell {
 public:
  Doorbell() = default;
  ~Doorbell();
  Doorbell(Doorbell&& other) noexcept;
  Doorbell& operator=(Doorbell&& other) noexcept;

  // Opens the FIFO of `ring_directory`, made where it is missing. Held open for reading and writing
  // by both sides, so that neither side's end is an event for the other.
  static Result<Doorbell> Open(const std::string& ring_directory);

  void Ring() const noexcept;
  void Clear() const noexcept;  // takes what has been rung
  int fd() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace kt::audit
