// Plain terms that are found although they are misspelt: "Projekt Heorn" for "Project Heron".
//
// The distance is Damerau's in the form of optimal string alignment: the fewest insertions,
// deletions, replacements and swaps of neighbours, in code points of the normalised text without
// case. A run of one to three blanks is one blank; a longer one ends every match.
//
// A match begins and ends where a word does, so that "art" is not found in "start". Words are runs
// of letters and digits; each character of a script that is written without blanks stands for
// itself. Short terms would match too much: FuzzyDistance says how many edits a term may have.
//
// Linear time: a look at the letters of a place rules out most terms, and the alignment of a term
// that is left visits 2 * distance + 1 cells for each code point, and ends where it has failed.
// Memory: 12 bytes for each code point of a piece of 16 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/detect/matcher.h"

namespace kt::detect {

inline constexpr uint32_t kMaxFuzzyDistance = 8;
inline constexpr size_t kLettersForEachEdit = 4;

// The edits that `term` (as the user wrote it) may have: at most `max_distance`, and one for every
// four code points other than blanks. 0: the term can only be matched exactly.
uint32_t FuzzyDistance(std::string_view term, uint32_t max_distance);

class FuzzyMatcher {
 public:
  // Precondition: FuzzyDistance(term, distance) > 0; terms have at most 256 bytes.
  void Add(RuleId rule, std::string_view term, uint32_t distance);
  bool empty() const noexcept { return terms_.empty(); }
  // No match, together with what its choice depends on, is longer.
  size_t longest_bytes() const noexcept { return longest_bytes_; }

  // Appends the matches that begin at or after `from`, as Matcher::FindAll does. Of overlapping
  // candidates of one term it is the one with the fewest edits, then the first, then the longest;
  // whole_begin is where the first candidate began. False: the budget is spent.
  bool FindAll(std::string_view text, size_t from, std::vector<Match>* out,
               WorkBudget* budget = nullptr) const;
  // As Matcher::HoldFrom.
  size_t HoldFrom(std::string_view text, size_t from) const;

 private:
  struct Term {
    RuleId rule;
    uint32_t distance;
    std::vector<uint32_t> letters;
    uint64_t head_letters;  // a bit for each of the first letters, by class
    size_t head_window;     // code points of a match in which those must be
    bool begins_in_gap, ends_in_gap;
  };
  struct Unit;
  struct Window;
  struct Alignment;
  struct Choice;

  static bool Begins(const std::vector<Unit>& units, size_t at, bool in_gap) noexcept;
  static bool Ends(const std::vector<Unit>& units, size_t at, bool in_gap) noexcept;
  static Alignment Align(const Term& term, const std::vector<Unit>& units, size_t begin,
                         uint32_t distance, bool more) noexcept;
  static Choice Choose(const Term& term, const std::vector<Unit>& units, size_t begin,
                       bool more) noexcept;
  static bool MayBegin(const Term& term, const std::vector<Unit>& units, size_t begin, bool more,
                       Window* window) noexcept;
  size_t ScanPiece(std::string_view text, size_t from, bool more, WorkBudget* budget,
                   std::vector<size_t>* free_from, std::vector<Match>* out) const;
  size_t Scan(std::string_view text, size_t from, bool more, WorkBudget* budget,
              std::vector<Match>* out) const;

  std::vector<Term> terms_;  // by head_window
  bool has_gap_terms_ = false;
  size_t longest_bytes_ = 0;
};

}  // namespace kt::detect
