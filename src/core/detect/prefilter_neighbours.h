// What else every match of a sequence holds, beside its best literals: conditions that are looked
// at before an expression runs. Private to detect/.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/detect/prefilter_factors.h"
#include "core/detect/regex_shape.h"

namespace kt::detect {

// An alphabet of more bytes than this has long runs everywhere.
inline constexpr size_t kNarrow = 80;

// The items of a sequence, and what is asked of each again and again.
struct Sequence {
  explicit Sequence(std::span<const RegexNode> nodes) : items(nodes) {
    for (const RegexNode& node : nodes) {
      digits.push_back(MinDigits(node));
      bytes.push_back(MinBytes(node));
      AddAlphabet(node, &alphabets.emplace_back());
    }
  }
  const std::span<const RegexNode> items;
  std::vector<int> digits;
  std::vector<size_t> bytes;
  std::vector<ByteSet> alphabets;
};

// Of distances, of which kAnywhereBefore has no bound.
inline size_t AddDistance(size_t a, size_t b) noexcept {
  return a == kAnywhereBefore || b == kAnywhereBefore ? kAnywhereBefore : a + b;
}
// Bytes from the beginning of the item `from` to that of `to`, those of each being given.
size_t Distance(std::span<const size_t> bytes, size_t from, size_t to) noexcept;

class Neighbours {
 public:
  // `sets`: of the items that have literals. `sequence` must outlive this.
  Neighbours(const Sequence& sequence, std::vector<std::optional<FactorSet>> sets,
             std::vector<size_t> longest)
      : sequence_(sequence), sets_(std::move(sets)), longest_(std::move(longest)) {}

  // Adds conditions to the literals of the item `at`.
  void AddTo(size_t at, FactorSet* best);

 private:
  bool IsWitness(double per_place, size_t back, size_t ahead) const noexcept;
  void ConsiderLiterals(size_t other, size_t at, const FactorSet& best);
  void ConsiderRuns(size_t at, const FactorSet& best);

  const Sequence& sequence_;
  const std::vector<std::optional<FactorSet>> sets_;
  const std::vector<size_t> longest_;
  std::vector<std::pair<double, std::shared_ptr<const Condition>>> found_;  // by chance
  std::shared_ptr<const Condition> witness_;
  double witness_share_ = 0;
};

}  // namespace kt::detect
