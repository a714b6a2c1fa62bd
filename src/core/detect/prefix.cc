#include "core/detect/prefix.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/detect/regex_shape.h"
#include "core/detect/regex_tree.h"

namespace kt::detect {
namespace {

using Kind = RegexNode::Kind;

constexpr size_t kMaxFormBytes = 64 * 1024;

std::string Counted(const std::string& text, int min, int max) {
  if (max != RegexNode::kNoMax && max > kLooseRepeat) max = RegexNode::kNoMax;
  if (min > kLooseRepeat) min = kLooseRepeat;
  if (max == 0) return {};
  const std::string group = "(?:" + text + ")";
  if (max == RegexNode::kNoMax) {
    if (min <= 1) return group + (min == 0 ? "*" : "+");
    return group + "{" + std::to_string(min) + ",}";
  }
  if (min == 1 && max == 1) return group;
  return group + "{" + std::to_string(min) + "," + std::to_string(max) + "}";
}

std::string Loose(const RegexNode& node) {
  std::string out;
  switch (node.kind) {
    case Kind::kAssert:
    case Kind::kAtom:
      return node.text;
    case Kind::kConcat:
      for (const RegexNode& child : node.children) out += Loose(child);
      return out;
    case Kind::kAlternate:
      for (const RegexNode& child : node.children) {
        out += (out.empty() ? "(?:" : "|") + Loose(child);
      }
      return out + ")";
    case Kind::kRepeat:
      return Counted(Loose(node.children[0]), node.min, node.max);
  }
  return out;
}

// The non-empty beginnings; nullopt: there are none.
std::optional<std::string> Prefix(const RegexNode& node);

// Built from the right: P(i) = pre(x_i) | x_i P(i+1), which for an atom is x_i P(i+1)?.
std::optional<std::string> ConcatPrefix(const std::vector<RegexNode>& items) {
  std::optional<std::string> tail;
  for (size_t i = items.size(); i-- > 0;) {
    std::optional<std::string> own = Prefix(items[i]);
    if (!tail) {
      tail = std::move(own);
      continue;
    }
    if (items[i].kind == Kind::kAtom) {
      tail = items[i].text + "(?:" + *tail + ")?";
    } else if (!own) {
      tail = Loose(items[i]) + *tail;
    } else {
      tail = "(?:" + *own + "|" + Loose(items[i]) + *tail + ")";
    }
    if (tail->size() > kMaxFormBytes) return tail;
  }
  return tail;
}

std::optional<std::string> Prefix(const RegexNode& node) {
  switch (node.kind) {
    case Kind::kAssert:
      return std::nullopt;
    case Kind::kAtom:
      return node.text;
    case Kind::kConcat:
      return ConcatPrefix(node.children);
    case Kind::kAlternate: {
      std::string out;
      for (const RegexNode& child : node.children) {
        const std::optional<std::string> own = Prefix(child);
        if (own) out += (out.empty() ? "(?:" : "|") + *own;
      }
      if (out.empty()) return std::nullopt;
      return out + ")";
    }
    case Kind::kRepeat: {
      const std::optional<std::string> own = Prefix(node.children[0]);
      if (!own || node.max == 0) return std::nullopt;
      const int before = node.max == RegexNode::kNoMax ? node.max : node.max - 1;
      return Counted(Loose(node.children[0]), 0, before) + "(?:" + *own + ")";
    }
  }
  return std::nullopt;
}

}  // namespace

Result<PrefixForm> DerivePrefix(std::string_view pattern, bool ignore_case) {
  Result<RegexNode> tree = ParseRegex(pattern, ignore_case);
  if (!tree.ok()) return tree.status();
  return DerivePrefix(tree.value(), ignore_case);
}

Result<PrefixForm> DerivePrefix(const RegexNode& tree, bool ignore_case) {
  const std::string open = ignore_case ? "(?i:" : "(?:";
  PrefixForm form;
  form.max_bytes = LongestMatch(tree);
  form.loose = open + Loose(tree) + ")";
  if (const std::optional<std::string> prefix = Prefix(tree)) {
    form.pattern = open + *prefix + ")";
  }
  if (form.pattern.size() > kMaxFormBytes || form.loose.size() > kMaxFormBytes) {
    return Status::InvalidArgument("expression is too large");
  }
  return form;
}

}  // namespace kt::detect
