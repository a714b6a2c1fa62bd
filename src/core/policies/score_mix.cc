#include "core/policies/score_mix.h"

#include <array>

namespace kt::policies {

bool HasWords(std::string_view text) noexcept {
  if (text.size() < kShortBytes) return true;
  std::array<std::string_view, kMinWords> known;
  size_t count = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    begin = end + 1;
    const auto last = known.begin() + static_cast<std::ptrdiff_t>(count);
    if (word.empty() || std::find(known.begin(), last, word) != last) continue;
    known[count++] = word;
    if (count == kMinWords) return true;
  }
  return false;
}

}  // namespace kt::policies
