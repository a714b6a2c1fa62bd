// Lists of words that values and names are held against: what begins like none of them is told by
// one look at a table. Immutable once built. The words must outlive the list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace kt::policies {

// Parts in lower case, of which a text may hold one in any case. One pass over the text, however
// many they are: what two bytes they begin with tells most places.
class Parts {
 public:
  Parts(std::initializer_list<std::string_view> parts);
  bool In(std::string_view text) const noexcept;

 private:
  static size_t PairOf(char first, char second) noexcept {
    return static_cast<size_t>((first & 31) << 5 | (second & 31));
  }
  bool BeginsAt(std::string_view text, size_t at) const noexcept;

  std::vector<std::string_view> parts_;  // by the low bits of their first byte
  std::array<uint8_t, 33> begins_{};     // for each of which the first one, and where all end
  std::array<uint64_t, 16> pairs_{};     // bits
};

// Words as they are written, none of them empty.
class WordSet {
 public:
  WordSet(std::initializer_list<std::string_view> words);
  // Whether it is one of them.
  bool Have(std::string_view word) const noexcept;
  // Whether the text begins with one.
  bool Begin(std::string_view text) const noexcept;

 private:
  std::vector<std::string_view> words_;  // by their first byte
  std::array<uint8_t, 256> first_{};     // for each byte, the first one that begins so, plus one
};

}  // namespace kt::policies
