#include "core/detect/prefix.h"

#include <algorithm>

#include "core/detect/regex_shape.h"
#include "core/detect/regex_tree.h"

namespace kt::detect {
namespace {

using Kind = RegexNode::Kind;

// The same for a single code point in beginnings: up to five blanks are between any two words.
constexpr int kLooseAtoms = 5;

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

// What is left where the text ends.
std::string OrEnd(const std::string& text) {
  return "(?:" + text + "|$)";
}

std::string Prefix(const RegexNode& node) {
  std::string out;
  switch (node.kind) {
    case Kind::kAssert:
    case Kind::kAtom:
      return OrEnd(node.text);
    case Kind::kConcat:
      for (const RegexNode& child : node.children) out += Prefix(child);
      return out;
    case Kind::kAlternate:
      for (const RegexNode& child : node.children) {
        out += (out.empty() ? "(?:" : "|") + Prefix(child);
      }
      return out + ")";
    case Kind::kRepeat: {
      const RegexNode& child = node.children[0];
      if (child.kind != Kind::kAtom) return Counted(Prefix(child), node.min, node.max);
      // Rounds that need not be there need no end.
      const int min = std::min(node.min, kLooseRepeat), max = node.max;
      const bool endless = max == RegexNode::kNoMax || max > kLooseAtoms;
      return Counted(OrEnd(child.text), min, min) +
             Counted(child.text, 0, endless ? RegexNode::kNoMax : max - min);
    }
  }
  return out;
}

std::string Form(const std::string& text, bool ignore_case) {
  return (ignore_case ? "(?i:" : "(?:") + text + ")";
}

}  // namespace

std::string BeginningsForm(const RegexNode& tree, bool ignore_case) {
  return Form(Prefix(tree), ignore_case);
}
std::string LooseForm(const RegexNode& tree, bool ignore_case) {
  return Form(Loose(tree), ignore_case);
}

Result<PrefixForm> DerivePrefix(std::string_view pattern, bool ignore_case) {
  const Result<RegexNode> tree = ParseRegex(pattern, ignore_case);
  if (!tree.ok()) return tree.status();
  return PrefixForm{BeginningsForm(tree.value(), ignore_case), LooseForm(tree.value(), ignore_case),
                    LongestMatch(tree.value())};
}

}  // namespace kt::detect
