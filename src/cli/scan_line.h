// One text through a chain, as one line of `kt policy scan`. Pure: text in, text out.
#pragma once

#include <string>
#include <string_view>

#include "core/json/view.h"
#include "core/policy/chain.h"

namespace kt::cli {

class LineScanner {
 public:
  LineScanner(const policy::Chain& chain, policy::Phase phase) : chain_(chain), phase_(phase) {}

  // Appends the answer to `line` and its newline to *out. False: the line is no {id, text} object
  // or could not be judged; the answer then has `error` instead of a verdict.
  bool Scan(std::string_view line, std::string* out);

 private:
  // Judges `text` and appends the members of the answer.
  Status Judge(std::string_view text, std::string* out);
  // Every policy's own scores and spans, also those that only log.
  Status Evaluate(policy::TextUnit unit, std::string* scores, std::string* entities) const;

  const policy::Chain& chain_;
  policy::Phase phase_;
  json::View view_;
};

}  // namespace kt::cli
