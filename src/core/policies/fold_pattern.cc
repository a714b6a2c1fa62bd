#include "core/policies/fold_pattern.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/detect/normalize.h"
#include "core/detect/utf8.h"
#include "core/policies/pattern_tokens.h"

namespace kt::policies {
namespace {

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

// Without a look at what stands where: most shipped expressions stay, and there are hundreds.
bool Stays(std::string_view pattern) {
  if (pattern.find("\\x") != pattern.npos || pattern.find("\\Q") != pattern.npos) return false;
  for (size_t i = 0; i < pattern.size();) {
    if (IsAscii(pattern[i])) {
      ++i;
      continue;
    }
    const detect::CodePoint cp = detect::DecodeUtf8(pattern, i);
    if (cp.size == 0 || !IsLeftAlone(cp.value)) return false;
    i += cp.size;
  }
  return true;
}

}  // namespace

std::string FoldPattern(std::string_view pattern) {
  if (Stays(pattern)) return std::string(pattern);
  const std::vector<PatternToken> tokens = ReadPattern(pattern);
  std::string out;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const PatternToken& token = tokens[i];
    if (token.kind != PatternToken::Kind::kLiteral || IsLeftAlone(token.first)) {
      out += token.source;
      continue;
    }
    std::string cp;
    detect::AppendUtf8(token.first, &cp);
    const char before = i > 0 && tokens[i - 1].EndsInLetter() ? tokens[i - 1].source.back() : '\0';
    const std::string folded = Folded(cp, before);
    if (token.in_class) {
      out += token.source;
      if (!token.in_negated && folded.size() == 1 && IsAscii(folded[0])) out += Escaped(folded);
    } else if (folded == cp || (folded.empty() && before == 0)) {
      out += token.source;
    } else {
      const bool counted = i + 1 < tokens.size() && tokens[i + 1].IsCount();
      out += counted && folded.size() > 1 ? "(?:" + Escaped(folded) + ")" : Escaped(folded);
    }
  }
  return out;
}

}  // namespace kt::policies
