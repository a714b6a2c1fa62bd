// Making a prefilter: which literals lead to which rules. What is made of them all is in
// prefilter_lists.cc.
#include <algorithm>
#include <string>
#include <utility>

#include "core/detect/factor_score.h"
#include "core/detect/prefilter.h"
#include "core/detect/regex_shape.h"

namespace kt::detect {
namespace {

constexpr double kFrequent = 0.0002;

}  // namespace

uint32_t Prefilter::RunIndex(const ByteSet& run) {
  // Most factors have those of the one before.
  for (const uint32_t last : building_->last_runs) {
    if (last < runs_.size() && runs_[last] == run) return last;
  }
  const auto [known, fresh] = building_->runs.try_emplace(run, static_cast<uint32_t>(runs_.size()));
  if (fresh) runs_.push_back(run);
  building_->last_runs[1] = std::exchange(building_->last_runs[0], known->second);
  return known->second;
}

uint32_t Prefilter::PositionsIndex(const std::shared_ptr<const Positions>& positions) {
  if (positions == nullptr) return kNone;
  auto& known = building_->positions;
  if (known.empty() || known.back() != positions) known.push_back(positions);
  return static_cast<uint32_t>(known.size() - 1);
}

uint32_t Prefilter::OpeningIndex(const std::shared_ptr<const Positions>& positions) {
  if (!stream_ || positions == nullptr || positions->opening.most == 0) return kNone;
  const bool known = !openings_.empty() && openings_.back() == positions->opening;
  if (!known) openings_.push_back(positions->opening);
  return static_cast<uint32_t>(openings_.size() - 1);
}

Positions Prefilter::PositionsOf(const Target& target, const ByteSet& first) const {
  Positions positions;
  if (target.positions != kNone) {
    positions = *building_->positions[target.positions];
  } else {
    for (ByteSet& set : positions.behind) set.set();
    for (ByteSet& set : positions.ahead) set.set();
  }
  positions.ahead[0] &= first;
  return positions;
}

uint32_t Prefilter::WitnessIndex(const Condition& witness) {
  const auto [known, fresh] = building_->witnesses.try_emplace(
      KeyOf(witness), static_cast<uint32_t>(building_->witnesses.size()));
  if (!fresh) return known->second;
  Target target = TargetOf(known->second, {});
  target.is_witness = true;
  const uint32_t index = TargetIndex(target);
  for (const FactorGroup& group : GroupsOf(witness.any_of)) {
    for (const Text& text : group.texts) AddText(text, index);
  }
  return known->second;
}

Prefilter::Target Prefilter::TargetOf(uint32_t rule, const Factor& base) {
  Target target{};
  target.rule = rule;
  target.min_before = static_cast<uint32_t>(base.min_before);
  target.max_before =
      base.max_before >= kAnywhere ? kAnywhere : static_cast<uint32_t>(base.max_before);
  target.min_run = static_cast<uint32_t>(base.min_run);
  target.min_digits = base.min_digits;
  target.lead_digits = base.lead_digits;
  target.number =
      base.min_digits > 1 && base.min_digits < kEnoughDigits && !HasLetterByte(base.run);
  if (target.number) most_digits_ = std::max(most_digits_, base.min_digits);
  target.run = RunIndex(base.run);
  if (target.number && building_->numbers.insert(target.run).second) number_bytes_.Add(base.run);
  target.before = RunIndex(base.before);
  target.reach = reach_;
  target.positions = PositionsIndex(base.positions);
  target.opening = OpeningIndex(base.positions);
  target.witness = target.conditions[0] = target.conditions[1] = kNone;
  return target;
}

// Equal targets of one rule share one.
uint32_t Prefilter::TargetIndex(const Target& target) {
  for (size_t i = targets_.size(); i-- > 0;) {
    if (targets_[i] == target) return static_cast<uint32_t>(i);
    if (targets_[i].rule != target.rule && !targets_[i].is_witness) break;
  }
  targets_.push_back(target);
  return static_cast<uint32_t>(targets_.size() - 1);
}

void Prefilter::AddTexts(const FactorGroup& group, Target target) {
  // A run that the literal itself goes through tells nothing more.
  uint32_t told = kNone, untold = kNone;
  for (const Text& text : group.texts) {
    const bool tells = group.base.min_digits > 0 || group.base.min_run > text.size();
    target.min_run = tells ? static_cast<uint32_t>(group.base.min_run) : 0;
    if (text.size() == 1 && AddLongRun(group.FactorOf(text), target)) continue;
    uint32_t& index = tells ? untold : told;
    if (index == kNone) index = TargetIndex(target);
    AddText(text, index);
  }
}

void Prefilter::AddText(const Text& text, uint32_t target) {
  if (text.odd_blank && text.size() + 2 <= kFactorBytes) {
    const uint64_t bytes = __builtin_bswap64(text.key);
    const std::string_view literal(reinterpret_cast<const char*>(&bytes), text.size());
    if (LiteralFrequency(literal, false, false) >= kFrequent) return AddOddBlank(text, target);
  }
  AddPending(text.key, {text.start, text.word_ends, text.odd_blank, false}, target);
}

// A frequent word with an odd blank behind it is looked for with that blank.
void Prefilter::AddOddBlank(const Text& text, uint32_t target) {
  for (const char* blanks : {"\t", "\n", "\f", "\r", "  ", " \t", " \n", " \f", " \r"}) {
    uint64_t key = text.key;
    for (size_t i = 0; blanks[i] != '\0'; ++i) {
      key |= uint64_t{static_cast<unsigned char>(FoldByte(blanks[i]))}
             << (56 - 8 * (text.size() + i));
    }
    AddPending(key, {text.start, false, false, false}, target);
  }
}

void Prefilter::AddPending(uint64_t key, const Stand& stand, uint32_t target) {
  building_->pending.push_back({key, target, stand});
}

// One byte tells nothing, a long run of few kinds of bytes that begins with it does.
bool Prefilter::AddLongRun(const Factor& factor, const Target& target) {
  const LongRun kind = LongRunOf(factor);
  if (kind == LongRun::kNone) return false;
  if (long_runs_.empty() || !(long_runs_.back().target == target)) {
    long_runs_.push_back({target, kind, {}});
    (kind == LongRun::kCapitals ? tables_.capitals : tables_.tokens).Add(factor.run);
  }
  for (unsigned b = 0; b < 256; ++b) {
    if ((b | 0x20) == static_cast<unsigned char>(factor.bytes[0])) long_runs_.back().first.set(b);
  }
  return true;
}

void Prefilter::Add(uint32_t rule, const std::vector<Factor>& any_of, bool folds, size_t longest) {
  folds_ |= folds;
  AddGroups(rule, GroupsOf(any_of), longest);
}

void Prefilter::AddGroups(uint32_t rule, const std::vector<FactorGroup>& groups, size_t longest) {
  // Groups share their conditions.
  std::unordered_map<const Condition*, uint32_t> numbers;
  const auto number_of = [&](const Condition* condition, const auto& add) {
    const auto [known, fresh] = numbers.try_emplace(condition, 0);
    if (fresh) known->second = add(*condition);
    return known->second;
  };
  for (const FactorGroup& group : groups) {
    const Factor& base = group.base;
    Target target = TargetOf(rule, base);
    for (size_t i = 0; i < std::min<size_t>(base.conditions.size(), 2); ++i) {
      target.conditions[i] = number_of(base.conditions[i].get(),
                                       [&](const Condition& c) { return conditions_.Add(c); });
    }
    if (base.witness) {
      target.witness =
          number_of(base.witness.get(), [&](const Condition& c) { return WitnessIndex(c); });
    }
    target.repeats = longest <= kMostRepeated && target.max_before <= kMostRepeated;
    if (target.repeats) {
      most_before_ = std::max<size_t>(most_before_, target.max_before);
      repeats_ahead_ = std::max(repeats_ahead_, longest + kRepeatAhead);
    }
    AddTexts(group, target);
  }
}

void Prefilter::AddBeginnings(uint32_t rule, const std::vector<FactorGroup>& any_of, size_t reach) {
  stream_ = folds_ = true;
  reach_ = static_cast<uint32_t>(std::min<size_t>(reach, UINT32_MAX));
  AddGroups(rule, any_of, SIZE_MAX);
  // What the end of the text cuts: the run that begins with it is cut, too.
  const uint32_t target = TargetIndex(TargetOf(rule, {}));
  std::unordered_set<uint64_t> known[3];  // by Factor::Start
  const auto add = [&](uint64_t key, Factor::Start start) {
    if (!known[static_cast<size_t>(start)].insert(key).second) return;
    AddPending(key, {start, false, false, true}, target);
  };
  Text last{0, Factor::Start::kAnywhere, false, false};
  for (const FactorGroup& group : any_of) {
    for (const Text& text : group.texts) {
      if (text.odd_blank) add(text.key, text.start);
      // Of neighbours that begin alike the first one has brought these.
      size_t alike = 0;
      if (last.key != 0 && last.start == text.start) {
        const uint64_t differ = last.key ^ text.key;
        alike = differ == 0 ? kFactorBytes : static_cast<size_t>(__builtin_clzll(differ)) / 8;
        alike = std::min(alike, last.size() - 1);
      }
      for (size_t size = text.size() - 1; size > alike; --size) {
        add(text.key & ~uint64_t{0} << (64 - 8 * size), text.start);
      }
      last = text;
    }
  }
}

}  // namespace kt::detect
