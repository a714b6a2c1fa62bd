// Which rules can match where, from one pass over the bytes of a text: the expressions then run
// only around the literals that their matches must hold (prefilter_factors.h). It finds too much,
// never too little: what it names is judged by the expression.
//
// Linear: each place of a text costs a table look-up, and more only where a literal begins.
// Immutable once built. Private to detect/.
#pragma once

#include <bitset>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/detect/literal_filter.h"
#include "core/detect/place_list.h"
#include "core/detect/position_table.h"
#include "core/detect/prefilter_blocks.h"
#include "core/detect/prefilter_candidates.h"
#include "core/detect/prefilter_conditions.h"
#include "core/detect/prefilter_factors.h"
#include "core/detect/prefilter_passages.h"
#include "core/detect/prefilter_repeats.h"
#include "core/detect/prefilter_scan.h"

namespace kt::detect {

class Prefilter {
 public:
  // `rule`: any number by which the caller knows the rule.
  // `folds`: its expression, or a part of it, matches in any case. `longest`: bytes of its longest
  // match, if that is all that its matches depend on, and kContextBytes before them.
  void Add(uint32_t rule, const std::vector<Factor>& any_of, bool folds = true,
           size_t longest = SIZE_MAX);
  void Finish();  // after the last Add, before Find

  // Adds where matches may begin, at or after `from`; of known passages only what has to be looked
  // at anew. `passages`: null, or of the whole text, which is then looked through from its begin.
  void Find(std::string_view text, size_t from, Candidates* out,
            Passages* passages = nullptr) const;
  // Streams: every match of the rule begins with one of these. In place of Add. `reach`: no match
  // is longer; SIZE_MAX: not known.
  void AddBeginnings(uint32_t rule, const std::vector<FactorGroup>& any_of, size_t reach);
  // The first place at or after `from` where a beginning stands or, cut by the end of the text, may
  // stand, and that `holds` confirms; text.size(): none. nullopt: not known.
  using Holds = std::function<bool(uint32_t rule, size_t at)>;
  std::optional<size_t> FirstBeginning(std::string_view text, size_t from,
                                       const Holds& holds) const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr int kEnoughDigits = 64;  // more than any rule asks for
  static constexpr uint32_t kAnywhere = UINT32_MAX;

  struct Target {
    uint32_t rule;
    uint32_t min_before, max_before;  // UINT32_MAX: anywhere
    uint32_t min_run;
    int min_digits, lead_digits;
    uint32_t run;            // in runs_
    uint32_t before;         // in runs_
    uint32_t conditions[2];  // numbers in conditions_, or kNone
    uint32_t reach;          // of a beginning; UINT32_MAX: not known
    uint32_t witness;        // that must be seen, or kNone
    uint32_t positions;      // in Building::positions, or kNone
    uint32_t opening;        // of a beginning: in openings_, or kNone
    bool is_witness;         // `rule` is its number
    bool number;             // the run has no letters
    bool repeats;            // what follows from the same bytes is the same
    bool operator==(const Target&) const = default;
  };
  // Looked through in lists that no first-level cache holds: as small as can be.
  struct Literal {
    char bytes[kFactorBytes];
    uint32_t targets;  // where they begin in lists_
    uint8_t size;
    uint8_t unused_bits;  // of the eight bytes
    Factor::Start start;
    bool word_ends : 1;
    bool odd_blank : 1;  // a blank follows that is not one single space
    bool at_end : 1;     // only where the text ends behind it
  };
  static_assert(sizeof(Literal) == 16);
  // Of the last target of a literal in lists_.
  static constexpr uint32_t kLastTarget = uint32_t{1} << 31;
  // Where a literal counts, as in Literal.
  struct Stand {
    Factor::Start start;
    bool word_ends, odd_blank, at_end;
    auto operator<=>(const Stand&) const = default;
  };
  struct Pending {
    uint64_t key;     // the bytes, none of them 0, the first one on top
    uint32_t target;  // in targets_
    Stand stand;
  };
  // Literals of one digit, and one of their targets.
  struct Number {
    Literal literal;
    uint32_t target;
    int lead_digits;
    int min_digits;   // where the run has no letters
    uint32_t digits;  // a bit for each that it is
  };
  // Those that ask for a number of digits come last, and those that ask for fewer come first.
  struct Numbers {
    std::vector<Number> list;
    PositionTable table;
  };

