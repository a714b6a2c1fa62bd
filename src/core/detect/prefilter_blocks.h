// A text in blocks of 64 bytes, as the prefilter walks it. Private to detect/.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/detect/prefilter_factors.h"
#include "core/detect/prefilter_scan.h"

namespace kt::detect {

// The blocks of a text, each with its scan; the last one on a copy with zeros behind it.
class Blocks {
 public:
  Blocks(std::string_view text, ScanFunction scan, const ScanTables& tables, bool open_end)
      : text_(text), scan_(scan), tables_(tables), open_end_(open_end) {}
  struct Block {
    const char* bytes = nullptr;
    BlockScan scan{};
  };
  // Valid until the next but one.
  const Block& At(size_t begin) {
    const unsigned turn = turn_ ^= 1;
    Block& block = blocks_[turn];
    if (begin >= text_.size()) {
      block = {};
      block.scan.tokens = block.scan.capitals = open_end_ ? ~uint64_t{0} : 0;
      return block;
    }
    const size_t left = text_.size() - begin;
    block.bytes = text_.data() + begin;
    if (left < kScanBlock + sizeof(uint64_t)) {
      char* copy = padded_[turn];
      std::memset(copy, 0, sizeof padded_[0]);
      std::memcpy(copy, block.bytes, left);
      block.bytes = copy;
    }
    scan_(block.bytes, begin == 0 ? ' ' : text_[begin - 1], tables_, &block.scan);
    // A run that the end of a stream's text cuts may go on.
    if (open_end_ && left < kScanBlock) {
      block.scan.tokens |= ~uint64_t{0} << left;
      block.scan.capitals |= ~uint64_t{0} << left;
    }
    return block;
  }

 private:
  const std::string_view text_;
  const ScanFunction scan_;
  const ScanTables& tables_;
  const bool open_end_;
  Block blocks_[2];
  char padded_[2][2 * kScanBlock];
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
