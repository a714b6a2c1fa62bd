// The client's own values of one request, and the numbered placeholders that stand for them on the
// way to the provider (`redaction.marker_format: reversible` of README.md).
//
// Request: Reserve every text, then Number its edits, in document order. Answer: find placeholders
// in texts that the policies have judged. Values live here only, as long as the request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/policy/chain.h"
#include "core/session/nested_json.h"

namespace kt::session {

class Placeholders {
 public:
  bool empty() const noexcept { return values_.empty(); }

  // An answer begins, into which values of so many bytes may come back: a value may be as long as
  // the request, and an answer of a few bytes may ask for it a thousand times.
  void BeginAnswer(size_t max_bytes) noexcept;
  // Bytes of values are put into the answer. False: no more may be.
  bool Take(size_t bytes) noexcept;
  // The same for edits that an event repeats.
  bool TakeAgain(const std::vector<SpanEdit>& edits) noexcept;
  // More was to come back than may: the answer must not go out.
  bool exceeded() const noexcept { return exceeded_; }

  // What the client itself wrote like a placeholder must not be taken for one of ours: its number
  // is skipped. Only labels that `edits` use count.
  void UseLabels(const std::vector<policy::TextEdit>& edits);
  void Reserve(std::string_view text);
  // Turns the restorable replacements "[LABEL]" of `edits` of `text` into "[LABEL_n]": numbered by
  // first appearance for each label, equal for equal values. `escaped`, by edit: how many times a
  // value's escapes are to be resolved until it is what it says by itself; empty: not at all.
  void Number(std::string_view text, const std::vector<unsigned>& escaped,
              std::vector<policy::TextEdit>* edits);

  // Adds to *spans, the ordered edits of text[begin, end), those that put values in the place of
  // placeholders which no edit touches. Returns the offset up to which the text is settled: behind
  // it stands what may be the beginning of a placeholder. `final`: nothing follows; all is settled.
  size_t Restore(std::string_view text, size_t begin, size_t end, bool final,
                 std::vector<SpanEdit>* spans);

 private:
  struct Label {
    uint32_t next = 1;
    std::vector<uint32_t> reserved;  // sorted by Number
    bool sorted = true;
    std::unordered_map<std::string, uint32_t> number_of_value;
  };
  uint32_t NextNumber(Label* label);
  bool MayContinue(std::string_view tail) const;

  std::map<std::string, Label, std::less<>> labels_;
  std::map<std::string, std::string, std::less<>> values_;  // by placeholder
  size_t longest_ = 0;                                      // placeholder
  size_t may_come_back_ = 0;                                // bytes of values
  bool exceeded_ = false;
};

}  // namespace kt::session
