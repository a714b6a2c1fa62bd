// Where the group of a match begins and ends. RE2 tells it by an automaton that is ten times slower
// than the one that finds the match. Where the group ends the match and is a row of classes of
// which the last one is repeated, "x(y[yz]{3,50})", the faster one tells it, too: of "xy[yz]{3}",
// which matches the same beginning, the last four bytes begin the group. So it is where the bytes
// of one repeated class may be escaped, "x((?:[yz]|\\[yz]){3,50})": the escape is of no class, so
// that what it stands before is plain.
#include <algorithm>
#include <iterator>

#include "core/detect/regex_tree.h"
#include "core/detect/rule_search.h"

namespace kt::detect {
namespace {

constexpr int64_t kHeadMemoryBytes = int64_t{1} << 20;

bool IsByte(const RegexNode& node) {
  return node.kind == RegexNode::Kind::kAtom && node.max_bytes == 1;
}

// Of one byte each, and only the last one repeated: how many bytes there must be; 0: it is not so.
size_t BytesOfClasses(const RegexNode& node) {
  using Kind = RegexNode::Kind;
  if (node.kind == Kind::kRepeat) {
    return IsByte(node.children[0]) ? static_cast<size_t>(std::max(node.min, 0)) : 0;
  }
  if (node.kind != Kind::kConcat || node.children.empty()) return IsByte(node) ? 1 : 0;
  const size_t before = node.children.size() - 1, last = BytesOfClasses(node.children.back());
  const bool bytes = std::all_of(node.children.begin(), std::prev(node.children.end()), IsByte);
  return bytes && last > 0 ? before + last : 0;
}

// Without the rows of one that the parser makes of groups.
const RegexNode& Inner(const RegexNode& node) noexcept {
  const RegexNode* inner = &node;
  while (inner->kind == RegexNode::Kind::kConcat && inner->children.size() == 1) {
    inner = &inner->children[0];
  }
  return *inner;
}

// "[yz]|\\[yz]": the byte that may stand before each of the others, and is none of them; 0: it is
// not so.
uint8_t EscapeOf(const RegexNode& node) {
  using Kind = RegexNode::Kind;
  if (node.kind != Kind::kAlternate || node.children.size() != 2) return 0;
  const RegexNode& plain = Inner(node.children[0]);
  const RegexNode& pair = node.children[1];
  if (!IsByte(plain) || pair.kind != Kind::kConcat || pair.children.size() != 2) return 0;
  const RegexNode& sign = pair.children[0];
  const RegexNode& escaped = pair.children[1];
  if (!IsByte(sign) || !IsByte(escaped) || sign.first.count() != 1) return 0;
  if ((sign.first & (plain.first | escaped.first)).any()) return 0;
  uint8_t byte = 0;
  while (!sign.first[byte]) ++byte;
  return byte;
}

// Flags that hold for all that follows.
bool SetsFlags(std::string_view pattern) noexcept {
  for (size_t at = pattern.find("(?"); at != pattern.npos; at = pattern.find("(?", at + 2)) {
    const size_t end = pattern.find_first_not_of("imsU-", at + 2);
    if (end != pattern.npos && pattern[end] == ')') return true;
  }
  return false;
}

// Where the first group opens; the size where there is none.
size_t FirstGroup(std::string_view pattern) noexcept {
  bool in_class = false;
  for (size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '\\') {
      ++at;
    } else if (in_class ? c == ']' : c == '[') {
      in_class = !in_class;
    } else if (!in_class && c == '(' && !pattern.substr(at).starts_with("(?")) {
      return at;
    }
  }
  return pattern.size();
}

// Where the group begins in what the head matches. Its size where that is not certain: an escape
// before the first byte may be what stands before the group.
size_t GroupIn(std::string_view found, const GroupHead& head) noexcept {
  size_t at = found.size();
  for (size_t left = head.group_bytes; left > 0; --left) {
    --at;
    const bool escaped =
        head.escape != 0 && at > 0 && static_cast<uint8_t>(found[at - 1]) == head.escape;
    if (!escaped) continue;
    if (left == 1) return found.size();
    --at;
  }
  return at;
}

}  // namespace

GroupHead HeadOf(std::string_view pattern) {
  const size_t open = FirstGroup(pattern);
  if (open == pattern.size()) return {};
  // "…{13,150})"
  const std::string_view before = pattern.substr(0, open), value = pattern.substr(open + 1);
  const size_t count = value.rfind('{'), comma = value.find(',', std::min(count, value.size()));
  if (count == value.npos || comma == value.npos || SetsFlags(before)) return {};
  const size_t end = value.find_first_not_of("0123456789", comma + 1);
  if (end == comma + 1 || end != value.size() - 2 || !value.ends_with("})")) return {};
  const Result<RegexNode> before_tree = ParseRegex(before),
                          value_tree = ParseRegex(value.substr(0, value.size() - 1));
  if (!before_tree.ok() || before_tree->kind == RegexNode::Kind::kAlternate) return {};
  if (!value_tree.ok()) return {};
  size_t bytes = BytesOfClasses(value_tree.value());
  uint8_t escape = 0;
  const RegexNode& whole = Inner(value_tree.value());
  if (bytes == 0 && whole.kind == RegexNode::Kind::kRepeat) {
    escape = EscapeOf(Inner(whole.children[0]));
    if (escape != 0) bytes = static_cast<size_t>(std::max(whole.min, 0));
  }
  if (bytes == 0) return {};
  return {std::string(before) + std::string(value.substr(0, comma)) + "}", bytes, escape};
}

const RE2* RuleSearch::Head() const {
  std::call_once(head_once_, [&] {
    head_ = std::make_unique<RE2>(head_of_group_.pattern, QuietOptions(false, kHeadMemoryBytes));
  });
  return head_->ok() ? head_.get() : nullptr;
}

// The group of a match, which is all of groups[0].
bool RuleSearch::Capture(std::string_view text, size_t limit, re2::StringPiece* groups) const {
  const auto begin = static_cast<size_t>(groups[0].data() - text.data());
  const size_t end = begin + groups[0].size();
  const re2::StringPiece piece(text.data(), text.size());
  const RE2* head = Head();
  re2::StringPiece found;
  if (head != nullptr && head->Match(piece, begin, end, RE2::ANCHOR_START, &found, 1)) {
    const size_t group = GroupIn(text.substr(begin, found.size()), head_of_group_);
    if (group < found.size()) {
      groups[1] = {text.data() + begin + group, end - begin - group};
      return true;
    }
  }
  return expression_->Match(piece, begin, limit, RE2::ANCHOR_START, groups, rule.group + 1);
}

}  // namespace kt::detect
