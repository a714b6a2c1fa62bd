// Whether some literal of many may stand at a place: one look at eight bytes, whatever their
// number.
//
// Literals are kept in groups by their first two bytes, and of each group which bytes any of its
// literals has at each of eight positions; the short ones, behind which anything may follow, apart
// from the others. What passes has, at every position, a byte that some literal of the group has
// there. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kt::detect {

class LiteralFilter {
 public:
  static constexpr size_t kPositions = 8, kShort = 3;
  static constexpr uint32_t kNoGroup = 0;

  explicit LiteralFilter(bool portable = false);
  // A folded literal of one to eight bytes. It is in one group, if it has two bytes or more; else
  // in those of all bytes that may follow. `at_end`: it stands only where the text ends behind it,
  // and zeros follow.
  void Add(std::string_view folded, bool at_end = false);

  // The group of the literals that may begin with these two bytes, in any case; kNoGroup: none.
  uint32_t GroupOf(unsigned char first, unsigned char second) const noexcept {
    return group_of_[Index(first | second << 8)] * kGroupUnit / sizeof(Group);
  }
  size_t groups() const noexcept { return groups_.size(); }
  // Those of the places in a block of 64 bytes where some literal may stand: of up to kShort bytes,
  // and of more. Reads eight bytes from each place on.
  struct Places {
    uint64_t shorts = 0, longs = 0;
  };
  Places Likely(const char* block, uint64_t places) const noexcept {
    return likely_(*this, block, places);
  }

 private:
  // A hash of two bytes without the bit that folding sets, and without two that tell little.
  static constexpr unsigned kIndexBits = 12;
  static constexpr uint32_t Index(uint32_t two) noexcept {
    return ((two & 0x5FDF) * 0x9E3779B1u) >> (32 - kIndexBits);
  }
  // Bit 31 - (byte & 31) of position i: some literal may have that byte there.
  struct alignas(64) Group {
    uint32_t bytes[kPositions];        // of the literals of more than kShort bytes
    uint32_t short_bytes[kShort + 1];  // of the others
  };
  void AddTo(std::string_view folded, bool at_end, unsigned second);
  using Function = Places (*)(const LiteralFilter&, const char*, uint64_t) noexcept;
  static Places Portable(const LiteralFilter& filter, const char* block, uint64_t places) noexcept;
  static Places Avx2(const LiteralFilter& filter, const char* block, uint64_t places) noexcept;

  // Groups are found by where they begin, in units that a processor multiplies by when it loads.
  static constexpr uint32_t kGroupUnit = 8;
  static_assert(sizeof(Group) % kGroupUnit == 0 &&
                (sizeof(Group) / kGroupUnit << kIndexBits) - 1 <= UINT16_MAX);
  std::vector<uint16_t> group_of_;  // by Index
  std::vector<Group> groups_;       // the first one is empty
  Function likely_;
};

}  // namespace kt::detect
