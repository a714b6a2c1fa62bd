#include "core/base/random.h"

#include <sys/random.h>
#include <sys/types.h>

#include <cerrno>

namespace kt {

bool FillRandom(std::span<std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    // Of more than 256 bytes a signal may leave a part.
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return true;
}

}  // namespace kt
