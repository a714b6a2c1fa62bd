// What rows spell (spelled_rows.h), each behind the text before it, which rules may look at.
#include <algorithm>
#include <array>
#include <bit>

#include "core/base/ascii.h"
#include "core/base/byte_sets.h"
#include "core/detect/matcher.h"
#include "core/detect/spelled_numbers.h"
#include "core/detect/utf8.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

using namespace byte_sets;

class Rows {
 public:
  Rows(std::string_view text, Sink* out) : text_(text), out_(*out) {}

  // All rows that begin in [begin, end): of kMinRowUnits runs in a row, all units of one form.
  void Find(size_t begin, size_t end) {
    Start(std::max(begin, done_));
    done_ = std::max(done_, end);
    // A run that begins before is skipped.
    uint64_t carry = at_ > 0 && IsAlnum(text_[at_ - 1]) ? 1 : 0;
    for (size_t next = at_; next < text_.size(); at_ = next) {
      if (next > std::max(last_end_, end) + kMaxRowGapBytes) return;
      next += 64;
      const uint64_t units = MaskAt<64>(text_, at_, kAlnums);
      uint64_t begins = units & ~(units << 1 | carry);
      carry = units >> 63;
      for (; begins != 0; begins &= begins - 1) {
        const auto bit = static_cast<size_t>(std::countr_zero(begins));
        const size_t run = at_ + bit;
        if (!BeginsRun(run)) continue;
        size_t size = static_cast<size_t>(std::countr_one(units >> bit));
        if (bit + size == 64) size = RunEnd(text_, run + size) - run;
        if (!Add(run, size, end)) return;
        // All runs of a row of characters are its units, of which none begins a row of numbers.
        const size_t last = read_[static_cast<size_t>(RowForm::kCharacters)].next;
        if (last <= run) continue;
        Start(last);
        done_ = std::max(done_, last);
        next = last;
        carry = 0;
        break;
      }
    }
  }

 private:
  void Start(size_t at) {
    at_ = last_end_ = at;
    runs_ = behind_ = 0;
    shared_ = 0;
  }
  bool BeginsRun(size_t at) const noexcept {
    return at == 0 || IsAscii(text_[at - 1]) || detect::BeginsRun(text_, at);
  }
  // Reads the rows that begin with the first of kMinRowUnits runs, this one the last of them.
  // False: no row that begins before `end` can have further runs.
  bool Add(size_t begin, size_t size, size_t end) {
    const unsigned forms = RowFormsSaid(text_.substr(begin, size));
    if (begin - last_end_ > kMaxRowGapBytes) shared_ = 0;
    last_end_ = begin + size;
    constexpr uint32_t kEach = 1 | 1 << kRowFormCount | 1 << 2 * kRowFormCount |
                               1 << 3 * kRowFormCount | 1 << 4 * kRowFormCount;
    static_assert(kMinRowUnits == 5);
    shared_ = (shared_ << kRowFormCount | kAllForms) & forms * kEach;
    begins_[runs_ % begins_.size()] = begin;
    const size_t first = begins_[(runs_ - (kMinRowUnits - 1)) % begins_.size()];
    ++runs_;
    for (unsigned all = first < end ? SharedBy(kMinRowUnits) : 0; all != 0; all &= all - 1) {
      Try(first, static_cast<RowForm>(std::countr_zero(all)));
    }
    return begin < end || (++behind_ < kMinRowUnits && SharedBy(behind_ + 1) != 0);
  }
  unsigned SharedBy(size_t last_runs) const noexcept {
    return shared_ >> (last_runs - 1) * kRowFormCount & kAllForms;
  }
  // What was read of a form.
  struct Read {
    size_t next = 0;     // no row begins before, but in one that was read
    size_t emitted = 0;  // where the last row ends
  };

  void Try(size_t at, RowForm form) {
    Read& read = read_[static_cast<size_t>(form)];
    if (at >= read.next) ReadAt(at, form, &read);
  }
  void ReadAt(size_t at, RowForm form, Read* into) {
    Read& read = *into;
    if (!ReadRow(text_, at, form, &row_)) return;
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
    out_.AddEach(row_.units, [&](const RowUnit& unit, ViewPart* part, char* text) {
      part->begin = unit.begin;
      part->end = unit.end;
      part->origin = PartOrigin::kWhole;
      const bool blank = breaks && unit.breaks;
      text[0] = ' ';
      text[blank ? 1 : 0] = unit.byte;
      return blank ? size_t{2} : size_t{1};
    });
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
  std::string plain_;
  size_t done_ = 0;
  // Of the runs from where Find() began: how many, where the last ones begin, the forms that the
  // last one, two, … share, and how many of them lie behind what Find() looks at.
  static constexpr unsigned kAllForms = (1u << kRowFormCount) - 1;
  size_t at_ = 0, runs_ = 0, behind_ = 0, last_end_ = 0;
  std::array<size_t, 8> begins_ = {};
  uint32_t shared_ = 0;
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
