#include "core/detect/prefilter_neighbours.h"

#include <algorithm>

#include "core/detect/factor_score.h"

namespace kt::detect {
namespace {

// What must stand near a literal: how far it is looked for, and how often it may stand there by
// chance and still be of use.
constexpr size_t kMaxReach = 512;
constexpr double kLikely = 0.7;
constexpr size_t kMaxConditions = 2;
constexpr size_t kConditionRun = 10;
constexpr double kRunShare = 0.0001;  // less than true: to look for one costs next to nothing
constexpr double kRareWitness = 0.005;
constexpr double kPlacesPerByte = 0.2;

size_t Farthest(const FactorSet& set) noexcept {
  size_t far = 0;
  for (const Factor& factor : set.any_of) far = std::max(far, factor.max_before);
  return far;
}

// How often a condition that is as frequent as this is there by chance within so many bytes;
// nullopt: too often to be of use.
std::optional<double> Chance(double per_place, size_t back, size_t ahead) noexcept {
  const size_t reach = AddDistance(back, ahead);
  if (reach > kMaxReach) return std::nullopt;
  const double chance = per_place * (1 + kPlacesPerByte * static_cast<double>(reach));
  return chance > kLikely ? std::nullopt : std::optional<double>(chance);
}

}  // namespace

size_t Distance(std::span<const size_t> bytes, size_t from, size_t to) noexcept {
  size_t sum = 0;
  for (size_t i = from; i < to; ++i) sum = AddDistance(sum, bytes[i]);
  return sum;
}

void Neighbours::AddTo(size_t at, FactorSet* best) {
  ConsiderRuns(at, *best);
  for (size_t i = 0; i < sets_.size(); ++i) {
    if (i != at && sets_[i]) ConsiderLiterals(i, at, *best);
  }
  std::stable_sort(found_.begin(), found_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (found_.size() > kMaxConditions) found_.resize(kMaxConditions);
  for (const auto& [chance, condition] : found_) {
    for (Factor& factor : best->any_of) {
      if (factor.conditions.size() < kMaxConditions) factor.conditions.push_back(condition);
    }
  }
  for (Factor& factor : best->any_of) {
    if (factor.conditions.empty() && factor.witness == nullptr) factor.witness = witness_;
  }
}

// Whether it is of use as a witness, which has to be somewhere in the text.
bool Neighbours::IsWitness(double per_place, size_t back, size_t ahead) const noexcept {
  return AddDistance(back, ahead) > kMaxReach && back == 0 && per_place < kRareWitness &&
         (!witness_ || per_place < witness_share_);
}

void Neighbours::ConsiderLiterals(size_t other, size_t at, const FactorSet& best) {
  const FactorSet& set = *sets_[other];
  Condition condition;
  if (other > at) {
    condition.ahead = AddDistance(Distance(longest_, at, other), Farthest(set));
  } else {
    condition.back = AddDistance(Distance(longest_, other, at), Farthest(best));
  }
  double per_place = 0;
  for (const Factor& factor : set.any_of) {
    const auto begin = static_cast<unsigned char>(factor.bytes[0]);
    const bool inside = factor.start == Factor::Start::kAnywhere && IsFoldedWord(begin);
    per_place += LiteralFrequency(factor.bytes, factor.word_ends, inside);
  }
  const bool witness = IsWitness(per_place, condition.back, condition.ahead);
  const std::optional<double> chance = Chance(per_place, condition.back, condition.ahead);
  if (!witness && !chance) return;
  condition.any_of = set.any_of;
  for (Factor& factor : condition.any_of) {
    factor.conditions.clear();
    factor.witness = nullptr;
  }
  auto shared = std::make_shared<const Condition>(std::move(condition));
  if (chance) {
    found_.emplace_back(*chance, std::move(shared));
  } else {
    witness_share_ = per_place;
    witness_ = std::move(shared);
  }
}

// Long runs of a narrow alphabet behind the literals.
void Neighbours::ConsiderRuns(size_t at, const FactorSet& best) {
  for (size_t i = at + 1; i < sequence_.items.size(); ++i) {
    Condition condition;
    for (size_t end = i; end < sequence_.items.size(); ++end) {
      const ByteSet run = condition.run | sequence_.alphabets[end];
      if (run.count() > kNarrow || run[' '] || run['\n']) break;
      condition.run = run;
      condition.run_bytes += sequence_.bytes[end];
    }
    if (condition.run_bytes < kConditionRun) continue;
    condition.ahead = Distance(longest_, at, i);
    if (best.any_of.front().min_run >= kConditionRun) return;
    const std::optional<double> chance = Chance(kRunShare, 0, condition.ahead);
    if (chance) {
      found_.emplace_back(*chance, std::make_shared<const Condition>(std::move(condition)));
    }
    return;
  }
}

}  // namespace kt::detect
