// Making a prefilter, once all literals are known: the lists in which they are looked for, and the
// tables that say where.
#include <algorithm>
#include <bitset>
#include <cstring>
#include <string>
#include <utility>

#include "core/detect/prefilter.h"

namespace kt::detect {

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
  const uint32_t last = lists_.back();
  lists_.back() |= kLastTarget;
  // Most have one.
  if (size == 1) {
    uint32_t& known = building_->single_lists[last];
    if (known == kNone) {
      known = static_cast<uint32_t>(first);
    } else {
      lists_.pop_back();
    }
    literal->targets = known;
    return;
  }
  const std::string_view key(reinterpret_cast<const char*>(&lists_[first]),
                             size * sizeof lists_[0]);
  const auto [known, fresh] =
      building_->lists.try_emplace(std::string(key), static_cast<uint32_t>(first));
  if (!fresh) lists_.resize(first);
  literal->targets = known->second;
}

// Without its targets.
Prefilter::Literal Prefilter::LiteralOf(const Pending& pending) noexcept {
  Literal literal{};
  const uint64_t bytes = __builtin_bswap64(pending.key);
  std::memcpy(literal.bytes, &bytes, sizeof bytes);
  literal.size = static_cast<uint8_t>(kFactorBytes - __builtin_ctzll(pending.key) / 8);
  literal.unused_bits = static_cast<uint8_t>(8 * (kFactorBytes - literal.size));
  literal.start = pending.stand.start;
  literal.word_ends = pending.stand.word_ends;
  literal.odd_blank = pending.stand.odd_blank;
  literal.at_end = pending.stand.at_end;
  return literal;
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
    Literal& literal = literals.emplace_back(LiteralOf(pending[i]));
    AddToLists(i, end, &literal);
  }
  std::exchange(pending, {});
  return literals;
}

// In lists they would be found at nearly every word, number or sign, one by one.
void Prefilter::TakeWide() {
  constexpr uint32_t kStands = 6;  // of a target: three starts, and whether the word ends
  struct Beginning {
    int count = 0;
    ByteSet first, second;  // folded
  };
  std::vector<Beginning> beginnings(kStands * targets_.size());
  // Which beginning of its target it is, or kNone.
  const auto beginning_of = [&](const Pending& pending) {
    const Stand& stand = pending.stand;
    const auto first = static_cast<unsigned char>(pending.key >> 56);
    const bool alone = pending.key << 8 == 0;
    const bool wide = alone ? !IsAsciiDigit(first) : pending.key << 8 * kWideBytes == 0;
    const bool anywhere = stand.start == Factor::Start::kAnywhere;
    if (!wide || (stand.word_ends && !alone) || stand.odd_blank || stand.at_end) return kNone;
    if (anywhere ? !IsWideSign(first) : !IsAsciiWord(first)) return kNone;
    return kStands * pending.target + 2 * static_cast<uint32_t>(stand.start) +
           (stand.word_ends ? 1 : 0);
  };
  std::vector<Pending>& pending = building_->pending;
  for (const Pending& each : pending) {
    const uint32_t index = beginning_of(each);
    if (index == kNone) continue;
    Beginning& beginning = beginnings[index];
    ++beginning.count;
    beginning.first.set(each.key >> 56);
    beginning.second |= each.key << 8 == 0 ? ~ByteSet() : ByteSet().set(each.key >> 48 & 0xFF);
  }
  std::vector<Positions> positions;
  for (uint32_t i = 0; i < beginnings.size(); ++i) {
    Beginning& beginning = beginnings[i];
    const auto start = static_cast<Factor::Start>(i % kStands / 2);
    if (start != Factor::Start::kAnywhere && beginning.count < kWideBeginnings) beginning.count = 0;
    if (beginning.count == 0) continue;
    wide_.push_back(i / kStands);
    Positions& around = positions.emplace_back(
        WidePositions(targets_[i / kStands], beginning.first, beginning.second, start));
    for (unsigned byte = 0; i % 2 == 1 && byte < 0x80; ++byte) {
      if (IsAsciiWord(byte)) around.ahead[1].reset(byte);
    }
  }
  wide_table_.Build(positions);
  // The walk looks where one of them may stand.
  std::bitset<0x10000> marked;
  std::erase_if(pending, [&](const Pending& each) {
    const uint32_t index = beginning_of(each);
    if (index == kNone || beginnings[index].count == 0) return false;
    if (marked[each.key >> 48]) return true;
    marked.set(each.key >> 48);
    Mark(LiteralOf(each));
    return true;
  });
}

// Where a rule that begins with these bytes may stand.
Positions Prefilter::WidePositions(const Target& target, const ByteSet& first,
                                   const ByteSet& second, Factor::Start start) const {
  const auto unfolded = [](const ByteSet& folded) {
    ByteSet bytes;
    for (unsigned byte = 0; byte < 256; ++byte) {
      bytes.set(byte, folded[static_cast<unsigned char>(FoldByte(static_cast<char>(byte)))]);
    }
    return bytes;
  };
  Positions positions = PositionsOf(target, unfolded(first));
  positions.ahead[1] &= unfolded(second);
  for (unsigned byte = 0; byte < 0x80; ++byte) {
    const bool fits = start == Factor::Start::kWord    ? !IsAsciiWord(byte)
                      : start == Factor::Start::kDigit ? !IsAsciiDigit(byte)
                                                       : true;
    if (!fits) positions.behind[0].reset(byte);
  }
  for (size_t place = 1; place < std::min<size_t>(target.min_run, Positions::kAhead); ++place) {
    positions.ahead[place] &= runs_[target.run];
  }
  return positions;
}

void Prefilter::Finish() {
  if (!building_->pending.empty()) hashes_ = std::make_unique<Hashes>();
  if (stream_) TakeWide();
  const std::vector<Literal> literals = TakeLiterals();
  if (hashes_ != nullptr) {
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
  run_tables_.resize(runs_.size());
  for (size_t i = 0; i < runs_.size(); ++i) run_tables_[i].Add(runs_[i]);
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
    bool more = true;
    for (const uint32_t* listed = &lists_[literal.targets]; more; ++listed) {
      more = (*listed & kLastTarget) == 0;
      const uint32_t index = *listed & ~kLastTarget;
      const Target& target = targets_[index];
      const ByteSet before = target.max_before == 0 ? ~ByteSet() : runs_[target.before];
      const Number number{literal, index, target.lead_digits, target.number ? target.min_digits : 0,
                          uint32_t{1} << (begin - '0')};
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
