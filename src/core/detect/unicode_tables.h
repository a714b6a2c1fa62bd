// What the normaliser does with each code point: generated data (scripts/generate-unicode).
#pragma once

#include <cstdint>
#include <string_view>

namespace kt::detect::unicode {

enum class Kind : uint8_t {
  kKeep,     // stays, and ends a word
  kLatin,    // a Latin letter that stays
  kDrop,     // nothing to see: zero-width, bidi control, tag, variation selector, control
  kMap,      // always replaced by `length` bytes at `offset` of kTexts
  kMark,     // a combining mark: dropped after Latin
  kStrong,   // a foreign letter that passes for the ASCII text at `offset`
  kWeak,     // likewise, but only beside Latin letters
  kForeign,  // a letter of an alphabet of its own
};

struct Record {
  uint8_t kind;
  uint8_t length;
  uint16_t offset;
};

struct LowerRange {
  uint32_t first, last, step;
  int32_t delta;
};

inline constexpr uint32_t kBlockSize = 64;
// A replacement has at most this many times the bytes of what it replaces.
inline constexpr uint32_t kMaxGrowth = 2;

extern const char kVersion[];
extern const uint32_t kIndexSize;
extern const uint16_t kIndex[];
extern const uint16_t kBlocks[];
extern const Record kRecords[];
extern const char kTexts[];
extern const LowerRange kLower[];
extern const uint32_t kLowerSize;

// Precondition: code_point <= 0x10FFFF.
inline const Record& Lookup(uint32_t code_point) noexcept {
  uint32_t block = code_point / kBlockSize;
  if (block >= kIndexSize) block = kIndexSize - 1;
  return kRecords[kBlocks[kIndex[block] * kBlockSize + code_point % kBlockSize]];
}
inline Kind KindOf(const Record& record) noexcept {
  return static_cast<Kind>(record.kind);
}
inline std::string_view TextOf(const Record& record) noexcept {
  return {kTexts + record.offset, record.length};
}

}  // namespace kt::detect::unicode
