#include "core/detect/regex_shape.h"

#include <algorithm>

namespace kt::detect {
namespace {

using Kind = RegexNode::Kind;

template <typename Is>
ByteSet SetOf(Is is) {
  ByteSet set;
  for (unsigned b = 0; b < 256; ++b) set[b] = is(b);
  return set;
}
const ByteSet kWordBytes = SetOf(IsAsciiWord), kDigitBytes = SetOf(IsAsciiDigit);
const ByteSet kLetterBytes = SetOf(IsAsciiLetter);
const ByteSet kBlankBytes =
    SetOf([](unsigned b) { return b == '\t' || b == '\n' || b == '\f' || b == '\r' || b == ' '; });

Edge And(Edge a, Edge b) noexcept {
  return {a.word && b.word, a.digit && b.digit, a.last | b.last};
}

}  // namespace

bool HasWordByte(const ByteSet& set) noexcept {
  return (set & kWordBytes).any();
}
bool HasDigitByte(const ByteSet& set) noexcept {
  return (set & kDigitBytes).any();
}
bool HasLetterByte(const ByteSet& set) noexcept {
  return (set & kLetterBytes).any();
}
bool HasSmallLetter(const ByteSet& set) noexcept {
  for (unsigned byte = 'a'; byte <= 'z'; ++byte) {
    if (set[byte]) return true;
  }
  return false;
}
bool IsWordAlphabet(const ByteSet& set) noexcept {
  return (set & ~kWordBytes).none();
}
bool IsBlankClass(const ByteSet& set) noexcept {
  return set.any() && (set & ~kBlankBytes).none();
}

bool Nullable(const RegexNode& node) {
  const auto nullable = [](const RegexNode& child) { return Nullable(child); };
  switch (node.kind) {
    case Kind::kAssert:
      return true;
    case Kind::kAtom:
      return false;
    case Kind::kConcat:
      return std::all_of(node.children.begin(), node.children.end(), nullable);
    case Kind::kAlternate:
      return std::any_of(node.children.begin(), node.children.end(), nullable);
    case Kind::kRepeat:
      return node.min == 0 || Nullable(node.children[0]);
  }
  return true;
}

void AddAlphabet(const RegexNode& node, ByteSet* set) {
  if (node.kind == Kind::kAtom) {
    *set |= node.first;
    if ((node.first >> 0x80).any()) {
      for (unsigned b = 0x80; b < 0xC0; ++b) set->set(b);
    }
  }
  for (const RegexNode& child : node.children) AddAlphabet(child, set);
}

size_t MinBytes(const RegexNode& node) {
  constexpr size_t kEnough = 4096;
  size_t sum = 0;
  switch (node.kind) {
    case Kind::kAssert:
      return 0;
    case Kind::kAtom:
      return 1;
    case Kind::kConcat:
      for (const RegexNode& child : node.children) sum += MinBytes(child);
      return std::min(sum, kEnough);
    case Kind::kAlternate:
      sum = kEnough;
      for (const RegexNode& child : node.children) sum = std::min(sum, MinBytes(child));
      return sum;
    case Kind::kRepeat:
      return std::min(static_cast<size_t>(node.min) * MinBytes(node.children[0]), kEnough);
  }
  return 0;
}

int MinDigits(const RegexNode& node) {
  constexpr int kEnough = 64;
  switch (node.kind) {
    case Kind::kAssert:
      return 0;
    case Kind::kAtom:
      return (node.first & ~kDigitBytes).none() ? 1 : 0;
    case Kind::kConcat: {
      int sum = 0;
      for (const RegexNode& child : node.children) sum += MinDigits(child);
      return std::min(sum, kEnough);
    }
    case Kind::kAlternate: {
      int least = kEnough;
      for (const RegexNode& child : node.children) least = std::min(least, MinDigits(child));
      return least;
    }
    case Kind::kRepeat:
      return std::min(node.min * MinDigits(node.children[0]), kEnough);
  }
  return 0;
}

Edge EdgeAfter(const RegexNode& node, Edge before) {
  switch (node.kind) {
    case Kind::kAssert:
      // At \b, what follows decides; a literal that begins with a word byte has none before it.
      if (node.text == "\\b" || node.text == "^" || node.text == "\\A" || node.text == "(?m:^)") {
        return {true, true, before.last};
      }
      return before;
    case Kind::kAtom: {
      ByteSet last = node.first;
      if ((node.first >> 0x80).any()) {
        for (unsigned b = 0x80; b < 0xC0; ++b) last.set(b);
      }
      return {!HasWordByte(node.first), !HasDigitByte(node.first), last};
    }
    case Kind::kConcat:
      for (const RegexNode& child : node.children) before = EdgeAfter(child, before);
      return before;
    case Kind::kAlternate: {
      Edge all{true, true, {}};
      for (const RegexNode& child : node.children) all = And(all, EdgeAfter(child, before));
      return all;
    }
    case Kind::kRepeat: {
      if (node.max == 0) return before;
      // Of later rounds the begin is another one: the edge behind the child, if it may be empty.
      Edge after = EdgeAfter(node.children[0], Edge{});
      if (node.min == 1 && node.max == 1) after = EdgeAfter(node.children[0], before);
      return node.min == 0 ? And(before, after) : after;
    }
  }
  return {};
}

std::optional<size_t> LongestMatch(const RegexNode& node) {
  constexpr size_t kEnough = size_t{1} << 32;  // products stay far from overflow
  size_t sum = 0;
  switch (node.kind) {
    case Kind::kAssert:
      return 0;
    case Kind::kAtom:
      return node.max_bytes;
    case Kind::kConcat:
    case Kind::kAlternate:
      for (const RegexNode& child : node.children) {
        const std::optional<size_t> one = LongestMatch(child);
        if (!one) return std::nullopt;
        sum = node.kind == Kind::kConcat ? sum + *one : std::max(sum, *one);
      }
      return sum;
    case Kind::kRepeat: {
      const std::optional<size_t> one = LongestMatch(node.children[0]);
      if (one == 0u) return 0;
      if (!one || node.max == RegexNode::kNoMax || *one > kEnough) return std::nullopt;
      return *one * static_cast<size_t>(node.max);
    }
  }
  return std::nullopt;
}

}  // namespace kt::detect
