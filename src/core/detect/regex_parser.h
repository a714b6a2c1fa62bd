// Reads RE2's syntax into a tree (regex_tree.h): alternatives, groups and repeats in regex_tree.cc,
// literals, escapes and classes in regex_class.cc. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/detect/regex_bytes.h"
#include "core/detect/regex_tree.h"

namespace kt::detect {

class RegexParser {
 public:
  RegexParser(std::string_view pattern, bool ignore_case) : rest_(pattern), base_{ignore_case} {}

  Result<RegexNode> Parse() {
    RegexNode root = Alternation(base_, 0);
    if (error_.empty() && !rest_.empty()) Fail("unmatched )");
    if (!error_.empty()) return Status::InvalidArgument(error_);
    return root;
  }

 private:
  struct Flags {
    bool ignore_case = false, multi_line = false, dot_newline = false;
  };

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
    node.kind = RegexNode::Kind::kAtom;
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
    node.kind = RegexNode::Kind::kAssert;
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

}  // namespace kt::detect
