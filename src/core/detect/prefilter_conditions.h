// What must stand near a literal for a match to be possible (Condition), made ready for the search.
// Private to detect/.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect/prefilter_factors.h"
#include "core/detect/prefilter_scan.h"

namespace kt::detect {

class PrefilterConditions {
 public:
  // The number of the condition; equal ones share it.
  uint32_t Add(const Condition& condition);
  void Finish() noexcept;  // after the last Add
  // What one pass over one text has found out, so that no stretch of it is looked at twice for the
  // same condition.
  class Memo {
   private:
    friend class PrefilterConditions;
    struct Known {
      size_t begin, end;  // nothing begins in [begin, end)
      size_t behind_hit;  // but something does one byte before this; 0: not known
    };
    // Of what is looked for. Most texts ask for few of all that there is, which need no heap.
    Known& Of(uint32_t wanted, size_t count) {
      if (slots_ != nullptr) return InSlots(wanted);
      for (uint32_t i = 0; i < few_count_; ++i) {
        if (few_[i].wanted == wanted) return few_[i].known;
      }
      if (few_count_ == kFew) return Spread(count), InSlots(wanted);
      few_[few_count_] = {wanted, {0, 0, 0}};
      return few_[few_count_++].known;
    }
    Known& InSlots(uint32_t wanted) {
      uint32_t& slot = slots_[wanted];
      if (slot == 0) {
        known_.push_back({0, 0, 0});
        slot = static_cast<uint32_t>(known_.size());
      }
      return known_[slot - 1];
    }
    void Spread(size_t count) {
      slots_ = std::make_unique<uint32_t[]>(count);
      known_.reserve(4 * kFew);
      for (const Few& few : few_) InSlots(few.wanted) = few.known;
    }

    static constexpr uint32_t kFew = 4;
    struct Few {
      uint32_t wanted;
      Known known;
    };
    std::array<Few, kFew> few_;
    uint32_t few_count_ = 0;
    std::unique_ptr<uint32_t[]> slots_;  // 0: not asked for yet; else its place in known_, and one
    std::vector<Known> known_;
  };
  // Whether it may hold for a literal at text[at]. The memo is of this text.
  bool Hold(uint32_t number, std::string_view text, size_t at, Memo* memo) const {
    const Window& window = windows_[number];
    const Memo::Known& known = memo->Of(window.wanted, wanted_.size());
    const size_t begin = at < window.back ? 0 : at - window.back, end = at + window.ahead;
    if (begin < known.behind_hit && known.behind_hit <= end + 1) return true;
    if (known.begin <= begin && end < known.end) return false;
    return Search(window.wanted, text, begin, end, memo);
  }

 private:
  struct Literal {
    uint64_t bytes, mask;  // folded
  };
  static constexpr unsigned kBloomBits = 10;
  // What conditions look for, in whatever window.
  struct Wanted {
    ByteSet run;
    uint32_t run_bytes = 0;                        // 0: literals
    bool words = false;                            // no word byte is before any of the literals
    uint32_t heads = 0;                            // in heads_
    uint32_t first_literal = 0, end_literal = 0;   // by their first byte
    uint64_t head_mask = 0;                        // of the bytes that all literals have
    uint64_t bloom[(1u << kBloomBits) / 64] = {};  // by these
  };
  struct Window {
    uint32_t wanted;
    uint32_t back, ahead;
  };
  bool Search(uint32_t wanted, std::string_view text, size_t begin, size_t end, Memo* memo) const;
  // Where the first one begins in [begin, end]; kNowhere: none does.
  static constexpr size_t kNowhere = SIZE_MAX;
  size_t FindRun(const Wanted& wanted, std::string_view text, size_t begin,
                 size_t end) const noexcept;
  size_t FindLiteral(const Wanted& wanted, std::string_view text, size_t begin,
                     size_t end) const noexcept;
  size_t FindWord(const Wanted& wanted, std::string_view text, size_t begin,
                  size_t end) const noexcept;
  static uint32_t BloomIndex(uint64_t head) noexcept {
    return static_cast<uint32_t>(head * 0x9E3779B97F4A7C15u >> (64 - kBloomBits));
  }
  bool Begins(const Wanted& wanted, uint64_t folded) const noexcept;
  uint32_t AddWanted(const Condition& condition);

  std::vector<Window> windows_;
  std::vector<Wanted> wanted_;
  std::vector<Literal> literals_;
  std::vector<HeadTable> heads_;
  std::map<std::string, uint32_t> known_;
};

// That one of these words (Rule::needs) begins within `bytes` before a place: what is looked for is
// their first letters, up to a blank.
Condition WordsBefore(const std::vector<std::string>& words, size_t bytes);

// The same for conditions that look for the same.
std::string KeyOf(const Condition& condition);
}  // namespace kt::detect