  static uint64_t Load(const char* p) noexcept {
    uint64_t value;
    std::memcpy(&value, p, sizeof value);
    return value;
  }
  static uint64_t FoldedAt(const char* p) noexcept { return Load(p) | 0x2020202020202020u; }
  uint32_t WitnessIndex(const Condition& witness);
  using Text = FactorGroup::Text;
  void AddGroups(uint32_t rule, const std::vector<FactorGroup>& groups, size_t longest);
  Target TargetOf(uint32_t rule, const Factor& base);
  size_t NumberOf(const Target& target) const noexcept;
  const Target& TargetAt(size_t number) const noexcept;
  uint32_t TargetIndex(const Target& target);
  void AddTexts(const FactorGroup& group, Target target);
  void AddText(const Text& text, uint32_t target);
  void AddOddBlank(const Text& text, uint32_t target);
  void AddPending(uint64_t key, const Stand& stand, uint32_t target);
  bool AddLongRun(const Factor& factor, const Target& target);
  static Literal LiteralOf(const Pending& pending) noexcept;
  std::vector<Literal> TakeLiterals();
  // The lists in which it is looked for, some of them more than once.
  template <typename Take>
  void EachList(const Literal& literal, const Take& take) const;
  void AddToLists(size_t begin, size_t end, Literal* literal);
  void Mark(const Literal& literal);
  void SortNumbers(const std::vector<Literal>& literals);
  void SortLists(const std::vector<Literal>& literals);
  void TakeWide();
  Positions WidePositions(const Target& target, const ByteSet& first, const ByteSet& second,
                          Factor::Start start) const;
  static bool IsNumber(const Literal& literal) noexcept;  // found by its digits
  uint32_t RunIndex(const ByteSet& run);
  uint32_t PositionsIndex(const std::shared_ptr<const Positions>& positions);
  uint32_t OpeningIndex(const std::shared_ptr<const Positions>& positions);
  // With the bytes that it may begin with.
  Positions PositionsOf(const Target& target, const ByteSet& first) const;
  bool Fits(const Literal& literal, std::string_view text, size_t at, bool loose) const noexcept;
  static bool OddBlankAt(std::string_view text, size_t at) noexcept;
  int DigitsAt(std::string_view text, size_t at) const noexcept;
  int LeadAt(std::string_view text, size_t at) const noexcept;
  bool RunMayFit(const Target& target, std::string_view text, size_t at) const;
  // Whether what opens there, up to the end of the text, begins a match; nullopt: not known.
  std::optional<bool> Opens(const Target& target, std::string_view text, size_t at) const;
  // How far runs were looked through for digits, in one pass over one text, so that each place does
  // not look through the same long run anew.
  class RunMemo {
   public:
    struct Known {
      size_t begin, end;  // of the run, as far as it was looked through
      int digits;         // in there
    };
    Known& Of(uint32_t run) {
      if (run >= known_.size()) known_.resize(run + 1, Known{0, 0, 0});
      return known_[run];
    }
    // Whether a place stands in a run that was looked through.
    bool Holds(uint32_t run, size_t at) const noexcept {
      return run < known_.size() && at >= known_[run].begin && at < known_[run].end;
    }

   private:
    std::vector<Known> known_;  // by run; empty in ordinary text
  };
  bool RunFits(const Target& target, std::string_view text, size_t at, RunMemo* memo) const;
  bool LongRunFits(const Target& target, std::string_view text, size_t at, RunMemo* memo) const;
  // Calls take(target, at) for each literal that stands at or after `from`, in order, until it says
  // false. False: it did, or the text has letters that fold to ASCII and `loose` is not set.
  // skip(at) may say where to go on instead of `at`.
  template <typename Take, typename Skip>
  bool Walk(std::string_view text, size_t from, bool loose, const Take& take,
            const Skip& skip) const;
  // What may stand where in a row of blocks, a mask for each.
  struct Marks {
    LiteralFilter::Places literals;
    uint64_t numbers[kMostMasks], runs[kMostMasks];
    uint64_t any[kMostMasks];  // of them all
  };
  // How many blocks there are before one with a letter that folds to ASCII; those have marks.
  size_t MarkPlaces(const BlockRow& blocks, std::string_view text, size_t begin, bool loose,
                    Marks* marks) const;
  uint64_t LiteralPlaces(const BlockScan& scan, const BlockScan& next) const noexcept;
  void KeepKnown(const char* bytes, std::span<uint64_t> longs) const;
  template <typename Take>
  bool TakeList(uint32_t list, uint64_t folded, std::string_view text, size_t at, bool loose,
                const Take& take) const;
  template <typename Take>
  bool TakeLong(uint64_t folded, std::string_view text, size_t at, bool loose,
                const Take& take) const;
  // The rules that begin with nearly any word.
  template <typename Take>
  bool TakeWideAt(std::string_view text, size_t at, const Take& take) const;
  // The literals that begin with a digit.
  template <typename Take>
  bool TakeNumber(std::string_view text, size_t at, bool loose, const Take& take) const;
  // What begins at a place: how many bytes of the sets of ScanTables, how many digits among them.
  // kManyBytes: at least as many as were looked at.
  struct RunShape {
    uint32_t tokens, capitals, digits;
  };
  static constexpr uint32_t kManyBytes = UINT32_MAX;
  static RunShape ShapeAt(const BlockScan& scan, size_t offset) noexcept;
  // The rules of which nothing but the first byte, the kinds of bytes and their number is known.
  template <typename Take>
  bool TakeNumbers(const Numbers& numbers, std::string_view text, size_t at, bool loose,
                   const Take& take) const;
  template <typename Take>
  bool TakeLongRun(const RunShape& shape, std::string_view text, size_t at, bool loose,
                   const Take& take) const;
  bool Possible(const Target& target, std::string_view text, size_t at,
                PrefilterConditions::Memo* memo, RunMemo* runs) const;

