// What may stand where in some blocks of a text: without a look at single rules.
#include "core/detect/prefilter.h"
#include "core/detect/prefilter_blocks.h"
#include "core/detect/prefilter_letters.h"

namespace kt::detect {

// Where a literal may begin.
uint64_t Prefilter::LiteralPlaces(const BlockScan& scan, const BlockScan& next) const noexcept {
  uint64_t places = scan.inside;
  if (words_) places |= scan.places & ~scan.signs;
  if (ascii_signs_) {
    // Most signs of ordinary text end something.
    const uint64_t before_blank = signs_before_blanks_ ? 0 : scan.blanks >> 1 | next.blanks << 63;
    places |= scan.signs & ~scan.leads & ~before_blank;
  }
  if (foreign_) places |= scan.signs & scan.leads;
  return places;
}

size_t Prefilter::MarkPlaces(const BlockRow& blocks, std::string_view text, size_t begin,
                             bool loose, Marks* marks) const {
  uint64_t literals[kMostMasks];
  size_t count = 0;
  for (; count < blocks.size(); ++count, begin += kScanBlock) {
    const BlockScan &scan = blocks.scan(count), &next = blocks.scan(count + 1);
    if (!loose && folds_) {
      uint64_t leads = scan.leads;
      while (leads != 0 &&
             FoldingLetter(text, begin + static_cast<size_t>(__builtin_ctzll(leads))) == 0) {
        leads &= leads - 1;
      }
      if (leads != 0) break;
    }
    const size_t left = text.size() - begin;
    const uint64_t inside = left < kScanBlock ? (uint64_t{1} << left) - 1 : ~uint64_t{0};
    uint64_t &literal = literals[count], &number = marks->numbers[count];
    literal = number = ~uint64_t{0};
    marks->runs[count] = inside;
    if (!loose) {
      literal = LiteralPlaces(scan, next);
      number = scan.numbers;
      marks->runs[count] &= LongRuns(scan, next) & scan.places;
    }
    if (stream_ && left < kScanBlock + kFactorBytes) {
      const uint64_t tail =
          left <= kFactorBytes ? ~uint64_t{0} : ~uint64_t{0} << (left - kFactorBytes);
      literal |= tail;
      number |= tail;
    }
    literal &= inside;
    // What the tail and a loose walk add may be no digit.
    number &= scan.digits & inside;
  }
  filter_.Likely(blocks.bytes(), {literals, count}, &marks->literals);
  KeepKnown(blocks.bytes(), {marks->literals.longs, count});
  for (size_t i = 0; i < count; ++i) {
    marks->any[i] =
        marks->literals.shorts[i] | marks->literals.longs[i] | marks->numbers[i] | marks->runs[i];
  }
  return count;
}

// Those where the hash of a literal's first bytes stands; without a branch, since which of them do
// cannot be guessed.
void Prefilter::KeepKnown(const char* bytes, std::span<uint64_t> longs) const {
  PlaceList places;
  list_places_(longs, &places);
  for (uint64_t& mask : longs) mask = 0;
  for (size_t i = 0; i < places.size; ++i) {
    const size_t place = places.at[i];
    const uint64_t product = Product(FoldedAt(bytes + place));
    const uint64_t four = hashes_->four[Hash4(product)] ? 1 : 0,
                   more = hashes_->more[Hash5(product)] ? 1 : 0,
                   whole = hashes_->whole[Hash8(product)] ? 1 : 0;
    longs[place / kScanBlock] |= (four | more | whole) << place % kScanBlock;
  }
}

}  // namespace kt::detect
