// Writes what facts_file.h reads. Part of the build and of tests, not of what is shipped.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/detect/facts_file.h"

namespace kt::detect {

class FactsWriter {
 public:
  // A rule whose expression is there already adds nothing.
  void Add(const Rule& rule, const RuleFacts& facts);
  // kResourceExhausted: more than the format has numbers for.
  Result<std::string> Take() &&;

 private:
  using ConditionNumbers = std::unordered_map<const Condition*, uint64_t>;

  uint64_t SetNumber(const ByteSet& set);
  uint64_t PositionsNumber(const Positions* positions);  // from 1 on; 0: none
  uint64_t ListOffset(const std::vector<FactorGroup::Text>& texts);
  void AppendGroups(const std::vector<FactorGroup>& groups, const ConditionNumbers& conditions,
                    std::string* out);
  void AppendCondition(const Condition& condition, std::string* out);

  std::map<FactsKey, std::string> entries_;
  std::unordered_map<ByteSet, uint64_t> set_numbers_;
  std::map<std::string, uint64_t> half_numbers_, positions_numbers_, list_offsets_;
  std::string halves_, sets_, positions_, lists_;
};

}  // namespace kt::detect
