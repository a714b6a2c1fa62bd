#include "core/policies/word_lists.h"

#include <algorithm>

#include "core/base/text.h"

namespace kt::policies {

Parts::Parts(std::initializer_list<std::string_view> parts) : parts_(parts) {
  const auto row = [](std::string_view part) { return part[0] & 31; };
  std::stable_sort(parts_.begin(), parts_.end(),
                   [&](std::string_view a, std::string_view b) { return row(a) < row(b); });
  for (const std::string_view part : parts_) {
    ++begins_[static_cast<size_t>(row(part)) + 1];
    // Behind a single byte anything may follow.
    for (int second = 0; second < 32; ++second) {
      if (part.size() > 1 && second != (part[1] & 31)) continue;
      const size_t pair = PairOf(part[0], static_cast<char>(second));
      pairs_[pair / 64] |= uint64_t{1} << (pair % 64);
    }
  }
  for (size_t i = 1; i < begins_.size(); ++i) {
    begins_[i] = static_cast<uint8_t>(begins_[i] + begins_[i - 1]);
  }
}

bool Parts::BeginsAt(std::string_view text, size_t at) const noexcept {
  const auto row = static_cast<size_t>(text[at] & 31);
  const std::string_view rest = text.substr(at);
  for (size_t i = begins_[row]; i < begins_[row + 1]; ++i) {
    const std::string_view part = parts_[i];
    size_t same = 0;
    if (part.size() > rest.size()) continue;
    while (same < part.size() && AsciiLower(rest[same]) == part[same]) ++same;
    if (same == part.size()) return true;
  }
  return false;
}

bool Parts::In(std::string_view text) const noexcept {
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t pair = PairOf(text[i], i + 1 < text.size() ? text[i + 1] : '\0');
    if ((pairs_[pair / 64] >> (pair % 64) & 1) != 0 && BeginsAt(text, i)) return true;
  }
  return false;
}

WordSet::WordSet(std::initializer_list<std::string_view> words) : words_(words) {
  std::stable_sort(words_.begin(), words_.end(),
                   [](std::string_view a, std::string_view b) { return a[0] < b[0]; });
  for (size_t i = words_.size(); i-- > 0;) {
    first_[static_cast<unsigned char>(words_[i][0])] = static_cast<uint8_t>(i + 1);
  }
}

bool WordSet::Have(std::string_view word) const noexcept {
  if (word.empty()) return false;
  size_t i = first_[static_cast<unsigned char>(word[0])];
  if (i-- == 0) return false;
  for (; i < words_.size() && words_[i][0] == word[0]; ++i) {
    if (words_[i] == word) return true;
  }
  return false;
}

bool WordSet::Begin(std::string_view text) const noexcept {
  if (text.empty()) return false;
  size_t i = first_[static_cast<unsigned char>(text[0])];
  if (i-- == 0) return false;
  for (; i < words_.size() && words_[i][0] == text[0]; ++i) {
    if (text.starts_with(words_[i])) return true;
  }
  return false;
}

}  // namespace kt::policies
