// Expressions meet normalised text (detect/normalize.h), in which "Führer" reads "Fuhrer".
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/detect/matcher.h"

namespace kt::policies {

// `pattern` with what is no ASCII, written as it is or as \x{…}, as the normaliser leaves it,
// look-alikes of other alphabets apart, and without \Q and \E. In a class the folded character
// joins the written one; ranges and negated classes stay. Characters that the normaliser drops stay
// too, and match nothing.
std::string FoldPattern(std::string_view pattern);

// Collects the rules of all policies, folded. (Fuzzy terms are folded by their matcher.)
class RuleSink {
 public:
  explicit RuleSink(detect::Matcher::Builder* builder) : builder_(*builder) {}
  detect::RuleId Add(detect::Rule rule) {
    if (rule.fuzzy_distance == 0) rule.pattern = FoldPattern(rule.pattern);
    return builder_.Add(std::move(rule));
  }
  size_t size() const noexcept { return builder_.size(); }

 private:
  detect::Matcher::Builder& builder_;
};

}  // namespace kt::policies
