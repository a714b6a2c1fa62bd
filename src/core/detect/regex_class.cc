// What stands for one code point: literals, escapes and classes.
#include <algorithm>
#include <charconv>
#include <utility>

#include "core/detect/regex_parser.h"

namespace kt::detect {
namespace {

constexpr uint32_t kMaxChoices = 16;

size_t Utf8Bytes(uint32_t rune) noexcept {
  if (rune < 0x80) return 1;
  if (rune < 0x800) return 2;
  return rune < 0x10000 ? 3 : 4;
}

size_t SequenceBytes(char lead) noexcept {
  const auto b = static_cast<unsigned char>(lead);
  if (b < 0x80) return 1;
  if (b < 0xE0) return 2;
  return b < 0xF0 ? 3 : 4;
}

// Under (?i) a code point matches its whole case-folding orbit, which may be longer: k and the
// Kelvin sign, s and the long s, å and the Angstrom sign.
size_t FoldedBytes(uint32_t low, uint32_t high) noexcept {
  const auto covers = [&](char c) {
    const auto lower = static_cast<uint32_t>(c);
    return (low <= lower && lower <= high) || (low <= lower - 32 && lower - 32 <= high);
  };
  if (high >= 0x80) return std::max<size_t>(Utf8Bytes(high), 3);
  if (covers('k')) return 3;
  return covers('s') ? 2 : 1;
}

}  // namespace

RegexNode RegexParser::Literal(std::string_view source, uint32_t rune, size_t bytes,
                               Flags flags) const {
  ByteSet first;
  AddRunes(rune, rune, flags.ignore_case, &first);
  const size_t folded = std::max(bytes, FoldedBytes(rune, rune));
  RegexNode node = Atom(source, flags.ignore_case ? folded : bytes, flags, first);
  if (rune < 0x80 || !flags.ignore_case || IsCaseless(rune)) {
    node.choices = Utf8(rune);
  } else {
    node.choices = CaseOrbit(rune);
  }
  return node;
}

uint32_t RegexParser::HexRune() {
  std::string_view digits;
  if (Take('{')) {
    const size_t end = rest_.find('}');
    if (end == std::string_view::npos) return Fail("unfinished \\x{"), 0;
    digits = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
  } else {
    digits = rest_.substr(0, 2);
    rest_.remove_prefix(digits.size());
  }
  uint32_t rune = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), rune, 16);
  if (digits.empty() || result.ptr != digits.data() + digits.size()) Fail("bad \\x escape");
  return rune;
}

// Behind a backslash: the code point of an escape that stands for one.
uint32_t RegexParser::EscapedRune() {
  const char c = TakeChar();
  switch (c) {
    case 'x':
      return HexRune();
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case 'a':
      return '\a';
    default:
      break;
  }
  const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (word || static_cast<unsigned char>(c) >= 0x80) Fail("unknown escape");
  return static_cast<uint32_t>(c);
}

void RegexParser::SkipProperty() {
  if (!Take('{')) return void(TakeChar());
  const size_t end = rest_.find('}');
  if (end == std::string_view::npos) return Fail("unfinished \\p{");
  rest_.remove_prefix(end + 1);
}

RegexNode RegexParser::Escape(Flags flags) {
  const std::string_view start(rest_.data() - 1, rest_.size() + 1);
  const auto source = [&] { return start.substr(0, start.size() - rest_.size()); };
  if (Take('b') || Take('B') || Take('A') || Take('z')) return Assertion(std::string(source()));
  if (Take('d') || Take('s')) return ClassEscape(source(), 1, base_);
  if (Take('w')) return ClassEscape(source(), flags.ignore_case ? 3 : 1, flags);
  if (Take('D') || Take('S') || Take('W')) return ClassEscape(source(), 4, base_);
  if (Take('p') || Take('P')) {
    SkipProperty();
    return Atom(source(), 4, flags, ByteSet().set());
  }
  const uint32_t rune = EscapedRune();
  return Literal(source(), rune, Utf8Bytes(rune), flags);
}

