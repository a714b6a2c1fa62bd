// Neighbouring bytes that are looked at together: sixteen by SSE2, which all of x86-64 has, eight
// by plain arithmetic elsewhere. For the many short scans of a text whose next few bytes decide;
// long rows of bytes are memchr's.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kt {

class ByteBlock {
 public:
  // Which of the bytes were asked for. Only the first one is certain, and whether there is any.
  class Marks {
   public:
    bool any() const noexcept { return bits() != 0; }
    // Precondition: any().
    size_t first() const noexcept {
      return static_cast<size_t>(std::countr_zero(bits())) / kBitsPerByte;
    }

    Marks operator|(Marks other) const noexcept { return Marks(raw_ | other.raw_); }

   private:
    friend class ByteBlock;
    template <typename BlockMarks>
    friend size_t FirstInFour(const char* bytes, const BlockMarks& marks) noexcept;
#if defined(__SSE2__)
    // Put together as they are, since taking the bits out of them is what costs.
    using Raw = __m128i;
    static constexpr size_t kBitsPerByte = 1;
    uint64_t bits() const noexcept {
      return static_cast<uint32_t>(_mm_movemask_epi8(raw_));
    }
#else
    using Raw = uint64_t;
    static constexpr size_t kBitsPerByte = 8;
    uint64_t bits() const noexcept {
      return raw_;
    }
#endif
    explicit Marks(Raw raw) noexcept : raw_(raw) {}
    Raw raw_;
  };

#if defined(__SSE2__)
  static constexpr size_t kBytes = 16;
  // Reads kBytes from `bytes`.
  explicit ByteBlock(const char* bytes) noexcept
      : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))) {}
  Marks Equal(char byte) const noexcept {
    return Marks(_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(byte)));
  }
  Marks Controls() const noexcept {  // below 0x20
    return Marks(_mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(0x1F)), bytes_));
  }
  Marks NotAscii() const noexcept {
    return Marks(bytes_);
  }

 private:
  __m128i bytes_;
#else
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
  static constexpr size_t kBytes = 8;
  explicit ByteBlock(const char* bytes) noexcept {
    std::memcpy(&bytes_, bytes, kBytes);
  }
  Marks Equal(char byte) const noexcept {
    const uint64_t x = bytes_ ^ (kOnes * static_cast<uint8_t>(byte));
    return Marks((x - kOnes) & ~x & kHighBits);
  }
  Marks Controls() const noexcept {
    return Marks((bytes_ - kOnes * 0x20) & ~bytes_ & kHighBits);
  }
  Marks NotAscii() const noexcept {
    return Marks(bytes_ & kHighBits);
  }

 private:
  static constexpr uint64_t kOnes = 0x0101010101010101u, kHighBits = kOnes << 7;
  uint64_t bytes_;
#endif
};

inline constexpr size_t kFourBlocks = 4 * ByteBlock::kBytes;
// Where the first wanted byte of four blocks stands; kFourBlocks when there is none. For texts
// whose wanted bytes are far apart. Reads kFourBlocks from `bytes`.
template <typename BlockMarks>
size_t FirstInFour(const char* bytes, const BlockMarks& marks) noexcept {
  const auto at = [&](size_t block) { return marks(ByteBlock(bytes + block * ByteBlock::kBytes)); };
#if defined(__SSE2__)
  const uint64_t low = at(0).bits() | at(1).bits() << 16, high = at(2).bits() | at(3).bits() << 16;
  return static_cast<size_t>(std::countr_zero(low | high << 32));
#else
  for (size_t block = 0; block < 4; ++block) {
    if (at(block).any()) return block * ByteBlock::kBytes + at(block).first();
  }
  return kFourBlocks;
#endif
}

// The first byte at or behind `from` that is wanted; text.size() when there is none. `marks` names
// the wanted bytes of a block, `wanted` tells one by itself; both must mean the same.
template <typename BlockMarks, typename Wanted>
size_t FindByte(std::string_view text, size_t from, const BlockMarks& marks,
                const Wanted& wanted) noexcept {
  size_t i = from;
  for (; i + ByteBlock::kBytes <= text.size(); i += ByteBlock::kBytes) {
    const ByteBlock::Marks found = marks(ByteBlock(text.data() + i));
    if (found.any()) return i + found.first();
  }
  if (i > from) {
    // The last block once more, with what is left: what was looked at has nothing.
    i = text.size() - ByteBlock::kBytes;
    const ByteBlock::Marks found = marks(ByteBlock(text.data() + i));
    return found.any() ? i + found.first() : text.size();
  }
  while (i < text.size() && !wanted(text[i])) ++i;
  return i;
}

}  // namespace kt
