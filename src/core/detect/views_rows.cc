// What rows spell (spelled_rows.h), each behind the text before it, which rules may look at.
#include <algorithm>
#include <bit>
#include <vector>

#include "core/base/ascii.h"
#include "core/detect/features.h"
#include "core/detect/matcher.h"
#include "core/detect/spelled_numbers.h"
#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

// Which of the first 64 bytes are letters or digits.
uint64_t AlnumMask(std::string_view text) noexcept {
  char padded[64] = {};
  const char* bytes = text.data();
  if (text.size() < sizeof padded) {
    std::copy(text.begin(), text.end(), padded);
    bytes = padded;
  }
  uint64_t mask = 0;
  for (size_t i = 0; i < 64; i += 8) {
    // Bit 7 of a sum tells whether the seven bits before it reach a letter; no sum carries on.
    const uint64_t all = internal::Load(bytes + i), low = all & 0x7F * kOnes;
    const uint64_t lower = low | 0x20 * kOnes;
    const auto from = [](uint64_t value, char c) {
      return value + (0x80 - static_cast<uint64_t>(c)) * kOnes;
    };
    const uint64_t letter = from(lower, 'a') & ~from(lower, 'z' + 1);
    const uint64_t digit = from(low, '0') & ~from(low, '9' + 1);
    mask |= BitsOfBytes(((letter | digit) & ~all) >> 7 & kOnes) << i;
  }
  return mask;
}

class Rows {
 public:
  Rows(std::string_view text, Sink* out) : text_(text), out_(*out) {}

  // All rows that begin in [begin, end).
  void Find(size_t begin, size_t end) {
    ReadRuns(std::max(begin, done_), end);
    for (size_t i = 0; i < runs_.size() && runs_[i].begin < end; ++i) {
      const unsigned forms = FormsFrom(i);
      for (unsigned bit = 0; forms >> bit != 0; ++bit) {
        const auto form = static_cast<RowForm>(bit);
        if ((forms >> bit & 1) != 0 && AreUnits(i, form)) Try(runs_[i].begin, form);
      }
    }
    done_ = std::max(done_, end);
  }

 private:
  struct Run {
    size_t begin, end;
    unsigned forms;
    size_t size() const noexcept { return end - begin; }
  };
  // Those that begin in [begin, end), and as many behind them as a row has at least, no further
  // than a row goes on.
  void ReadRuns(size_t begin, size_t end) {
    runs_.clear();
    size_t behind = 0, run = 0, gap = end;
    // A run that begins before is skipped.
    bool inside = begin > 0 && IsAlnum(text_[begin - 1]), skipped = true;
    uint64_t carry = inside ? 1 : 0;
    for (size_t at = begin; at < text_.size(); at += 64) {
      const uint64_t mask = AlnumMask(text_.substr(at));
      uint64_t edges = mask ^ (mask << 1 | carry);
      carry = mask >> 63;
      for (; edges != 0; edges &= edges - 1, inside = !inside) {
        const size_t edge = at + static_cast<size_t>(std::countr_zero(edges));
        if (inside) {
          if (skipped) continue;
          Add(run, edge);
          gap = std::max(edge, end);
          continue;
        }
        run = edge;
        if (run > gap + kMaxRowGapBytes) return;
        skipped = !BeginsRun(text_, run);
        if (!skipped && run >= end && ++behind == kMinRowUnits) return;
      }
    }
    if (inside && !skipped) Add(run, text_.size());
  }
  void Add(size_t begin, size_t end) {
    const unsigned forms = RowFormsOf(text_.substr(begin, end - begin));
    // Of longer words in a row one tells as much as all.
    if (forms != 0 || runs_.empty() || runs_.back().forms != 0) {
      runs_.push_back({begin, end, forms});
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
  // Do run `i` and those behind it say something in a form whose shape they have?
  bool AreUnits(size_t i, RowForm form) const noexcept {
    if (form == RowForm::kCharacters) return true;
    RowNumber number;
    for (size_t unit = i; unit < i + kMinRowUnits; ++unit) {
      const std::string_view run = text_.substr(runs_[unit].begin, runs_[unit].size());
      if (!IsGapWord(run) && !ReadRowNumber(run, form, &number)) return false;
    }
    return true;
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
