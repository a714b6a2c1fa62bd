// What rows spell (spelled_rows.h), each behind the text before it, which rules may look at.
#include <algorithm>
#include <vector>

#include "core/base/ascii.h"
#include "core/detect/matcher.h"
#include "core/detect/spelled_rows.h"
#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

class Rows {
 public:
  Rows(std::string_view text, Sink* out) : text_(text), out_(*out) {}

  // All rows that begin in [begin, end).
  void Find(size_t begin, size_t end) {
    ReadRuns(std::max(begin, done_), end);
    for (size_t i = 0; i < runs_.size() && runs_[i].begin < end; ++i) {
      const unsigned forms = FormsFrom(i);
      for (unsigned form = 0; forms >> form != 0; ++form) {
        if ((forms >> form & 1) != 0) Try(runs_[i].begin, static_cast<RowForm>(form));
      }
    }
    done_ = std::max(done_, end);
  }

 private:
  struct Run {
    size_t begin, end;
    unsigned forms;
  };
  // Those that begin in [begin, end), and as many behind them as a row has at least.
  void ReadRuns(size_t begin, size_t end) {
    runs_.clear();
    size_t behind = 0;
    for (size_t at = begin; (at = NextRun(text_, at)) < text_.size();) {
      if (at >= end && ++behind == kMinRowUnits) return;
      const size_t run_end = RunEnd(text_, at);
      const unsigned forms = RowFormsOf(text_.substr(at, run_end - at));
      // Of longer words in a row one tells as much as all.
      if (forms != 0 || runs_.empty() || runs_.back().forms != 0)
        runs_.push_back({at, run_end, forms});
      at = run_end;
    }
  }
  // The forms of which rows may begin with run `i`: all units are of one.
  unsigned FormsFrom(size_t i) const noexcept {
    if (runs_.size() - i < kMinRowUnits) return 0;
    unsigned forms = runs_[i].forms;
    for (size_t next = i + 1; next < i + kMinRowUnits && forms != 0; ++next) {
      if (runs_[next].begin - runs_[next - 1].end > kMaxRowGapBytes) return 0;
      forms &= runs_[next].forms;
    }
    return forms;
  }
  // What was read of a form.
  struct Read {
    size_t next = 0;     // no row begins before, but in one that was read
    size_t emitted = 0;  // where the last row ends
  };

  void Try(size_t at, RowForm form) {
    Read& read = read_[static_cast<size_t>(form)];
    if (at < read.next || !ReadRow(text_, at, form, &row_)) return;
    // The last unit may begin another row.
    read.next = row_.last;
    if (!row_.IsLongEnough()) return;
    const bool numbers = form != RowForm::kCharacters;
    Emit(false, numbers, read.emitted);
    if (row_.breaks) Emit(true, numbers, read.emitted);
    read.emitted = row_.units.back().end;
  }
  void Emit(bool breaks, bool numbers, size_t floor) {
    out_.Divide();
    Before(floor, row_.units.front().begin, numbers);
    for (const RowUnit& unit : row_.units) {
      const char blank_and_byte[] = {' ', unit.byte};
      const bool blank = breaks && unit.breaks;
      out_.Add(PartOrigin::kWhole, unit.begin, unit.end,
               {blank_and_byte + (blank ? 0 : 1), blank ? 2u : 1u});
    }
  }
  // Not again what other rows had before them or held, nor what belongs to the first number ("U+",
  // "chr(").
  void Before(size_t floor, size_t end, bool number) {
    size_t begin = std::max(end - std::min(end, kContextBytes), std::min(floor, end));
    while (begin < end && IsContinuation(text_[begin])) ++begin;
    if (begin == end) return;
    plain_.assign(text_.substr(begin, end - begin));
    std::replace(plain_.begin(), plain_.end(), '\n', ' ');
    constexpr size_t kMost = 8;
    for (size_t i = plain_.size(); number && i > plain_.size() - std::min(plain_.size(), kMost);) {
      if (plain_[--i] == ' ') break;
      if (static_cast<unsigned char>(plain_[i]) < 0x80) plain_[i] = ' ';
    }
    out_.Add(PartOrigin::kSame, begin, end, plain_);
  }

  const std::string_view text_;
  Sink& out_;
  SpelledRow row_;
  std::vector<Run> runs_;
  std::string plain_;
  size_t done_ = 0;
  Read read_[kRowFormCount] = {};
};

}  // namespace

void DecodeRows(std::string_view text, const Candidates& candidates, Sink* out) {
  Rows rows(text, out);
  for (const uint64_t candidate : candidates) {
    if ((Flags(candidate) & kSpelled) == 0) continue;
    const size_t block = BlockBegin(candidate);
    rows.Find(block - std::min(block, kBlockBytes), std::min(block + kBlockBytes, text.size()));
  }
}

}  // namespace kt::detect::views
