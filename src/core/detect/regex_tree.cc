#include "core/detect/regex_tree.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace kt::detect {
namespace {

using Kind = RegexNode::Kind;

constexpr size_t kMaxPatternBytes = 4096;
constexpr size_t kUsualWord = 8;  // elements of a sequence
constexpr int kMaxNesting = 50;
constexpr uint32_t kMaxChoices = 16;
constexpr int kMaxRepeat = 1000;  // RE2's own limit

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

struct Flags {
  bool ignore_case = false, multi_line = false, dot_newline = false;
};

class Parser {
 public:
  Parser(std::string_view pattern, bool ignore_case) : rest_(pattern), base_{ignore_case} {}

  Result<RegexNode> Parse() {
    RegexNode root = Alternation(base_, 0);
    if (error_.empty() && !rest_.empty()) Fail("unmatched )");
    if (!error_.empty()) return Status::InvalidArgument(error_);
    return root;
  }

 private:
  void Fail(const char* why) {
    if (error_.empty()) error_ = why;
    rest_ = {};
  }
  bool Take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  char TakeChar() {
    if (rest_.empty()) return Fail("ends too early"), '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  RegexNode Atom(std::string_view source, size_t max_bytes, Flags flags,
                 const ByteSet& first) const {
    RegexNode node;
    node.kind = Kind::kAtom;
    node.first = first;
    node.text = source;
    if (flags.ignore_case != base_.ignore_case) {
      node.text = (flags.ignore_case ? "(?i:" : "(?-i:") + node.text + ")";
    }
    node.max_bytes = max_bytes;
    return node;
  }
  RegexNode Literal(std::string_view source, uint32_t rune, size_t bytes, Flags flags) const;
  RegexNode ClassEscape(std::string_view source, size_t max_bytes, Flags flags) const {
    ByteSet first;
    AddEscapeClass(source.back() == '}' ? 'p' : source.back(), flags.ignore_case, &first);
    return Atom(source, max_bytes, flags, first);
  }
  static RegexNode Assertion(std::string text) {
    RegexNode node;
    node.kind = Kind::kAssert;
    node.text = std::move(text);
    return node;
  }

  RegexNode Alternation(Flags flags, int depth);
  RegexNode Sequence(Flags* flags, int depth);
  RegexNode Group(Flags* flags, int depth);
  RegexNode Element(Flags* flags, int depth);
  RegexNode Escape(Flags flags);
  RegexNode Class(Flags flags);
  void Repeat(RegexNode* node);
  bool Counts(int* min, int* max);
  bool ParseFlags(Flags* flags);
  uint32_t EscapedRune();
  uint32_t HexRune();
  uint32_t ClassRune();
  uint32_t TakeRune();
  void SkipProperty();
  bool ClassOfItem(Flags flags, ByteSet* first, size_t* max_bytes);

  std::string_view rest_;
  const Flags base_;
  std::string error_;
};

RegexNode Parser::Alternation(Flags flags, int depth) {
  RegexNode node;
  if (depth > kMaxNesting) return Fail("nested too deeply"), node;
  node.kind = Kind::kAlternate;
  do {
    node.children.push_back(Sequence(&flags, depth));
  } while (Take('|'));
  if (node.children.size() == 1) return std::move(node.children[0]);
  return node;
}

RegexNode Parser::Sequence(Flags* flags, int depth) {
  RegexNode node;
  node.children.reserve(kUsualWord);
  while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
    RegexNode element = Element(flags, depth);
    Repeat(&element);
    if (element.kind != Kind::kConcat) {
      node.children.push_back(std::move(element));
      continue;
    }
    for (RegexNode& child : element.children) node.children.push_back(std::move(child));
  }
  return node;
}

RegexNode Parser::Element(Flags* flags, int depth) {
  if (Take('(')) return Group(flags, depth + 1);
  if (Take('[')) return Class(*flags);
  if (Take('\\')) return Escape(*flags);
  if (Take('^')) return Assertion(flags->multi_line ? "(?m:^)" : "^");
  if (Take('$')) return Assertion(flags->multi_line ? "(?m:$)" : "$");
  if (Take('.')) return Atom(flags->dot_newline ? "(?s:.)" : ".", 4, base_, ByteSet().set());
  if (rest_[0] == '*' || rest_[0] == '+' || rest_[0] == '?')
    return Fail("nothing to repeat"), RegexNode{};
  const std::string_view start = rest_;
  const uint32_t rune = TakeRune();
  const size_t bytes = start.size() - rest_.size();
  const std::string_view literal = start.substr(0, bytes);
  // A brace that opens no count is literal to RE2 but would be ambiguous once moved.
  if (literal == "{") return Literal("\\{", rune, 1, *flags);
  if (literal == "}") return Literal("\\}", rune, 1, *flags);
  return Literal(literal, rune, bytes, *flags);
}

