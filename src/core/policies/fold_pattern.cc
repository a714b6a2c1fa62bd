#include "core/policies/fold_pattern.h"

#include <algorithm>

#include "core/detect/normalize.h"
#include "core/detect/utf8.h"

namespace kt::policies {
namespace {

bool IsLetter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsAscii(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x80;
}

// Letters of alphabets of their own that the normaliser leaves alone: most of a pattern that has
// any. (t/unit/policies/fold_pattern_test.cc asks it about each of them.)
bool IsLeftAlone(uint32_t code_point) noexcept {
  constexpr uint32_t kRanges[][2] = {
      {0x3AC, 0x3CE},   {0x410, 0x45F},   {0x5D0, 0x5EA},   {0x621, 0x63A},  {0x641, 0x64A},
      {0x904, 0x939},   {0x93E, 0x94D},   {0x995, 0x9B9},   {0xE01, 0xE32},  {0xE40, 0xE4E},
      {0x3041, 0x3096}, {0x30A1, 0x30FA}, {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}};
  return std::any_of(std::begin(kRanges), std::end(kRanges), [&](const auto& range) {
    return code_point >= range[0] && code_point <= range[1];
  });
}

// One code point as the normaliser leaves it behind the letter `before` (0: behind none).
std::string Folded(std::string_view cp, char before) {
  std::string raw(before == 0 ? 0 : 1, before);
  raw += cp;
  detect::NormalizeOptions options;
  options.look_alikes = false;
  detect::NormalizedText text;
  if (!detect::Normalize(raw, options, &text).ok()) return std::string(cp);
  return std::string(text.text().substr(std::min(text.text().size(), raw.size() - cp.size())));
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsAscii(c) && !IsLetter(c) && !(c >= '0' && c <= '9') && c != ' ') out += '\\';
    out += c;
  }
  return out;
}

struct ClassState {
  bool inside = false, negated = false;
};

}  // namespace

std::string FoldPattern(std::string_view pattern) {
  if (std::all_of(pattern.begin(), pattern.end(), IsAscii)) return std::string(pattern);
  std::string out;
  ClassState set;
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (IsAscii(c)) {
      if (c == '\\' && i + 1 < pattern.size()) {
        out.append(pattern.substr(i, 2));
        i += 2;
        continue;
      }
      if (c == '[' && !set.inside) set = {true, pattern.substr(i + 1).starts_with('^')};
      if (c == ']') set.inside = false;
      out += c;
      ++i;
      continue;
    }
    const auto decoded = detect::DecodeUtf8(pattern, i);
    const size_t size = std::max<size_t>(decoded.size, 1);
    const std::string_view cp = pattern.substr(i, size);
    if (IsLeftAlone(decoded.value)) {
      out += cp;
      i += size;
      continue;
    }
    const char next = i + size < pattern.size() ? pattern[i + size] : '\0';
    const char before = i > 0 && IsLetter(pattern[i - 1]) ? pattern[i - 1] : '\0';
    const std::string folded = Folded(cp, before);
    i += size;
    if (set.inside) {
      const bool range = next == '-' || (!out.empty() && out.back() == '-');
      out += cp;
      if (!set.negated && !range && folded.size() == 1 && IsAscii(folded[0])) {
        out += Escaped(folded);
      }
    } else if (folded == cp || (folded.empty() && before == 0)) {
      out += cp;
    } else {
      const bool counted = next == '?' || next == '*' || next == '+' || next == '{';
      out += counted && folded.size() > 1 ? "(?:" + Escaped(folded) + ")" : Escaped(folded);
    }
  }
  return out;
}

}  // namespace kt::policies
