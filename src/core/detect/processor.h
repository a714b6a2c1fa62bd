// Which vectors the scans of texts use. Private to detect/.
#pragma once

namespace kt::detect {

#if defined(__x86_64__)
// Of 64 bytes. Processors before those with VBMI2 have them too, but lower their clock for a while
// once they are used, which costs the rest of a worker's work more than the scans gain.
inline bool HasWideVectors() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vbmi2");
}
#endif

}  // namespace kt::detect
