#include "core/policies/score_mix.h"

#include <array>

namespace kt::policies {

namespace {

// Marks that part words where nobody writes blanks: JSON, tags, code. Not those of base64.
bool Parts(unsigned char byte) noexcept {
  constexpr std::string_view kMarks = "\"<>(){}[],;:|";
  return byte <= ' ' || kMarks.find(static_cast<char>(byte)) != kMarks.npos;
}

// A letter of a script that is written without blanks (kana, ideographs, Thai, …) is a word.
size_t WordEnd(std::string_view text, size_t begin) noexcept {
  const auto lead = static_cast<unsigned char>(text[begin]);
  const bool alone =
      (lead >= 0xE3 && lead <= 0xE9) || (lead == 0xE0 && begin + 1 < text.size() &&
                                         static_cast<unsigned char>(text[begin + 1]) >= 0xB8);
  if (alone) return std::min(begin + 3, text.size());
  size_t end = begin;
  for (; end < text.size(); ++end) {
    const auto byte = static_cast<unsigned char>(text[end]);
    const bool alone_follows = end > begin && byte >= 0xE3 && byte <= 0xE9;
    if (Parts(byte) || alone_follows) break;
  }
  return end;
}

}  // namespace

bool HasWords(std::string_view text, double head) noexcept {
  if (text.size() < kShortBytes || head < kDoubtful) return true;
  const size_t enough = std::clamp(text.size() / kBytesPerWord, kFewWords, kMinWords);
  std::array<std::string_view, kMinWords> known;
  size_t count = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = WordEnd(text, begin);
    const std::string_view word = text.substr(begin, end - begin);
    begin = std::max(end, begin + 1);
    const auto last = known.begin() + static_cast<std::ptrdiff_t>(count);
    if (word.empty() || std::find(known.begin(), last, word) != last) continue;
    known[count++] = word;
    if (count == enough) return true;
  }
  return false;
}

}  // namespace kt::policies