RegexNode Parser::Literal(std::string_view source, uint32_t rune, size_t bytes, Flags flags) const {
  ByteSet first;
  AddRunes(rune, rune, flags.ignore_case, &first);
  const size_t folded = std::max(bytes, FoldedBytes(rune, rune));
  RegexNode node = Atom(source, flags.ignore_case ? folded : bytes, flags, first);
  if (rune < 0x80 || !flags.ignore_case || IsCaseless(rune)) node.choices = Utf8(rune);
  return node;
}

// Behind "(": groups of all kinds; capturing is dropped, it is of no use in derived forms.
RegexNode Parser::Group(Flags* flags, int depth) {
  Flags inner = *flags;
  if (Take("?P<")) {
    const size_t end = rest_.find('>');
    if (end == std::string_view::npos) return Fail("unfinished group name"), RegexNode{};
    rest_.remove_prefix(end + 1);
  } else if (Take('?')) {
    if (!ParseFlags(&inner)) return RegexNode{};
    if (Take(')')) {  // (?i): to the end of the enclosing group
      *flags = inner;
      return RegexNode{};
    }
    if (!Take(':')) return Fail("unknown group"), RegexNode{};
  }
  RegexNode node = Alternation(inner, depth);
  if (!Take(')')) Fail("missing )");
  return node;
}

bool Parser::ParseFlags(Flags* flags) {
  bool on = true;
  while (!rest_.empty() && rest_.front() != ':' && rest_.front() != ')') {
    switch (TakeChar()) {
      case '-':
        on = false;
        break;
      case 'i':
        flags->ignore_case = on;
        break;
      case 'm':
        flags->multi_line = on;
        break;
      case 's':
        flags->dot_newline = on;
        break;
      case 'U':
        break;  // which of the matches is preferred, not which there are
      default:
        Fail("unknown group");
        return false;
    }
  }
  return error_.empty();
}

void Parser::Repeat(RegexNode* node) {
  int min = 0, max = 0;
  bool first = true;
  for (;;) {
    if (Take('*')) {
      min = 0, max = RegexNode::kNoMax;
    } else if (Take('+')) {
      min = 1, max = RegexNode::kNoMax;
    } else if (Take('?')) {
      min = 0, max = 1;
    } else if (!Counts(&min, &max)) {
      return;
    }
    if (min > kMaxRepeat || max > kMaxRepeat || (max != RegexNode::kNoMax && max < min)) {
      return Fail("bad repeat count");
    }
    Take('?');  // lazy: the same set of matches
    if (!first) return Fail("repeat of a repeat");
    first = false;
    RegexNode repeat;
    repeat.kind = Kind::kRepeat;
    repeat.min = min;
    repeat.max = max;
    repeat.children.push_back(std::move(*node));
    *node = std::move(repeat);
  }
}

// "{m}", "{m,}", "{m,n}"; anything else behind a brace is a literal brace.
bool Parser::Counts(int* min, int* max) {
  if (rest_.empty() || rest_.front() != '{') return false;
  const size_t end = rest_.find('}');
  if (end == std::string_view::npos) return false;
  const char *p = rest_.data() + 1, *const last = rest_.data() + end;
  auto [after_min, error] = std::from_chars(p, last, *min);
  if (error != std::errc{} || *p == '-') return false;
  *max = *min;
  if (after_min != last) {
    if (*after_min++ != ',') return false;
    *max = RegexNode::kNoMax;
    if (after_min != last) {
      if (*after_min == '-') return false;
      const auto result = std::from_chars(after_min, last, *max);
      if (result.ec != std::errc{} || result.ptr != last) return false;
    }
  }
  rest_.remove_prefix(end + 1);
  return true;
}

uint32_t Parser::HexRune() {
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
uint32_t Parser::EscapedRune() {
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

void Parser::SkipProperty() {
  if (!Take('{')) return void(TakeChar());
  const size_t end = rest_.find('}');
  if (end == std::string_view::npos) return Fail("unfinished \\p{");
  rest_.remove_prefix(end + 1);
}

RegexNode Parser::Escape(Flags flags) {
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

uint32_t Parser::ClassRune() {
  if (Take('\\')) return EscapedRune();
  if (rest_.empty()) return Fail("missing ]"), 0;
  return TakeRune();
}

uint32_t Parser::TakeRune() {
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
bool Parser::ClassOfItem(Flags flags, ByteSet* first, size_t* max_bytes) {
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

RegexNode Parser::Class(Flags flags) {
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

}  // namespace

Result<RegexNode> ParseRegex(std::string_view pattern, bool ignore_case) {
  if (pattern.size() > kMaxPatternBytes) return Status::InvalidArgument("pattern is too long");
  return Parser(pattern, ignore_case).Parse();
}

}  // namespace kt::detect
