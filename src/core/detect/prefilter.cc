#include "core/detect/prefilter.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "core/detect/normalize.h"
#include "core/detect/prefilter_blocks.h"
#include "core/detect/prefilter_letters.h"

namespace kt::detect {
namespace {

constexpr size_t kBlock = kScanBlock;
constexpr auto kNoSkip = [](size_t at) { return at; };

}  // namespace

// Whose bytes stand there: whether it stands there as it must.
bool Prefilter::Fits(const Literal& literal, std::string_view text, size_t at,
                     bool loose) const noexcept {
  const size_t end = at + literal.size;
  if (end > text.size() || (literal.at_end && end != text.size())) return false;
  if (loose) return true;
  if (literal.odd_blank && !OddBlankAt(text, end)) return false;
  const unsigned before = at == 0 ? ' ' : static_cast<unsigned char>(text[at - 1]);
  if (literal.start == Factor::Start::kWord && IsAsciiWord(before)) return false;
  if (literal.start == Factor::Start::kDigit && IsAsciiDigit(before)) return false;
  if (!literal.word_ends || end == text.size()) return true;
  return !IsAsciiWord(static_cast<unsigned char>(text[end]));
}

bool Prefilter::OddBlankAt(std::string_view text, size_t at) noexcept {
  const auto is_blank = [&](size_t i) {
    if (i >= text.size()) return false;
    const char c = text[i];
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
  };
  return is_blank(at) && (text[at] != ' ' || is_blank(at + 1));
}

bool Prefilter::Possible(const Target& target, std::string_view text, size_t at,
                         PrefilterConditions::Memo* memo, RunMemo* runs) const {
  const bool asks = target.min_digits > 0 || target.min_run > 0;
  if (asks && !RunFits(target, text, at, runs)) return false;
  for (const uint32_t condition : target.conditions) {
    if (condition == kNone) return true;
    if (!conditions_.Hold(condition, text, at, memo)) return false;
  }
  return true;
}

bool Prefilter::RunFits(const Target& target, std::string_view text, size_t at,
                        RunMemo* memo) const {
  const ByteSet& run = runs_[target.run];
  // In ordinary text what cannot be its last byte ends most of them.
  if (target.min_run > 1) {
    const size_t last = at + target.min_run - 1;
    if (last >= text.size() || !run[static_cast<unsigned char>(text[last])]) return false;
  }
  if (memo->Holds(target.run, at)) return LongRunFits(target, text, at, memo);
  if (text.size() - at >= kBlock) {
    using Fit = TokenTable::Fit;
    const TokenTable& table = run_tables_[target.run];
    const Fit fit = table.RunFits(text.data() + at, target.min_run, target.min_digits);
    return fit == Fit::kGoesOn ? LongRunFits(target, text, at, memo) : fit == Fit::kYes;
  }
  int digits = target.min_digits;
  size_t bytes = 0;
  for (; digits > 0 || bytes < target.min_run; ++bytes) {
    if (at + bytes >= text.size()) return false;
    const auto byte = static_cast<unsigned char>(text[at + bytes]);
    if (!run[byte]) return false;
    digits -= IsAsciiDigit(byte) ? 1 : 0;
  }
  return true;
}

// The digits in a row. What the end of a stream's text cuts may go on.
int Prefilter::LeadAt(std::string_view text, size_t at) const noexcept {
  int count = 0;
  for (; at < text.size() && count < kEnoughDigits; ++at, ++count) {
    if (!IsAsciiDigit(static_cast<unsigned char>(text[at]))) return count;
  }
  return stream_ ? kEnoughDigits : count;
}

// In the longest run of what stands in numbers, up to what any rule asks for. One that the end of a
// stream's text cuts may go on.
int Prefilter::DigitsAt(std::string_view text, size_t at) const noexcept {
  if (text.size() - at >= kBlock) {
    bool goes_on = false;
    const int digits = number_bytes_.DigitsOfRun(text.data() + at, &goes_on);
    if (!goes_on || digits >= most_digits_) return digits;
  }
  int count = 0;
  for (; at < text.size() && count < most_digits_; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (!number_bytes_.MayHold(byte)) return count;
    count += IsAsciiDigit(byte) ? 1 : 0;
  }
  return stream_ ? kEnoughDigits : count;
}

template <typename Take>
bool Prefilter::TakeList(uint32_t list, uint64_t folded, std::string_view text, size_t at,
                         bool loose, const Take& take) const {
  const Literal* literal = listed_.data() + list_begins_[list];
  const Literal* const end = listed_.data() + list_begins_[list + 1];
  const bool ends_count = text.size() - at <= kFactorBytes;
  for (; literal != end; ++literal) {
    // Those that stand at the end come last; only streams have some.
    if (stream_ && !ends_count && literal->at_end) break;
    if (((folded ^ Load(literal->bytes)) << literal->unused_bits) != 0) continue;
    if (!Fits(*literal, text, at, loose)) continue;
    for (const uint32_t* listed = &lists_[literal->targets];; ++listed) {
      const Target& target = targets_[*listed & ~kLastTarget];
      // What begins so far from the end has ended; those that reach less far come later.
      if (text.size() - at > target.reach) break;
      if (!take(target, at)) return false;
      if ((*listed & kLastTarget) != 0) break;
    }
  }
  return true;
}

template <typename Take>
bool Prefilter::TakeLong(uint64_t folded, std::string_view text, size_t at, bool loose,
                         const Take& take) const {
  const uint64_t product = Product(folded);
  const uint32_t four = Hash4(product), more = Hash5(product), whole = Hash8(product);
  const auto take_list = [&](uint32_t list) {
    return TakeList(list, folded, text, at, loose, take);
  };
  if (hashes_->four[four] && !take_list(four_lists_ + ListOf(four))) return false;
  if (hashes_->more[more] && !take_list(more_lists_ + ListOf(more))) return false;
  return !hashes_->whole[whole] || take_list(whole_lists_ + ListOf(whole));
}

template <typename Take>
bool Prefilter::TakeWideAt(std::string_view text, size_t at, const Take& take) const {
  for (size_t group = 0; group < wide_table_.groups(); ++group) {
    uint64_t left = wide_table_.At(group, text, at);
    for (; left != 0; left &= left - 1) {
      const size_t i = group * PositionTable::kGroup + static_cast<size_t>(__builtin_ctzll(left));
      if (!take(targets_[wide_[i]], at)) return false;
    }
  }
  return true;
}

template <typename Take>
bool Prefilter::TakeNumbers(const Numbers& numbers, std::string_view text, size_t at, bool loose,
                            const Take& take) const {
  const auto digit = static_cast<unsigned>(text[at] - '0');
  int lead = -1, digits = -1;  // of what looks like a number; not counted yet
  for (size_t group = 0; group < numbers.table.groups(); ++group) {
    uint64_t left = loose ? numbers.table.all(group) : numbers.table.At(group, text, at);
    for (; left != 0; left &= left - 1) {
      const size_t i = group * PositionTable::kGroup + static_cast<size_t>(__builtin_ctzll(left));
      const Number& number = numbers.list[i];
      const Literal& literal = number.literal;
      if ((number.digits >> digit & 1) == 0) continue;
      if (!loose && number.min_digits > 0) {
        if (digits < 0) digits = DigitsAt(text, at);
        if (number.min_digits > digits) return true;
      }
      if (!loose && number.lead_digits > 0) {
        if (lead < 0) lead = LeadAt(text, at);
        if (number.lead_digits > lead) continue;
      }
      // One digit, which stands there, behind what it must.
      const bool fits = literal.word_ends || literal.at_end || literal.odd_blank || loose
                            ? Fits(literal, text, at, loose)
                            : true;
      if (fits && !take(targets_[number.target], at)) return false;
    }
  }
  return true;
}

template <typename Take>
bool Prefilter::TakeNumber(std::string_view text, size_t at, bool loose, const Take& take) const {
  const bool inside = at > 0 && IsAsciiWord(static_cast<unsigned char>(text[at - 1]));
  if (!loose) return TakeNumbers(numbers_[inside ? 1 : 0], text, at, loose, take);
  return TakeNumbers(numbers_[0], text, at, loose, take) &&
         TakeNumbers(numbers_[1], text, at, loose, take);
}

Prefilter::RunShape Prefilter::ShapeAt(const BlockScan& scan, size_t offset) noexcept {
  const auto bytes = [&](uint64_t set) {
    const uint64_t others = ~set >> offset;
    return others == 0 ? kManyBytes : static_cast<uint32_t>(__builtin_ctzll(others));
  };
  RunShape shape{bytes(scan.tokens), bytes(scan.capitals), kManyBytes};
  // What goes on in the next block.
  const size_t left = kBlock - offset;
  if (shape.tokens >= left) shape.tokens = kManyBytes;
  if (shape.capitals >= left) shape.capitals = kManyBytes;
  const uint32_t longest = std::max(shape.tokens, shape.capitals);
  if (longest == kManyBytes) return shape;
  const uint64_t run = (uint64_t{1} << longest) - 1;
  shape.digits = static_cast<uint32_t>(__builtin_popcountll(scan.digits >> offset & run));
  return shape;
}

template <typename Take>
bool Prefilter::TakeLongRun(const RunShape& shape, std::string_view text, size_t at, bool loose,
                            const Take& take) const {
  const auto byte = static_cast<unsigned char>(text[at]);
  const bool inside = at > 0 && IsAsciiWord(static_cast<unsigned char>(text[at - 1]));
  if (!loose && inside && IsAsciiWord(byte)) return true;
  for (size_t group = 0; group < long_run_table_.groups(); ++group) {
    uint64_t left = loose ? long_run_table_.all(group) : long_run_table_.At(group, text, at);
    for (; left != 0; left &= left - 1) {
      const size_t i = group * PositionTable::kGroup + static_cast<size_t>(__builtin_ctzll(left));
      const RunTarget& run = long_runs_[i];
      const uint32_t bytes = run.kind == LongRun::kCapitals ? shape.capitals : shape.tokens;
      if (run.target.min_run > bytes ||
          static_cast<uint32_t>(run.target.min_digits) > shape.digits) {
        continue;
      }
      if (run.first[byte] && !take(run.target, at)) return false;
    }
  }
  return true;
}

template <typename Take, typename Skip>
bool Prefilter::Walk(std::string_view text, size_t from, bool loose, const Take& take,
                     const Skip& skip) const {
  BlockRow blocks(text, scan_, tables_, stream_);
  Marks marks;
  PlaceList places;
  for (size_t begin = from; begin < text.size(); begin += blocks.size() * kBlock) {
    begin = skip(begin);
    if (only_foreign_) begin += PlainPrefix(text.substr(begin)) / kBlock * kBlock;
    if (begin >= text.size()) break;
    blocks.Read(begin, only_foreign_ ? 1 : BlockRow::kMost);
    const size_t marked = MarkPlaces(blocks, text, begin, loose, &marks);
    list_places_({marks.any, marked}, &places);
    for (size_t i = 0; i < places.size; ++i) {
      const size_t place = places.at[i], block = place / kBlock, at = begin + place;
      const uint64_t bit = uint64_t{1} << place % kBlock, folded = FoldedAt(blocks.bytes() + place);
      const bool shorts = (marks.literals.shorts[block] & bit) != 0;
      if (shorts && !TakeWideAt(text, at, take)) return false;
      if ((marks.literals.longs[block] & bit) != 0 && !TakeLong(folded, text, at, loose, take))
        return false;
      if (shorts && !TakeList(filter_.GroupOf(folded & 0xFF, folded >> 8 & 0xFF), folded, text, at,
                              loose, take)) {
        return false;
      }
      if ((marks.numbers[block] & bit) != 0 && !TakeNumber(text, at, loose, take)) return false;
      if ((marks.runs[block] & bit) == 0) continue;
      const RunShape shape = loose ? RunShape{kManyBytes, kManyBytes, kManyBytes}
                                   : ShapeAt(blocks.scan(block), place % kBlock);
      if (!TakeLongRun(shape, text, at, loose, take)) return false;
    }
    if (marked < blocks.size()) return false;
  }
  return true;
}

// Of all that a walk may take.
size_t Prefilter::NumberOf(const Target& target) const noexcept {
  const std::less<const Target*> before;
  const Target* const first = targets_.data();
  if (!before(&target, first) && before(&target, first + targets_.size())) {
    return static_cast<size_t>(&target - first);
  }
  for (size_t i = 0; i < long_runs_.size(); ++i) {
    if (&long_runs_[i].target == &target) return targets_.size() + i;
  }
  return SIZE_MAX;
}

const Prefilter::Target& Prefilter::TargetAt(size_t number) const noexcept {
  return number < targets_.size() ? targets_[number] : long_runs_[number - targets_.size()].target;
}

void Prefilter::Find(std::string_view text, size_t from, Candidates* out,
                     Passages* passages) const {
  if (hashes_ == nullptr && long_runs_.empty()) return;
  const auto add = [&](const Target& target, size_t begin) {
    if (target.is_witness) return out->See(target.rule);
    const bool far = target.max_before == kAnywhere || begin - from < target.max_before;
    const size_t first = far ? from : begin - target.max_before;
    if (begin - from < target.min_before) return;
    const size_t last = begin - target.min_before;
    if (target.witness == kNone) return out->Add(target.rule, first, last);
    out->AddIfSeen(target.witness, target.rule, first, last);
  };
  Candidates found = *out;
  PrefilterConditions::Memo memo;
  RunMemo runs;
  const auto possible = [&](const Target& target, size_t at) {
    const bool first = at == 0 || target.max_before == 0;
    if (!first && !runs_[target.before][static_cast<unsigned char>(text[at - 1])]) return false;
    return Possible(target, text, at, &memo, &runs);
  };
  const auto judge = [&](const Target& target, size_t at) {
    if (possible(target, at)) add(target, at);
  };
  Replay<Target> replay(text, from, most_before_ + kRepeatBack, repeats_ahead_, most_before_, out);
  PassageWalk walked(passages);
  const auto judge_noted = [&](const Target& target, size_t at) {
    if (!target.repeats) walked.See(NumberOf(target), at);
    judge(target, at);
  };
  const auto take = [&](const Target& target, size_t at) {
    replay.See(target, at);
    judge_noted(target, at);
    return true;
  };
  const auto take_known = [&](size_t number, size_t at) { take(TargetAt(number), at); };
  const auto skip = [&](size_t begin) {
    return replay.Skip(walked.Skip(begin, take_known), judge_noted);
  };
  if (Walk(text, from, false, take, skip)) return;
  if (passages != nullptr) passages->SpoilAll();
  // Letters that fold to ASCII: on a copy in which they are folded. What stands around a literal
  // may differ there, and a rule may mean the letter as it is: "\W".
  *out = std::move(found);
  std::string folded;
  std::vector<size_t> origin;
  for (size_t i = from; i < text.size();) {
    const size_t special = FoldingLetter(text, i);
    origin.push_back(i);
    folded += special == 0 ? text[i] : (special == 2 ? 's' : 'k');
    i += std::max<size_t>(special, 1);
  }
  Walk(
      folded, 0, true,
      [&](const Target& target, size_t at) {
        add(target, origin[at]);
        return true;
      },
      kNoSkip);
}

std::optional<size_t> Prefilter::FirstBeginning(std::string_view text, size_t from,
                                                const Holds& holds) const {
  size_t first = text.size(), judged_at = text.size();
  std::vector<uint32_t> judged;  // rules that do not hold there
  const bool whole = Walk(
      text, from, false,
      [&](const Target& target, size_t at) {
        if (text.size() - at > target.reach) return true;
        const std::optional<bool> opens = Opens(target, text, at);
        if (opens.value_or(false)) return first = at, false;
        if (opens || !RunMayFit(target, text, at)) return true;
        if (judged_at != at) judged.clear();
        judged_at = at;
        if (std::find(judged.begin(), judged.end(), target.rule) != judged.end()) return true;
        if (holds(target.rule, at)) {
          first = at;
          return false;
        }
        judged.push_back(target.rule);
        return true;
      },
      kNoSkip);
  if (whole || first < text.size()) return first;
  return std::nullopt;
}

}  // namespace kt::detect