  // What was added, and where what is known is. Null: finished.
  struct Building {
    std::vector<Pending> pending;
    std::unordered_map<std::string, uint32_t> witnesses, lists;
    std::vector<uint32_t> single_lists;  // by their only target; kNone
    std::unordered_map<ByteSet, uint32_t> runs;
    uint32_t last_runs[2] = {};  // that were asked for
    std::vector<std::shared_ptr<const Positions>> positions;
    std::unordered_set<uint32_t> numbers;  // the runs in number_bytes_
  };
  std::unique_ptr<Building> building_ = std::make_unique<Building>();
  PrefilterConditions conditions_;
  LiteralFilter filter_;
  std::vector<Literal> listed_;  // those that are no numbers, by their list
  std::vector<Target> targets_;
  std::vector<uint32_t> lists_;  // of targets, the last one of each with kLastTarget
  std::vector<ByteSet> runs_;
  std::vector<TokenTable> run_tables_;  // of the same
  std::vector<Opening> openings_;
  // The lists: of short literals by their group in the filter, then those of four bytes by Hash4,
  // those of five to seven by Hash5 and those of eight by Hash8.
  static constexpr unsigned kListBits = 12;
  static uint32_t ListOf(uint32_t hash) noexcept { return hash & (kLists - 1); }
  static constexpr uint32_t kLists = uint32_t{1} << kListBits;
  std::vector<uint32_t> list_begins_;
  uint32_t four_lists_ = 0, more_lists_ = 0, whole_lists_ = 0;  // the first ones
  // One product tells of the first four bytes, of the first five and of all: its lower bits know no
  // more.
  static uint64_t Product(uint64_t folded) noexcept { return folded * 0x9E3779B97F4A7C15u; }
  static uint32_t Hash4(uint64_t product) noexcept { return product >> 16 & 0xFFFF; }
  static uint32_t Hash5(uint64_t product) noexcept { return product >> 22 & 0x3FFFF; }
  static uint32_t Hash8(uint64_t product) noexcept { return static_cast<uint32_t>(product >> 46); }
  // Of the literals of these lists. Of long ones there are many: two bits more, so that other words
  // seldom have the hash of one. Null: there are no literals.
  struct Hashes {
    std::bitset<0x10000> four;
    std::bitset<0x40000> more, whole;
  };
  std::unique_ptr<Hashes> hashes_;
  Numbers numbers_[2];  // by what is before them: no word byte; one
  // Of beginnings, the targets of rules that begin with nearly any word, and where they may stand.
  std::vector<uint32_t> wide_;
  PositionTable wide_table_;
  ScanTables tables_;  // for the scan
  ScanFunction scan_ = BestScan();
  ListFunction list_places_ = BestList();
  bool stream_ = false;          // of beginnings, which the end of the text may cut
  uint32_t reach_ = UINT32_MAX;  // of the rule that is added
  bool folds_ = false;           // some rule matches in any case
  // What literals begin with: the other places need no look.
  bool words_ = false, ascii_signs_ = false, foreign_ = false;
  bool signs_before_blanks_ = false;  // of ASCII
  bool only_foreign_ = false;         // nothing begins in what PlainPrefix tells
  struct RunTarget {
    Target target;
    LongRun kind;
    ByteSet first;  // raw
  };
  std::vector<RunTarget> long_runs_;
  PositionTable long_run_table_;
  TokenTable number_bytes_;  // of the runs without letters
  int most_digits_ = 0;      // that one of them asks for
  // Of the targets that repeat: how far before them matches begin, and how far around a place the
  // text has to be the same.
  size_t most_before_ = 0, repeats_ahead_ = 0;
};

}  // namespace kt::detect
