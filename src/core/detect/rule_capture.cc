// Where the group of a match begins and ends.
#include <algorithm>
#include <iterator>
#include <optional>

#include "core/detect/regex_shape.h"
#include "core/detect/rule_search.h"

namespace kt::detect {
namespace {

// One-byte classes in a row, of which only the last one may be repeated: what matches so at a place
// has no more bytes than it must.
bool IsClasses(const RegexNode& node) {
  using Kind = RegexNode::Kind;
  const auto is_one = [](const RegexNode& n) { return n.kind == Kind::kAtom && n.max_bytes == 1; };
  if (node.kind == Kind::kRepeat) return node.min > 0 && is_one(node.children[0]);
  if (node.kind != Kind::kConcat || node.children.empty()) return is_one(node);
  return std::all_of(node.children.begin(), std::prev(node.children.end()), is_one) &&
         IsClasses(node.children.back());
}

// Flags that hold for all that follows.
bool SetsFlags(std::string_view pattern) noexcept {
  for (size_t at = pattern.find("(?"); at != pattern.npos; at = pattern.find("(?", at + 2)) {
    const size_t end = pattern.find_first_not_of("imsU-", at + 2);
    if (end != pattern.npos && pattern[end] == ')') return true;
  }
  return false;
}

}  // namespace

// Where the group begins depends on no more of a match than this, where all behind its first bytes
// may be left out: "(x[yz]{3,50})", and the group ends the expression. Else its automaton, which is
// slow, would go through the whole match.
void RuleSearch::SetCapture() {
  if (rule.group != 1 || rule.ignore_case) return;
  const std::string_view pattern = rule.pattern;
  size_t open = 0;
  bool in_class = false;
  for (; open < pattern.size(); ++open) {
    const char c = pattern[open];
    if (c == '\\') {
      ++open;
    } else if (in_class ? c == ']' : c == '[') {
      in_class = !in_class;
    } else if (!in_class && c == '(' && !pattern.substr(open).starts_with("(?")) {
      break;
    }
  }
  if (open >= pattern.size() || !pattern.ends_with(')')) return;
  if (SetsFlags(pattern.substr(0, open))) return;
  const Result<RegexNode> before = ParseRegex(pattern.substr(0, open)),
                          value = ParseRegex(pattern.substr(open + 1, pattern.size() - open - 2));
  if (!before.ok() || !value.ok() || before->kind == RegexNode::Kind::kAlternate) return;
  const std::optional<size_t> bytes = LongestMatch(before.value());
  if (bytes && IsClasses(value.value())) capture_bytes_ = *bytes + MinBytes(value.value());
}

// The group of a match, which is all of groups[0].
bool RuleSearch::Capture(std::string_view text, size_t limit, re2::StringPiece* groups) const {
  const auto begin = static_cast<size_t>(groups[0].data() - text.data());
  const re2::StringPiece piece(text.data(), text.size()), whole = groups[0];
  if (capture_bytes_ > 0 && whole.size() > capture_bytes_ &&
      expression_->Match(piece, begin, begin + capture_bytes_, RE2::ANCHOR_START, groups, 2)) {
    groups[0] = whole;
    groups[1] = {groups[1].data(),
                 static_cast<size_t>(whole.data() + whole.size() - groups[1].data())};
    return true;
  }
  return expression_->Match(piece, begin, limit, RE2::ANCHOR_START, groups, rule.group + 1);
}

}  // namespace kt::detect
