// The first look at a text: 64 bytes at a time, where a word, a number or a sign begins, which are
// the only places where most literals of rules can stand, and where one of those few may begin that
// can also stand inside a word. By AVX2 or SSSE3 where the processor has it; the same result
// without. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/detect/regex_bytes.h"

namespace kt::detect {

inline constexpr size_t kScanBlock = 64;
// Bytes behind a block that are read.
inline constexpr size_t kScanAhead = 2;

// Whether a place with this byte is one whatever is before it: signs and lead bytes of UTF-8.
inline bool AlwaysStarts(unsigned char byte) noexcept {
  return byte >= 0x80 ? byte >= 0xC0 : byte > 0x20 && !IsAsciiWord(byte);
}

// Eight bytes from `at` on, folded, zeros behind the end of the text.
inline uint64_t LoadFolded(std::string_view text, size_t at) noexcept {
  constexpr uint64_t kFold = 0x2020202020202020u;
  uint64_t value = 0;
  if (at + sizeof value <= text.size()) {
    std::memcpy(&value, text.data() + at, sizeof value);
  } else {
    std::memcpy(&value, text.data() + at, text.size() - at);
  }
  return value | kFold;
}

// A set of ASCII bytes, by half bytes: a bit for each high half.
class TokenTable {
 public:
  void Add(const ByteSet& set);
  // How many digits are in the run of bytes of the set that begins a block of 64 bytes, and whether
  // it may go on behind them. Where the set has any other than ASCII, all of those may be in it.
  bool MayHold(unsigned char byte) const noexcept { return byte < 0x80 ? set_[byte] : foreign_; }
  int DigitsOfRun(const char* block, bool* goes_on) const noexcept;
  // Whether that run has so many bytes and digits; kGoesOn: not in the block, and it goes on.
  enum class Fit : unsigned char { kNo, kYes, kGoesOn };
  Fit RunFits(const char* block, size_t bytes, int digits) const noexcept;

 private:
  friend struct Scans;
  friend struct Looks;
  ByteSet set_;           // its ASCII, as all that scans look at
  bool foreign_ = false;  // it has others, too
  alignas(16) uint8_t low_[16] = {}, high_[16] = {1, 2, 4, 8, 16, 32, 64, 128};
};

// The first three bytes of the literals that may begin inside words, in eight groups: a place may
// be one where some group has each of its bytes in that position.
class InsideTable {
 public:
  void Add(std::string_view folded);
  bool empty() const noexcept { return literals_ == 0; }

 private:
  friend struct Scans;
  static constexpr size_t kBytes = kScanAhead + 1;
  uint8_t groups_[kBytes][256] = {};
  alignas(16) uint8_t low_[kBytes][16] = {}, high_[kBytes][16] = {};  // by half bytes
  unsigned literals_ = 0;
};

// The forms of what looks at 64 bytes; all give the same.
enum class ScanKind : unsigned char { kPortable, kSsse3, kAvx2, kAvx512 };

// The first three bytes of a few literals, in eight groups, by half bytes.
class HeadTable {
 public:
  // Literals of a group are better alike.
  static constexpr unsigned kGroups = 5;
  void Add(std::string_view folded, unsigned group);
  // In groups of as many. The first byte of each is on top, those that are missing are 0.
  void AddSorted(std::span<const uint64_t> folded);
  // And wherever one of the three bytes is not ASCII.
  void AddForeign();
  // The first place in [begin, end) where one of them may begin; `end`: there is none.
  size_t Find(std::string_view text, size_t begin, size_t end) const noexcept;
  // Where a word may begin in 64 bytes and in it one of them: ASCII words, and each lead byte of
  // UTF-8. `before`: the byte before; kScanAhead bytes behind are read.
  uint64_t Words(const char* block, char before) const noexcept;
  // Precondition: a kind of this processor.
  uint64_t Words(const char* block, char before, ScanKind kind) const noexcept;

 private:
  friend struct Looks;
  static constexpr size_t kBytes = kScanAhead + 1;
  bool MayBegin(const char* bytes) const noexcept;
  alignas(16) uint8_t low_[kBytes][16] = {}, high_[kBytes][16] = {};
};

struct BlockScan {
  uint64_t places;   // bit i: at byte i of the block
  uint64_t numbers;  // those of them that are digits
  uint64_t signs;    // those of them that are no word bytes
  uint64_t digits;
  uint64_t leads;     // lead bytes of UTF-8
  uint64_t blanks;    // ' '
  uint64_t tokens;    // bytes of the set
  uint64_t capitals;  // bytes of that set
  uint64_t inside;    // of the table
};

struct ScanTables {
  InsideTable inside;
  TokenTable tokens;
  TokenTable capitals;
};

// Whether one may begin there. Precondition: at < text.size().
inline bool BeginsWord(std::string_view text, size_t at) noexcept {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte >= 0xC0) return true;
  if (!IsAsciiWord(byte)) return false;
  return at == 0 || !IsAsciiWord(static_cast<unsigned char>(text[at - 1]));
}

// The first place in [begin, end) where a word may begin, in it one of the literals, and that
// `wanted` confirms; SIZE_MAX: none.
template <typename Wanted>
size_t FirstWord(const HeadTable& heads, std::string_view text, size_t begin, size_t end,
                 const Wanted& wanted) {
  char copy[kScanBlock + kScanAhead];
  for (size_t at = begin; at < end; at += kScanBlock) {
    const char* block = text.data() + at;
    if (text.size() - at < sizeof copy) {
      std::memset(copy, 0, sizeof copy);
      std::memcpy(copy, block, text.size() - at);
      block = copy;
    }
    uint64_t words = heads.Words(block, at == 0 ? ' ' : text[at - 1]);
    if (end - at < kScanBlock) words &= (uint64_t{1} << (end - at)) - 1;
    for (; words != 0; words &= words - 1) {
      const size_t place = at + static_cast<size_t>(__builtin_ctzll(words));
      if (wanted(place)) return place;
    }
  }
  return SIZE_MAX;
}

// Of 64 bytes, with the byte before them.
using ScanFunction = void (*)(const char* block, char before, const ScanTables& tables,
                              BlockScan* out);
ScanFunction ScanOf(ScanKind kind) noexcept;  // null: not on this processor
ScanKind BestScanKind() noexcept;
ScanFunction BestScan() noexcept;

}  // namespace kt::detect
