// A long text cut into passages where its own bytes say so: what stands in two texts is cut alike
// in both, but for the first ones of it. A passage between the same neighbours holds the same
// matches in every text, so what was found out about it need not be found out again: whoever knows
// a passage says so here, and the matcher does not look into it (Matcher::FindAll).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"

namespace kt::detect {

class Passages {
 public:
  // Of a passage; only the last one of a text may be shorter, so that its length tells that the
  // text ends there.
  static constexpr size_t kLeastBytes = 1024, kMostBytes = 4096;
  // Of a text: a shorter one is cut for nothing.
  static constexpr size_t kLeastText = 4096;

  // Where a match without a bound may begin, which rules have to look at anew. Trivially copyable,
  // for those who keep it.
  struct Places {
    static constexpr size_t kMost = 8;
    uint16_t count = 0;
    std::array<uint16_t, kMost> at{};      // bytes from the passage's begin, ascending
    std::array<uint16_t, kMost> target{};  // the prefilter's own numbers
  };
  struct Passage {
    size_t begin, end;
    // Set by whoever knows it, with its `places`: nothing is found there.
    bool known = false;
    // Once the rules were looked for: nothing was found there or near it, and `places` are all.
    bool clean = true;
    Places places = {};
  };

  void Cut(std::string_view text);
  std::span<Passage> list() noexcept { return list_; }
  std::span<const Passage> list() const noexcept { return list_; }

  // For the matcher. A match that touches a passage, or may begin as one that does.
  void Spoil(size_t begin, size_t end) noexcept;
  void SpoilAll() noexcept;

 private:
  std::vector<Passage> list_;
};

}  // namespace kt::detect
