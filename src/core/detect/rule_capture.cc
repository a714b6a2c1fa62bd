// Where the group of a match begins and ends. RE2 tells it by an automaton that is ten times slower
// than the one that finds the match. Where the group ends the match and is a row of classes of
// which the last one is repeated, "x(y[yz]{3,50})", the faster one tells it, too: of "xy[yz]{3}",
// which matches the same beginning, the last four bytes begin the group.
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
  const size_t bytes = value_tree.ok() ? BytesOfClasses(value_tree.value()) : 0;
  if (bytes == 0) return {};
  return {std::string(before) + std::string(value.substr(0, comma)) + "}", bytes};
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
    const size_t group = begin + found.size() - head_of_group_.group_bytes;
    groups[1] = {text.data() + group, end - group};
    return true;
  }
  return expression_->Match(piece, begin, limit, RE2::ANCHOR_START, groups, rule.group + 1);
}

}  // namespace kt::detect
