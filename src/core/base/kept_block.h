// Memory for objects that every request makes one of and that are larger than what malloc keeps at
// hand (1 KB): the block of the last one that ended is the next one's.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace kt {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kKeepsBlocks = false;  // what is used after its end has to be seen
#elif defined(__has_feature)
inline constexpr bool kKeepsBlocks = !__has_feature(address_sanitizer);
#else
inline constexpr bool kKeepsBlocks = true;
#endif

// A base of T, which is not derived from further. One block a thread, kept until the thread ends.
template <typename T>
class InKeptBlock {
 public:
  static void* operator new(size_t bytes) {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    if (void* block = std::exchange(kept_, nullptr)) return block;
    return ::operator new(bytes);
  }
  static void operator delete(void* block) noexcept {
    if (block == nullptr) return;
    if (!kKeepsBlocks || kept_ != nullptr) return ::operator delete(block);
    kept_ = block;
  }

 private:
  inline static thread_local void* kept_ = nullptr;
};

}  // namespace kt
