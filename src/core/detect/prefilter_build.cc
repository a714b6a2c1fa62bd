// Making a prefilter: which literals lead to which rules.
#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "core/detect/factor_score.h"
#include "core/detect/prefilter.h"
#include "core/detect/regex_shape.h"

namespace kt::detect {
namespace {

constexpr double kFrequent = 0.0002;

}  // namespace

uint32_t Prefilter::RunIndex(const ByteSet& run) {
  const auto known = std::find(runs_.begin(), runs_.end(), run);
  if (known == runs_.end()) return runs_.push_back(run), static_cast<uint32_t>(runs_.size() - 1);
  return static_cast<uint32_t>(known - runs_.begin());
}

uint32_t Prefilter::WitnessIndex(const Condition& witness) {
  const auto [known, fresh] =
      witnesses_.try_emplace(KeyOf(witness), static_cast<uint32_t>(witnesses_.size()));
  if (!fresh) return known->second;
  for (const Factor& factor : witness.any_of) {
    Target target = TargetOf(known->second, {});
    target.is_witness = true;
    AddTarget(factor, target);
  }
  return known->second;
}

Prefilter::Target Prefilter::TargetOf(uint32_t rule, const Factor& factor) {
  Target target{};
  target.rule = rule;
  target.max_before =
      factor.max_before >= kAnywhere ? kAnywhere : static_cast<uint32_t>(factor.max_before);
  // A run that the literal itself goes through tells nothing more.
  const bool told = factor.min_digits == 0 && factor.min_run <= factor.bytes.size();
  target.min_run = told ? 0 : static_cast<uint32_t>(factor.min_run);
  target.min_digits = factor.min_digits;
  target.number =
      factor.min_digits > 1 && factor.min_digits < kEnoughDigits && !HasLetterByte(factor.run);
  if (target.number) number_bytes_.Add(factor.run);
  target.run = RunIndex(factor.run);
  target.before = RunIndex(factor.before);
  target.reach = reach_;
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

// A frequent word with an odd blank behind it is looked for with that blank.
void Prefilter::AddOddBlank(const Factor& factor, const Target& target) {
  Factor with = factor;
  with.odd_blank = with.word_ends = false;
  const auto add = [&](std::string_view blanks) {
    with.bytes = factor.bytes;
    for (const char c : blanks) with.bytes += FoldByte(c);
    AddTarget(with, target);
  };
  for (const char* blanks : {"\t", "\n", "\f", "\r", "  ", " \t", " \n", " \f", " \r"}) add(blanks);
}

void Prefilter::AddTarget(const Factor& factor, const Target& target) {
  if (factor.odd_blank && factor.bytes.size() + 2 <= kFactorBytes &&
      LiteralFrequency(factor.bytes, false, false) >= kFrequent) {
    return AddOddBlank(factor, target);
  }
  Pending pending{};
  pending.target = TargetIndex(target);
  Literal& literal = pending.literal;
  std::memcpy(literal.bytes, factor.bytes.data(), factor.bytes.size());
  literal.size = static_cast<uint8_t>(factor.bytes.size());
  literal.unused_bits = static_cast<uint8_t>(8 * (kFactorBytes - factor.bytes.size()));
  literal.start = factor.start;
  literal.word_ends = factor.word_ends;
  literal.odd_blank = factor.odd_blank;
  pending_.push_back(pending);
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

void Prefilter::Add(uint32_t rule, const std::vector<Factor>& any_of, bool folds) {
  folds_ |= folds;
  for (const Factor& factor : any_of) {
    Target target = TargetOf(rule, factor);
    for (size_t i = 0; i < std::min<size_t>(factor.conditions.size(), 2); ++i) {
      target.conditions[i] = conditions_.Add(*factor.conditions[i]);
    }
    if (factor.witness) target.witness = WitnessIndex(*factor.witness);
    if (!AddLongRun(factor, target)) AddTarget(factor, target);
  }
}

void Prefilter::AddBeginnings(uint32_t rule, const std::vector<Factor>& any_of, size_t reach) {
  stream_ = true;
  reach_ = static_cast<uint32_t>(std::min<size_t>(reach, UINT32_MAX));
  Add(rule, any_of);
  std::set<std::pair<std::string, Factor::Start>> known;
  for (Factor cut : any_of) {
    cut.word_ends = false;
    const bool odd_blank = std::exchange(cut.odd_blank, false);
    for (bool whole = odd_blank; whole || cut.bytes.size() > 1; whole = false) {
      if (!whole) cut.bytes.pop_back();
      if (!known.emplace(cut.bytes, cut.start).second) continue;
      AddTarget(cut, TargetOf(rule, cut));
      pending_.back().literal.at_end = true;
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
  if (literal.size > 4) hashes_->more.set(Hash5(product));
  filter_.Add(bytes, literal.at_end);
}

// Each literal that is no number beside those that may stand where it may.
void Prefilter::SortLists(const std::vector<Literal>& literals) {
  std::vector<std::tuple<uint32_t, bool, uint32_t>> listed;  // list, at the end, literal
  four_lists_ = static_cast<uint32_t>(filter_.groups());
  more_lists_ = four_lists_ + kLists;
  for (uint32_t i = 0; i < literals.size(); ++i) {
    const Literal& literal = literals[i];
    if (IsNumber(literal)) continue;
    const uint64_t bytes = Load(literal.bytes), product = Product(bytes);
    if (literal.size > 4) {
      listed.emplace_back(more_lists_ + ListOf(Hash5(product)), literal.at_end, i);
    } else if (literal.size == 4) {
      listed.emplace_back(four_lists_ + ListOf(Hash4(product)), literal.at_end, i);
    }
    for (unsigned second = 0; second < 256 && literal.size < 4; ++second) {
      const bool any = literal.size == 1 && !literal.at_end;
      if (any || second == (bytes >> 8 & 0xFF)) {
        listed.emplace_back(filter_.GroupOf(bytes & 0xFF, second), literal.at_end, i);
      }
    }
  }
  std::sort(listed.begin(), listed.end());
  listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
  list_begins_.assign(more_lists_ + kLists + 1, 0);
  for (const auto& [list, at_end, literal] : listed) {
    ++list_begins_[list + 1];
    listed_.push_back(literals[literal]);
  }
  for (size_t i = 1; i < list_begins_.size(); ++i) list_begins_[i] += list_begins_[i - 1];
  listed_.shrink_to_fit();
}

bool Prefilter::IsNumber(const Literal& literal) noexcept {
  return IsAsciiDigit(static_cast<unsigned char>(literal.bytes[0])) && literal.size == 1 &&
         literal.start != Factor::Start::kAnywhere;
}

void Prefilter::Finish() {
  const auto key = [&](const Pending& p) {
    return std::tuple(std::string_view(p.literal.bytes, p.literal.size), p.literal.start,
                      p.literal.word_ends, p.literal.odd_blank, p.literal.at_end);
  };
  const auto whole = [&](const Pending& p) {
    return std::tuple_cat(key(p), std::tuple(UINT32_MAX - targets_[p.target].reach, p.target));
  };
  std::sort(pending_.begin(), pending_.end(),
            [&](const Pending& a, const Pending& b) { return whole(a) < whole(b); });
  std::vector<Literal> literals;
  for (size_t i = 0; i < pending_.size(); ++i) {
    const bool same = i > 0 && key(pending_[i]) == key(pending_[i - 1]);
    if (same && whole(pending_[i]) == whole(pending_[i - 1])) continue;
    const auto target = static_cast<uint32_t>(lists_.size());
    lists_.push_back(pending_[i].target);
    if (!same) {
      Literal literal = pending_[i].literal;
      literal.first_target = target;
      literals.push_back(literal);
    }
    literals.back().end_target = target + 1;
  }
  if (!literals.empty()) {
    hashes_ = std::make_unique<Hashes>();
    SortNumbers(literals);
    SortLists(literals);
  }
  pending_ = {};
  witnesses_ = {};
  conditions_.Finish();
  targets_.shrink_to_fit();
  lists_.shrink_to_fit();
}

// Numbers begin so often that what cannot be one has to be told apart at once.
void Prefilter::SortNumbers(const std::vector<Literal>& literals) {
  ByteSet words;
  for (unsigned byte = 0; byte < 0x80; ++byte) words.set(byte, IsAsciiWord(byte));
  for (const Literal& literal : literals) {
    const auto begin = static_cast<unsigned char>(literal.bytes[0]);
    if (!IsNumber(literal)) {
      Mark(literal);
      continue;
    }
    for (uint32_t t = literal.first_target; t < literal.end_target; ++t) {
      const Target& target = targets_[lists_[t]];
      const ByteSet before = target.max_before == 0 ? ~ByteSet() : runs_[target.before];
      if ((before & ~words).any()) numbers_[0][begin - '0'].push_back({literal, lists_[t]});
      const bool after_word = literal.start != Factor::Start::kWord && (before & words).any();
      if (after_word) numbers_[1][begin - '0'].push_back({literal, lists_[t]});
    }
  }
  const auto asks = [&](const Number& number) {
    const Target& target = targets_[number.target];
    return target.number ? target.min_digits : 0;
  };
  for (auto& after : numbers_) {
    for (std::vector<Number>& list : after) {
      std::stable_sort(list.begin(), list.end(),
                       [&](const Number& a, const Number& b) { return asks(a) < asks(b); });
    }
  }
}

}  // namespace kt::detect
