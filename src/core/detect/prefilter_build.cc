// Making a prefilter: which literals lead to which rules.
#include <algorithm>
#include <cstring>
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

void Prefilter::AddBeginnings(uint32_t rule, const std::vector<FactorGroup>& any_of,
                              size_t reach) {
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

// So that the walk looks where the literal may stand.
void Prefilter::Mark(const Literal& literal) {
  const auto first = static_cast<unsigned char>(literal.bytes[0]);
  const std::string_view bytes(literal.bytes, literal.size);
  if (literal.start == Factor::Start::kAnywhere && !literal.at_end &&
      (IsFoldedWord(first) || !AlwaysStarts(first))) {
    tables_.inside.Add(bytes);
  }
  const bool blank = literal.size == 1 ? !literal.at_end : literal.bytes[1] == ' ';
  signs_before_blanks_ |= blank && first < 0x80 && !IsFoldedWord(first);
  (first >= 0x80 ? foreign_ : IsFoldedWord(first) ? words_ : ascii_signs_) = true;
  const uint64_t product = Product(Load(literal.bytes));
  if (literal.size == 4) hashes_->four.set(Hash4(product));
  if (literal.size > 4 && literal.size < kFactorBytes) hashes_->more.set(Hash5(product));
  if (literal.size == kFactorBytes) hashes_->whole.set(Hash8(product));
  filter_.Add(bytes, literal.at_end);
}

template <typename Take>
void Prefilter::EachList(const Literal& literal, const Take& take) const {
  if (IsNumber(literal)) return;
  const uint64_t bytes = Load(literal.bytes), product = Product(bytes);
  if (literal.size == kFactorBytes) {
    take(whole_lists_ + ListOf(Hash8(product)));
  } else if (literal.size > 4) {
    take(more_lists_ + ListOf(Hash5(product)));
  } else if (literal.size == 4) {
    take(four_lists_ + ListOf(Hash4(product)));
  } else if (literal.size > 1 || literal.at_end) {
    take(filter_.GroupOf(bytes & 0xFF, bytes >> 8 & 0xFF));
  } else {
    for (unsigned second = 0; second < 256; ++second) take(filter_.GroupOf(bytes & 0xFF, second));
  }
}

// Each literal that is no number beside those that may stand where it may.
void Prefilter::SortLists(const std::vector<Literal>& literals) {
  four_lists_ = static_cast<uint32_t>(filter_.groups());
  more_lists_ = four_lists_ + kLists;
  whole_lists_ = more_lists_ + kLists;
  // Each list in two halves: of those that stand at the end, and before it of the others.
  const size_t halves = 2 * size_t{whole_lists_ + kLists};
  std::vector<uint32_t> ends(halves + 1), last(halves, kNone);
  const auto each = [&](const auto& take) {
    std::fill(last.begin(), last.end(), kNone);
    for (uint32_t i = 0; i < literals.size(); ++i) {
      EachList(literals[i], [&](uint32_t list) {
        const uint32_t half = 2 * list + (literals[i].at_end ? 1 : 0);
        if (std::exchange(last[half], i) != i) take(half, literals[i]);
      });
    }
  };
  each([&](uint32_t half, const Literal&) { ++ends[half + 1]; });
  for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  list_begins_.resize(halves / 2 + 1);
  for (size_t i = 0; i < list_begins_.size(); ++i) list_begins_[i] = ends[2 * i];
  listed_.resize(ends.back());
  each([&](uint32_t half, const Literal& literal) { listed_[ends[half]++] = literal; });
}

bool Prefilter::IsNumber(const Literal& literal) noexcept {
  return IsAsciiDigit(static_cast<unsigned char>(literal.bytes[0])) && literal.size == 1 &&
         literal.start != Factor::Start::kAnywhere;
}

// Appends the targets of what is pending in [begin, end), or finds the same ones that are there.
void Prefilter::AddToLists(size_t begin, size_t end, Literal* literal) {
  const size_t first = lists_.size();
  for (size_t i = begin; i < end; ++i) {
    const uint32_t target = building_->pending[i].target;
    if (lists_.size() == first || lists_.back() != target) lists_.push_back(target);
  }
  const size_t size = lists_.size() - first;
  // Most have one.
  if (size == 1) {
    uint32_t& known = building_->single_lists[lists_.back()];
    if (known == kNone) {
      known = static_cast<uint32_t>(first);
    } else {
      lists_.pop_back();
    }
    literal->first_target = known;
    literal->end_target = known + 1;
    return;
  }
  const std::string_view key(reinterpret_cast<const char*>(&lists_[first]),
                             size * sizeof lists_[0]);
  const auto [known, fresh] =
      building_->lists.try_emplace(std::string(key), static_cast<uint32_t>(first));
  if (!fresh) lists_.resize(first);
  literal->first_target = known->second;
  literal->end_target = known->second + static_cast<uint32_t>(size);
}

std::vector<Prefilter::Literal> Prefilter::TakeLiterals() {
  const auto same = [](const Pending& a, const Pending& b) {
    return a.key == b.key && a.stand == b.stand;
  };
  // The targets that reach farthest come first.
  std::vector<Pending>& pending = building_->pending;
  std::sort(pending.begin(), pending.end(), [&](const Pending& a, const Pending& b) {
    if (a.key != b.key) return a.key < b.key;
    if (a.stand != b.stand) return a.stand < b.stand;
    const uint32_t reach = targets_[a.target].reach, other = targets_[b.target].reach;
    return reach != other ? reach > other : a.target < b.target;
  });
  building_->single_lists.assign(targets_.size(), kNone);
  std::vector<Literal> literals;
  size_t count = 0;
  for (size_t i = 0; i < pending.size(); ++i) count += i == 0 || !same(pending[i - 1], pending[i]);
  literals.reserve(count);
  for (size_t i = 0, end = 0; i < pending.size(); i = end) {
    while (end < pending.size() && same(pending[end], pending[i])) ++end;
    const Pending& first = pending[i];
    Literal& literal = literals.emplace_back();
    const uint64_t bytes = __builtin_bswap64(first.key);
    std::memcpy(literal.bytes, &bytes, sizeof bytes);
    literal.size = static_cast<uint8_t>(kFactorBytes - __builtin_ctzll(first.key) / 8);
    literal.unused_bits = static_cast<uint8_t>(8 * (kFactorBytes - literal.size));
    literal.start = first.stand.start;
    literal.word_ends = first.stand.word_ends;
    literal.odd_blank = first.stand.odd_blank;
    literal.at_end = first.stand.at_end;
    AddToLists(i, end, &literal);
  }
  std::exchange(pending, {});
  return literals;
}

void Prefilter::Finish() {
  const std::vector<Literal> literals = TakeLiterals();
  if (!literals.empty()) {
    hashes_ = std::make_unique<Hashes>();
    SortNumbers(literals);
    SortLists(literals);
  }
  std::vector<Positions> positions;
  for (const RunTarget& run : long_runs_) positions.push_back(PositionsOf(run.target, run.first));
  long_run_table_.Build(positions);
  const bool numbers = !numbers_[0].list.empty() || !numbers_[1].list.empty();
  const bool ascii = words_ || ascii_signs_ || numbers || !tables_.inside.empty();
  only_foreign_ = foreign_ && !ascii && long_runs_.empty();
  building_.reset();
  conditions_.Finish();
  targets_.shrink_to_fit();
  lists_.shrink_to_fit();
  runs_.shrink_to_fit();
}

// Numbers begin so often that what cannot be one has to be told apart at once.
void Prefilter::SortNumbers(const std::vector<Literal>& literals) {
  ByteSet words;
  for (unsigned byte = 0; byte < 0x80; ++byte) words.set(byte, IsAsciiWord(byte));
  const auto add = [](const Number& number, std::vector<Number>* list) {
    const auto same = [&](const Number& other) {
      const Literal &a = number.literal, &b = other.literal;
      return other.target == number.target && a.word_ends == b.word_ends &&
             a.odd_blank == b.odd_blank && a.at_end == b.at_end;
    };
    const auto known = std::find_if(list->begin(), list->end(), same);
    if (known == list->end()) return list->push_back(number);
    known->digits |= number.digits;
  };
  for (const Literal& literal : literals) {
    const auto begin = static_cast<unsigned char>(literal.bytes[0]);
    if (!IsNumber(literal)) {
      Mark(literal);
      continue;
    }
    for (uint32_t t = literal.first_target; t < literal.end_target; ++t) {
      const Target& target = targets_[lists_[t]];
      const ByteSet before = target.max_before == 0 ? ~ByteSet() : runs_[target.before];
      const Number number{literal, lists_[t], target.lead_digits,
                          target.number ? target.min_digits : 0, uint32_t{1} << (begin - '0')};
      if ((before & ~words).any()) add(number, &numbers_[0].list);
      const bool after_word = literal.start != Factor::Start::kWord && (before & words).any();
      if (after_word) add(number, &numbers_[1].list);
    }
  }
  for (Numbers& numbers : numbers_) {
    std::stable_sort(numbers.list.begin(), numbers.list.end(),
                     [](const Number& a, const Number& b) { return a.min_digits < b.min_digits; });
    std::vector<Positions> positions;
    for (const Number& number : numbers.list) {
      ByteSet first;
      for (unsigned digit = 0; digit < 10; ++digit) first['0' + digit] = number.digits >> digit & 1;
      positions.push_back(PositionsOf(targets_[number.target], first));
    }
    numbers.table.Build(positions);
  }
}

}  // namespace kt::detect
