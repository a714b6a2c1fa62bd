// What is spelled out unit by unit (detect/spelled_rows.h): values of strong shape in its view, and
// what a stream holds of a row that may go on.
#include <algorithm>
#include <string>

#include "core/base/ascii.h"
#include "core/detect/spelled_rows.h"
#include "core/policy/reading.h"

namespace kt::policy {
namespace {

using detect::RowForm;
using detect::RowUnit;
using detect::SpelledRow;

// Digits in the columns and lists of which data is made. `text`: they and what divides them.
bool AreListed(std::string_view value, std::string_view text) noexcept {
  return text.find_first_of(",;|\t\n") != text.npos &&
         std::all_of(value.begin(), value.end(), [](char c) { return IsDigit(c) || c == ' '; });
}

// What `units` say; `at[i]` is the unit of byte i.
struct RowText {
  std::string text;
  std::vector<size_t> at;

  void Assign(std::span<const RowUnit> units, bool breaks) {
    text.clear();
    at.clear();
    for (size_t i = 0; i < units.size(); ++i) {
      if (breaks && units[i].breaks) text.push_back(' '), at.push_back(i);
      text.push_back(units[i].byte);
      at.push_back(i);
    }
  }
};

// The units of a row without its last one, and the signs before that.
std::span<const RowUnit> WithoutLast(const SpelledRow& row) noexcept {
  std::span<const RowUnit> units(row.units);
  while (!units.empty() && units.back().begin >= row.last) units = units.first(units.size() - 1);
  while (!units.empty() && units.back().end == row.last) units = units.first(units.size() - 1);
  return units;
}

}  // namespace

Status Reader::MatchSpelled(const detect::View& view, const Options& options, Reading* out) {
  const std::string_view text = view.text;
  for (size_t part = 0; part < view.parts.size();) {
    const size_t begin = view.parts[part].at;
    if (view.parts[part].origin == detect::PartOrigin::kSame) ++part;
    const size_t own = view.parts[part].at, first = part;
    const size_t end = std::min(text.find('\n', begin), text.size());
    while (part < view.parts.size() && view.parts[part].at < end) ++part;
    found_.clear();
    const std::string_view group = text.substr(begin, end - begin);
    Status status =
        matcher_->FindAll(group, own - begin, options.scope, &found_, nullptr, &budget_);
    if (!status.ok()) return status;
    const bool characters = view.parts[first].end - view.parts[first].begin == 1;
    for (const detect::Match& match : found_) {
      const detect::Rule& rule = matcher_->rule(match.rule);
      if (!rule.spelled) continue;
      const detect::ByteSpan span = {match.begin + begin, match.end + begin};
      const detect::ByteSpan raw = view.Raw(span.begin, span.end, out->deep_->normalized);
      if (characters && AreListed(group.substr(match.begin, match.end - match.begin),
                                  out->raw_.substr(raw.begin, raw.end - raw.begin))) {
        if (!rule.named || !rule.named({group, match.begin, match.end})) continue;
      }
      out->matches_.push_back({match.rule, raw.begin, raw.end, raw.begin, match.kind});
    }
  }
  return Status::Ok();
}

// As Matcher::HoldFrom, of what the last row of `text` says. The last unit goes with that row, or
// with a longer word that follows.
size_t Reader::HoldSpelled(std::string_view text) const {
  size_t hold = text.size();
  SpelledRow row;
  RowText says;
  const auto hold_row = [&](size_t at) {
    if (!row.open) return;
    if (row.units.empty() || !row.IsLongEnough()) {
      hold = std::min(hold, at);
      return;
    }
    hold = std::min(hold, row.last);
    const std::span<const RowUnit> all(row.units);
    for (const std::span<const RowUnit> units : {all, WithoutLast(row)}) {
      for (const bool breaks : {false, true}) {
        if (breaks && !row.breaks) continue;
        says.Assign(units, breaks);
        const size_t live = matcher_->HoldFrom(says.text, 0);
        if (live < says.text.size()) hold = std::min<size_t>(hold, units[says.at[live]].begin);
      }
    }
  };
  size_t next[detect::kRowFormCount] = {};
  const auto read = [&](size_t at, RowForm form) {
    size_t& done = next[static_cast<size_t>(form)];
    if (at < done) return;
    const bool found = detect::ReadRow(text, at, form, &row);
    hold_row(at);
    if (found) done = row.last;
  };
  for (size_t at = detect::LastUnitsBegin(text, 0); at < text.size();) {
    const size_t end = detect::RunEnd(text, at);
    // The end of the text may have cut a number of any form.
    const unsigned forms = end == text.size() ? ~0u : detect::RowFormsOf(text.substr(at, end - at));
    for (unsigned form = 0; form < detect::kRowFormCount; ++form) {
      if ((forms >> form & 1) != 0) read(at, static_cast<RowForm>(form));
    }
    at = detect::NextRun(text, end);
  }
  return hold;
}

}  // namespace kt::policy
