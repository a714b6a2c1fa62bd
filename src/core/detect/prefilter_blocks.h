// A text in blocks of 64 bytes, as the prefilter walks it: some blocks at once, since where a loop
// over one of them ends is what a processor guesses wrong. Private to detect/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/detect/place_list.h"
#include "core/detect/prefilter_factors.h"
#include "core/detect/prefilter_scan.h"

namespace kt::detect {

// Some blocks in a row, each with its scan, and the scan of the one behind them.
class BlockRow {
 public:
  static constexpr size_t kMost = kMostMasks;
  BlockRow(std::string_view text, ScanFunction scan, const ScanTables& tables, bool open_end)
      : text_(text), scan_(scan), tables_(tables), open_end_(open_end) {}

  // Up to `most` blocks of the text; the one that its end cuts alone, with zeros behind it.
  // Precondition: begin < text.size().
  void Read(size_t begin, size_t most) {
    const size_t left = text_.size() - begin;
    const bool goes_on = size_ > 0 && begin == begin_ + size_ * kScanBlock;
    if (goes_on) scans_[0] = scans_[size_];
    // A block needs the bytes behind it, too.
    size_ = left < kReadBytes ? 1 : std::min(most, (left - kReadBytes) / kScanBlock + 1);
    begin_ = begin;
    bytes_ = goes_on ? next_bytes_ : BytesAt(begin);
    if (!goes_on) Scan(begin, bytes_, &scans_[0]);
    for (size_t i = 1; i <= size_; ++i) {
      next_bytes_ = BytesAt(begin + i * kScanBlock);
      Scan(begin + i * kScanBlock, next_bytes_, &scans_[i]);
    }
  }
  size_t size() const noexcept { return size_; }  // blocks
  // Of all of them, and eight behind.
  const char* bytes() const noexcept { return bytes_; }
  // i <= size()
  const BlockScan& scan(size_t i) const noexcept { return scans_[i]; }

 private:
  static constexpr size_t kReadBytes = kScanBlock + sizeof(uint64_t);
  // With zeros behind the end of the text; valid until the next but one that needs them.
  const char* BytesAt(size_t begin) noexcept {
    const size_t left = begin < text_.size() ? text_.size() - begin : 0;
    if (left == 0) return nullptr;
    if (left >= kReadBytes) return text_.data() + begin;
    char* const copy = padded_[turn_ ^= 1];
    std::memset(copy, 0, kReadBytes);
    std::memcpy(copy, text_.data() + begin, left);
    return copy;
  }
  void Scan(size_t begin, const char* bytes, BlockScan* out) noexcept {
    if (begin >= text_.size()) {
      *out = {};
      out->tokens = out->capitals = open_end_ ? ~uint64_t{0} : 0;
      return;
    }
    scan_(bytes, begin == 0 ? ' ' : text_[begin - 1], tables_, out);
    const size_t left = text_.size() - begin;
    // A run that the end of a stream's text cuts may go on.
    if (open_end_ && left < kScanBlock) {
      out->tokens |= ~uint64_t{0} << left;
      out->capitals |= ~uint64_t{0} << left;
    }
  }

  const std::string_view text_;
  const ScanFunction scan_;
  const ScanTables& tables_;
  const bool open_end_;
  size_t begin_ = 0, size_ = 0;
  const char *bytes_ = nullptr, *next_bytes_ = nullptr;  // next: of the block behind them
  BlockScan scans_[kMost + 1];
  char padded_[2][kReadBytes];
  unsigned turn_ = 0;
};

// Where bytes of a set stand in a row: two, four, eight of them.
struct Rows {
  uint64_t here, next;  // the last of the next block may lack what follows them
  Rows Twice(unsigned distance) const noexcept {
    return {here & (here >> distance | next << (64 - distance)), next & next >> distance};
  }
};

inline uint64_t LongRuns(const BlockScan& scan, const BlockScan& next) noexcept {
  static_assert(kTokenRun == 12 && kCapitalRun == 8);
  const Rows four = Rows{scan.tokens, next.tokens}.Twice(1).Twice(2);
  const uint64_t twelve = four.Twice(4).here & four.Twice(8).here;
  return twelve | Rows{scan.capitals, next.capitals}.Twice(1).Twice(2).Twice(4).here;
}

}  // namespace kt::detect
