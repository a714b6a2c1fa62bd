// Random bytes from the kernel: for keys and ids.
//
// OpenSSL's generator, which is seeded from the same source, would cost each worker 0.5 MB of code
// and tables that nothing else there needs, and has to be told of forks.
#pragma once

#include <cstddef>
#include <span>

namespace kt {

// False: the kernel has none, which a system that is up does not say.
bool FillRandom(std::span<std::byte> bytes) noexcept;

}  // namespace kt
