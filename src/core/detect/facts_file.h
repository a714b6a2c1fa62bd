// The facts of rules (rule_facts.h) as the binary holds them. tools/packs writes the file from the
// shipped packs when the project is built, by the code that would derive them at run time, and in
// the byte order of the machine.
//
//   magic; rules, halves, sets, positions    8 bytes; how many, 4 bytes each
//   lists, 0   4 bytes each; bytes of the lists
//   index      for each rule, ascending: the key of its expression, 16 bytes; where its entry
//              begins, 4 bytes from the beginning of the file
//   halves     upper halves of sets of bytes, 16 bytes each: there are few
//   sets       their lower half, 16 bytes, and the number of the upper one, 1 byte
//   positions  Positions as the numbers of their sets, those of the opening last, and its `most`;
//              2 bytes each
//   lists      literals: their number, then each by what it shares with the one before
//   entries    see facts_file.cc; numbers are LEB128
//
// Whatever is not as it should be makes Find say null, and the facts are derived anew.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/detect/rule_facts.h"

namespace kt::detect {

// Of an expression: its pattern and the options that the facts follow from.
using FactsKey = std::array<uint64_t, 2>;
FactsKey FactsKeyOf(std::string_view pattern, bool ignore_case, int group) noexcept;

// Ends in the version of the format and of what is derived.
inline constexpr std::string_view kFactsMagic = "ktfacts3";

class FactsFile final : public KnownFacts {
 public:
  // `bytes` must outlive it.
  explicit FactsFile(std::string_view bytes) noexcept;
  std::unique_ptr<RuleFacts> Find(const Rule& rule) const override;

  static constexpr size_t kHeaderBytes = 32, kIndexBytes = 20;
  static constexpr size_t kHalfBytes = 16, kSetBytes = kHalfBytes + 1;
  static constexpr size_t kPositionsBytes = 2 * (Positions::kBehind + Positions::kAhead + 4);

 private:
  friend class FactsReader;
  std::string_view bytes_;
  size_t rules_ = 0, halves_ = 0, sets_ = 0, positions_ = 0;  // how many
  // Offsets.
  size_t halves_begin_ = 0, sets_begin_ = 0, positions_begin_ = 0;
  size_t lists_begin_ = 0, lists_end_ = 0;
};

}  // namespace kt::detect
