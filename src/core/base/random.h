// Random bytes from the kernel: for keys and ids. OpenSSL's generator, seeded from the same source,
// would be one more state of each worker.
#pragma once

#include <cstddef>
#include <span>

namespace kt {

// False: the kernel has none, which a system that is up does not say.
bool FillRandom(std::span<std::byte> bytes) noexcept;

}  // namespace kt
