// What the environment says of random tests, which look further than a build should with it:
// KT_SEED, KT_ROUNDS.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace kt {

inline uint32_t Setting(const char* name, uint32_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : otherwise;
}

}  // namespace kt
