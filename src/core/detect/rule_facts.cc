#include "core/detect/rule_facts.h"

#include <utility>

#include "core/detect/regex_shape.h"
#include "core/detect/regex_tree.h"

namespace kt::detect {

RuleFacts DeriveFacts(std::string_view pattern, bool ignore_case, int group) {
  RuleFacts facts;
  const Result<RegexNode> tree = ParseRegex(pattern, ignore_case);
  if (!tree.ok()) return facts;
  facts.derived = true;
  facts.longest = LongestMatch(tree.value());
  if (auto required = RequiredFactors(tree.value())) facts.required = std::move(required->any_of);
  if (const auto all = Beginnings(tree.value())) facts.beginnings = GroupsOf(*all);
  AddAlphabet(tree.value(), &facts.alphabet);
  if (group == 1 && !ignore_case) facts.head = HeadOf(pattern);
  return facts;
}

}  // namespace kt::detect
