#include "core/detect/regex_tree.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/detect/regex_parser.h"

namespace kt::detect {
namespace {

using Kind = RegexNode::Kind;

constexpr size_t kMaxPatternBytes = 4096;
constexpr size_t kUsualWord = 8;  // elements of a sequence
constexpr int kMaxNesting = 50;
constexpr int kMaxRepeat = 1000;  // RE2's own limit

}  // namespace

RegexNode RegexParser::Alternation(Flags flags, int depth) {
  RegexNode node;
  if (depth > kMaxNesting) return Fail("nested too deeply"), node;
  node.kind = Kind::kAlternate;
  do {
    node.children.push_back(Sequence(&flags, depth));
  } while (Take('|'));
  if (node.children.size() == 1) return std::move(node.children[0]);
  return node;
}

RegexNode RegexParser::Sequence(Flags* flags, int depth) {
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

RegexNode RegexParser::Element(Flags* flags, int depth) {
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

// Behind "(": groups of all kinds; capturing is dropped, it is of no use in derived forms.
RegexNode RegexParser::Group(Flags* flags, int depth) {
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

bool RegexParser::ParseFlags(Flags* flags) {
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

void RegexParser::Repeat(RegexNode* node) {
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
bool RegexParser::Counts(int* min, int* max) {
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

Result<RegexNode> ParseRegex(std::string_view pattern, bool ignore_case) {
  if (pattern.size() > kMaxPatternBytes) return Status::InvalidArgument("pattern is too long");
  return RegexParser(pattern, ignore_case).Parse();
}

}  // namespace kt::detect
