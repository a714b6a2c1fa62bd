// One text, or the messages of one request, through a chain, as one line of `kt policy scan`. Pure:
// text in, text out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/view.h"
#include "core/policy/chain.h"

namespace kt::cli {

class LineScanner {
 public:
  // `explain`: the answer names the rules that were found.
  LineScanner(const policy::Chain& chain, policy::Phase phase, bool explain)
      : chain_(chain), phase_(phase), explain_(explain) {}

  // Appends the answer to `line` and its newline to *out. False: the line is no {id, text} or
  // {id, texts} object or could not be judged; the answer then has `error` instead of a verdict.
  bool Scan(std::string_view line, std::string* out);

 private:
  struct Answer;
  // The members "text" or "texts" of a line; kInvalidArgument when it has neither.
  Status ReadTexts(std::vector<std::string>* texts) const;
  Status Judge(std::span<const std::string> texts, std::string* out) const;
  void NameRules(const policy::Reading& reading, Answer* answer) const;
  // One text by every policy, also those that only log. *windows: of the request so far.
  Status Evaluate(policy::TextUnit unit, uint32_t* windows, Answer* answer) const;

  const policy::Chain& chain_;
  policy::Phase phase_;
  bool explain_;
  json::View view_;
};

}  // namespace kt::cli