uint32_t RegexParser::ClassRune() {
  if (Take('\\')) return EscapedRune();
  if (rest_.empty()) return Fail("missing ]"), 0;
  return TakeRune();
}

uint32_t RegexParser::TakeRune() {
  const size_t bytes = std::min(SequenceBytes(rest_.front()), rest_.size());
  uint32_t rune = static_cast<unsigned char>(rest_.front());
  if (bytes > 1) {
    rune &= 0xFFu >> (bytes + 1);
    for (size_t i = 1; i < bytes; ++i) {
      rune = rune << 6 | (static_cast<unsigned char>(rest_[i]) & 0x3Fu);
    }
  }
  rest_.remove_prefix(bytes);
  return rune;
}

// One item of a class that is no code point and no range; false: it is one of those.
bool RegexParser::ClassOfItem(Flags flags, ByteSet* first, size_t* max_bytes) {
  const auto name = [&](const char* escape, size_t bytes) {
    if (!Take(escape)) return false;
    AddEscapeClass(escape[1], flags.ignore_case, first);
    *max_bytes = std::max(*max_bytes, bytes);
    return true;
  };
  if (rest_.starts_with("[:")) {
    const size_t end = rest_.find(":]");
    if (end == std::string_view::npos) return Fail("unfinished [:"), true;
    if (rest_.substr(0, 3) == "[:^") *max_bytes = 4;
    if (flags.ignore_case) *max_bytes = std::max<size_t>(*max_bytes, 3);
    rest_.remove_prefix(end + 2);
    return first->set(), true;
  }
  if (name("\\d", 1) || name("\\s", 1) || name("\\w", flags.ignore_case ? 3 : 1)) return true;
  if (name("\\D", 4) || name("\\S", 4) || name("\\W", 4)) return true;
  if (!name("\\p", 4) && !name("\\P", 4)) return false;
  SkipProperty();
  return true;
}

RegexNode RegexParser::Class(Flags flags) {
  const std::string_view start(rest_.data() - 1, rest_.size() + 1);
  const bool negated = Take('^');
  size_t max_bytes = negated ? 4 : 1;
  std::string choices;
  size_t chosen = 0;
  bool few = !negated;      // `choices` are all
  ByteSet first, excluded;  // `excluded`: of these bytes no negated class is without doubt
  for (bool begin = true; begin || !rest_.starts_with("]"); begin = false) {
    if (rest_.empty()) return Fail("missing ]"), RegexNode{};
    ByteSet items;
    if (ClassOfItem(flags, &items, &max_bytes)) {
      first |= items;
      few = false;
      if (!items.all()) excluded |= items;
      continue;
    }
    const uint32_t low = ClassRune();
    uint32_t high = low;
    if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
      rest_.remove_prefix(1);
      high = ClassRune();
    }
    AddRunes(low, high, flags.ignore_case, &first);
    few &= low >= 0x80 && high - low < kMaxChoices && chosen < kMaxChoices;
    for (uint32_t rune = low; few && rune <= high; ++rune, ++chosen) {
      few &= !flags.ignore_case || IsCaseless(rune);
      choices += Utf8(rune);
    }
    if (low < 0x80) AddRunes(low, std::min<uint32_t>(high, 0x7F), flags.ignore_case, &excluded);
    max_bytes = std::max(max_bytes, flags.ignore_case ? FoldedBytes(low, high) : Utf8Bytes(high));
  }
  if (!error_.empty()) return RegexNode{};
  rest_.remove_prefix(1);
  RegexNode node = Atom(start.substr(0, start.size() - rest_.size()), max_bytes, flags,
                        negated ? Negated(excluded) : first);
  if (few) node.choices = std::move(choices);
  return node;
}

}  // namespace kt::detect
