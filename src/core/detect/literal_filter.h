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
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "core/detect/place_list.h"
#include "core/detect/prefilter_scan.h"

namespace kt::detect {

class LiteralFilter {
 public:
  static constexpr size_t kPositions = 8, kShort = 3;
  static constexpr uint32_t kNoGroup = 0;

  // Precondition: a kind of this processor. kSsse3 has no form of its own.
  explicit LiteralFilter(ScanKind kind = BestScanKind());
  // A folded literal of one to eight bytes. It is in one group, if it has two bytes or more; else
  // in those of all bytes that may follow. `at_end`: it stands only where the text ends behind it,
  // and zeros follow.
  void Add(std::string_view folded, bool at_end = false);

  // The group of the literals that may begin with these two bytes, in any case; kNoGroup: none.
  uint32_t GroupOf(unsigned char first, unsigned char second) const noexcept {
    return group_of_[Index(first | second << 8)] * kGroupUnit / sizeof(Group);
  }
  size_t groups() const noexcept { return groups_.size(); }
  // Those of the places in up to kMostMasks blocks of 64 bytes in a row where some literal may
  // stand: of up to kShort bytes, and of more. Reads eight bytes from each place on.
  struct Places {
    uint64_t shorts[kMostMasks], longs[kMostMasks];
  };
  void Likely(const char* bytes, std::span<const uint64_t> places, Places* out) const noexcept {
    likely_(*this, bytes, places, out);
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
    uint32_t nothing[4];               // always zero: one look reads all of a group
  };
  void AddTo(std::string_view folded, bool at_end, unsigned second);
  // Of the literals that may begin with the two bytes at `at`. For loops, which fetch where the
  // tables are once: what they write might be it, for all that a compiler knows.
  struct Tables {
    const uint16_t* group_of;
    const char* groups;
    const Group& At(const char* at) const noexcept {
      uint16_t two;
      std::memcpy(&two, at, sizeof two);
      return *reinterpret_cast<const Group*>(groups + size_t{group_of[Index(two)]} * kGroupUnit);
    }
  };
  Tables tables() const noexcept {
    return {group_of_.data(), reinterpret_cast<const char*>(groups_.data())};
  }
  using Function = void (*)(const LiteralFilter&, const char*, std::span<const uint64_t>,
                            Places*) noexcept;
  static void Portable(const LiteralFilter& filter, const char* bytes,
                       std::span<const uint64_t> places, Places* out) noexcept;
  static void Avx2(const LiteralFilter& filter, const char* bytes, std::span<const uint64_t> places,
                   Places* out) noexcept;
  static void Avx512(const LiteralFilter& filter, const char* bytes,
                     std::span<const uint64_t> places, Places* out) noexcept;

  // Groups are found by where they begin, in units that a processor multiplies by when it loads.
  static constexpr uint32_t kGroupUnit = 8;
  static_assert(sizeof(Group) % kGroupUnit == 0 &&
                (sizeof(Group) / kGroupUnit << kIndexBits) - 1 <= UINT16_MAX);
  std::vector<uint16_t> group_of_;  // by Index
  std::vector<Group> groups_;       // the first one is empty
  Function likely_;
};

}  // namespace kt::detect
