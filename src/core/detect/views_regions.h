// Stretches of a text that candidates point at: for the views that judge words (views_words.cc,
// views_leet.cc).
#pragma once

#include <algorithm>
#include <string_view>

#include "core/base/ascii.h"
#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {

// Text on either side of a candidate block that is looked at with it.
inline constexpr size_t kRegionAroundBytes = 64;

constexpr bool IsLetter(char c) noexcept {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

// [begin, end) widened to whole words, over at most `most` bytes on either side; never before
// `floor`.
inline ByteSpan Widen(std::string_view text, size_t begin, size_t end, size_t floor, size_t most) {
  const size_t first = std::max(floor, begin - std::min(begin, most));
  while (begin > first && text[begin - 1] != '\n') --begin;
  while (begin > floor && begin > 0 && IsContinuation(text[begin])) --begin;
  const size_t last = std::min(text.size(), end + most);
  end = std::min(end, text.size());
  while (end < last && text[end] != '\n') ++end;
  while (end < text.size() && IsContinuation(text[end])) ++end;
  return {std::min(begin, end), end};
}

// Calls visit for each region of text with the flag: neighbouring candidates make one.
template <typename Visit>
void ForRegions(std::string_view text, const Candidates& candidates, unsigned flag, size_t block,
                Visit visit) {
  size_t done = 0;
  for (size_t i = 0; i < candidates.size();) {
    if ((Flags(candidates[i]) & flag) == 0) {
      ++i;
      continue;
    }
    const size_t begin = BlockBegin(candidates[i]);
    size_t end = begin + block;
    for (++i; i < candidates.size(); ++i) {
      if ((Flags(candidates[i]) & flag) == 0) continue;
      if (BlockBegin(candidates[i]) > end + kRegionAroundBytes) break;
      end = std::max(end, BlockBegin(candidates[i]) + block);
    }
    if (end <= done) continue;
    const ByteSpan region = Widen(text, std::max(begin, done), end, done, kRegionAroundBytes);
    if (region.end > region.begin) visit(region);
    done = std::max(done, region.end);
  }
}

}  // namespace kt::detect::views
