// Which rules can match where, from one pass over the bytes of a text: the expressions then run
// only around the literals that their matches must hold (prefilter_factors.h). It finds too much,
// never too little: what it names is judged by the expression.
//
// Linear: each place of a text costs a table look-up, and more only where a literal begins.
// Immutable once built. Private to detect/.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/detect/prefilter_factors.h"

namespace kt::detect {

// Where matches of rules may begin: for each rule ranges in ascending order.
class Candidates {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Range {
    size_t first, last;  // matches begin in [first, last]
    uint32_t next;       // of the same rule; kNone
  };
  struct OfRule {
    uint32_t rule, head, tail;
  };

  void Add(uint32_t rule, size_t first, size_t last);
  std::span<const OfRule> rules() const noexcept { return rules_; }
  const Range& range(uint32_t index) const noexcept { return ranges_[index]; }

 private:
  std::vector<Range> ranges_;
  std::vector<OfRule> rules_;
  std::vector<uint32_t> index_;  // by rule, in rules_
};

class Prefilter {
 public:
  // `rule`: any number by which the caller knows the rule.
  void Add(uint32_t rule, const std::vector<Factor>& any_of);
  void Finish();  // after the last Add, before Find

  // Adds where matches may begin, at or after `from`.
  void Find(std::string_view text, size_t from, Candidates* out) const;
  // The first place at or after `from` where one of the literals begins or, cut by the end of the
  // text, may begin; text.size(): nowhere. After AddBeginnings only.
  size_t FirstBeginning(std::string_view text, size_t from) const;
  void AddBeginnings(const std::vector<Factor>& any_of);

 private:
  static constexpr size_t kHashBits = 15;
  static constexpr size_t kLongBytes = 4;  // from this length on four bytes find a literal
  // The parts of slots_: literals of one byte by that, of up to three by two, others by four.
  static constexpr uint32_t kPairSlots = 1024;
  static constexpr uint32_t kFirstPair = 256, kFirstLong = kFirstPair + kPairSlots;

  struct Target {
    uint32_t rule;
    uint32_t max_before;  // UINT32_MAX: anywhere
    uint32_t min_run;
    int min_digits;
    uint32_t run;  // in runs_
  };
  struct Literal {
    char bytes[kFactorBytes];
    uint8_t size;
    Factor::Start start;
    bool word_ends;
    bool at_end;  // only where the text ends behind it
    uint32_t first_target, end_target;
  };
  struct Pending {
    Literal literal;
    Target target;
  };

  static uint32_t Hash(uint32_t folded) noexcept {
    return (folded * 0x9E3779B1u) >> (32 - kHashBits);
  }
  static uint32_t PairSlot(uint32_t folded) noexcept {
    return kFirstPair + ((folded & 0xFFFF) * 0x9E3779B1u >> 22);
  }
  bool MayBegin(uint64_t folded) const noexcept {
    const auto word = static_cast<uint32_t>(folded);
    const uint32_t hash = Hash(word);
    return ((long_[hash >> 6] >> (hash & 63) | short_[(word & 0xFFFF) >> 6] >> (word & 63)) & 1) !=
           0;
  }
  uint32_t RunIndex(const ByteSet& run);
  bool Fits(const Literal& literal, uint64_t folded, std::string_view text, size_t at,
            bool loose) const noexcept;
  bool RunFits(const Target& target, std::string_view text, size_t at) const noexcept;
  // Calls take(target, at) for each literal that stands at or after `from`, in order, until it says
  // false. False: it did, or the text has letters that fold to ASCII and `loose` is not set.
  template <typename Take>
  bool Walk(std::string_view text, size_t from, bool loose, const Take& take) const;
  template <typename Take>
  bool TakeAt(uint64_t folded, std::string_view text, size_t at, bool loose,
              const Take& take) const;

  std::vector<Pending> pending_;
  std::vector<Literal> literals_;  // short ones by first byte, then long ones by hash
  std::vector<Target> targets_;
  std::vector<ByteSet> runs_;
  std::vector<uint32_t> slots_;         // where the literals of a first byte, of a hash begin
  std::vector<uint64_t> short_, long_;  // bit sets: by the first two bytes, by hash
  bool dense_ = false;                  // some literal may begin inside a word
};

}  // namespace kt::detect
