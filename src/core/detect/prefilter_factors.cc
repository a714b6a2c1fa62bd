#include "core/detect/prefilter_factors.h"

#include <algorithm>
#include <climits>
#include <memory>
#include <span>
#include <utility>

#include "core/detect/factor_score.h"
#include "core/detect/prefilter_neighbours.h"
#include "core/detect/prefilter_scan.h"
#include "core/detect/regex_shape.h"

namespace kt::detect {
namespace {

bool SharesBase(const Factor& a, const Factor& b) {
  return a.before == b.before && a.min_before == b.min_before && a.max_before == b.max_before &&
         a.min_digits == b.min_digits && a.lead_digits == b.lead_digits && a.min_run == b.min_run &&
         a.run == b.run && a.conditions == b.conditions && a.positions == b.positions &&
         a.witness == b.witness;
}

using Kind = RegexNode::Kind;
using Start = Factor::Start;

// Literals inside words make the search look at every byte.
constexpr double kDensePenalty = 1;
constexpr double kTooFrequent = 2;
// A literal as rare as this is not worth a better one, nor a second one beside it.
constexpr double kRare = 0.00003;
constexpr size_t kMaxStrings = 160, kMaxBeginnings = 1024, kMaxAllBeginnings = 4096;
constexpr int kManyDigits = 5;
constexpr size_t kLongRun = 12;
constexpr size_t kShortRun = 4;
constexpr size_t kCapitals = 40;
constexpr double kTokenShare = 0.001, kCapitalShare = 0.0003;

// What begins with a digit and has many is told by the bytes around it, at no cost for each rule.
constexpr double kNumberShare = 0.5;

// How often ordinary text has such runs.
double LongRunShare(const FactorSet& set) noexcept {
  double share = 0;
  for (const Factor& factor : set.any_of) {
    const LongRun kind = LongRunOf(factor);
    if (kind == LongRun::kNone) return 1;
    share = std::max(share, kind == LongRun::kCapitals ? kCapitalShare : kTokenShare);
  }
  return share;
}

double Score(const FactorSet& set) {
  const double share = LongRunShare(set);
  if (share < 1) return share;
  double score = 0;
  bool dense = false;
  for (const Factor& factor : set.any_of) {
    const auto begin = static_cast<unsigned char>(factor.bytes[0]);
    const bool inside = factor.start == Start::kAnywhere && IsFoldedWord(begin);
    const bool whole = factor.word_ends || factor.odd_blank;
    double one = LiteralFrequency(factor.bytes, whole, inside);
    if (factor.odd_blank) one *= 0.1;
    dense |= inside;
    // Of a single letter every other word begins with one.
    const double least = factor.bytes.size() == 1 && IsAsciiLetter(begin) ? 0.01 : 0;
    if (factor.min_digits >= kManyDigits) {
      const bool number = IsAsciiDigit(begin) && factor.start != Start::kAnywhere;
      one *= number ? 0.1 * kNumberShare : 0.1;
    } else if (factor.min_run <= factor.bytes.size()) {
      // The literal itself is the run.
    } else if (factor.min_run >= kLongRun) {
      one = std::max(one * 0.02, least);
    } else if (factor.min_run >= kShortRun && factor.run.count() <= kCapitals) {
      one = std::max(one * 0.1, least);
    }
    score += one;
  }
  return dense ? score + kDensePenalty : score;
}

// The score behind `bytes` bytes of the match: one that may begin far off costs more.
double ScoreBehind(size_t bytes, const FactorSet& set) noexcept {
  double score = set.score;
  if (bytes == 0) return score;
  for (const Factor& factor : set.any_of) {
    if (AddDistance(factor.max_before, bytes) != kAnywhereBefore) {
      score += 1e-7 * static_cast<double>(bytes);
    } else if (factor.max_before != kAnywhereBefore) {
      score += 1;
    }
  }
  return score;
}

void MoveBehind(size_t least, size_t most, FactorSet* set) {
  set->score = ScoreBehind(most, *set);
  for (Factor& factor : set->any_of) {
    factor.min_before += least;
    factor.max_before = AddDistance(factor.max_before, most);
  }
}

// The digits that a node begins with, in a row. False: something else may follow them.
bool AddLead(const RegexNode& node, int* digits) {
  ByteSet others;
  AddAlphabet(node, &others);
  for (size_t digit = '0'; digit <= '9'; ++digit) others.reset(digit);
  if (others.none()) {
    *digits += MinDigits(node);
    return true;
  }
  if (node.kind == Kind::kConcat) {
    for (const RegexNode& child : node.children) {
      if (!AddLead(child, digits)) return false;
    }
  } else if (node.kind == Kind::kAlternate) {
    int least = INT_MAX;
    for (const RegexNode& child : node.children) {
      int own = 0;
      AddLead(child, &own);
      least = std::min(least, own);
    }
    *digits += least;
  } else if (node.kind == Kind::kRepeat && node.min > 0) {
    AddLead(node.children[0], digits);
  }
  return false;
}

// The run that items[first...] begin with: to the last digit that must be there, or to the first
// letter behind enough of them, since numbers without letters are counted in the cheapest way; with
// few digits, as long as the alphabet stays narrow.
void AddRun(const Sequence& sequence, size_t first, Factor* factor) {
  const size_t size = sequence.items.size();
  size_t end = first;
  int digits = 0;
  for (size_t i = first; i < size; ++i) {
    digits += sequence.digits[i];
    if (sequence.digits[i] > 0) end = i + 1;
  }
  const bool number = digits >= kManyDigits;
  for (size_t i = first; number && i < size && AddLead(sequence.items[i], &factor->lead_digits);) {
    ++i;
  }
  ByteSet run;
  for (size_t i = first; i < size; ++i) {
    run |= sequence.alphabets[i];
    if (number ? i >= end : run.count() > kNarrow || run[' ']) return;
    if (factor->min_digits >= kManyDigits && HasLetterByte(run)) return;
    // What may be missing need not widen it; only digits that a rule asks for may be there.
    if (sequence.bytes[i] == 0 && !HasDigitByte(sequence.alphabets[i])) continue;
    factor->run = run;
    factor->min_run += sequence.bytes[i];
    factor->min_digits += sequence.digits[i];
  }
}

// The literals that items[first...] begin with, as seen from there.
std::optional<FactorSet> FactorsAt(const Sequence& sequence, size_t first, Edge edge,
                                   size_t max_strings = kMaxStrings) {
  const std::span<const RegexNode> items = sequence.items;
  FactorStrings strings(max_strings);
  for (size_t i = first; i < items.size() && strings.open(); ++i) strings.Append(items[i]);
  strings.JoinSiblings(max_strings == kMaxStrings);
  Factor base;
  AddRun(sequence, first, &base);
  if (base.min_digits > 0 || base.min_run >= kCapitalRun) {
    base.positions = std::make_shared<const Positions>(PositionsAt(items, first));
  }
  FactorSet set;
  const std::vector<FactorStrings::Item> found = std::move(strings).Take();
  set.any_of.reserve(found.size());
  for (const FactorStrings::Item& item : found) {
    if (item.size == 0 || item.blank) return std::nullopt;
    Factor& factor = set.any_of.emplace_back(base);
    const unsigned char begin = item.byte(0);
    if (IsFoldedWord(begin) && edge.word) {
      factor.start = Start::kWord;
    } else if (IsAsciiDigit(begin) && edge.digit) {
      factor.start = Start::kDigit;
    }
    factor.bytes = item.bytes();
    factor.before = edge.last;
    factor.word_ends = item.word_ends;
    factor.odd_blank = item.odd_blank;
  }
  set.score = Score(set);
  return set;
}

// Whether some stand where nearly any word or sign is, so that only what follows tells them apart.
bool HasWide(const std::vector<Factor>& any_of) noexcept {
  const auto is_short = [](const Factor& f) { return f.bytes.size() <= kWideBytes; };
  const auto is_sign = [&](const Factor& f) {
    return is_short(f) && IsWideSign(static_cast<unsigned char>(f.bytes[0]));
  };
  return std::any_of(any_of.begin(), any_of.end(), is_sign) ||
         std::count_if(any_of.begin(), any_of.end(), is_short) >= kWideBeginnings;
}

std::optional<FactorSet> BeginningsAt(const Sequence& sequence, size_t first, Edge edge) {
  std::optional<FactorSet> set = FactorsAt(sequence, first, edge, kMaxBeginnings);
  if (!set || !HasWide(set->any_of) || set->any_of.front().positions != nullptr) return set;
  const auto positions = std::make_shared<const Positions>(PositionsAt(sequence.items, first));
  for (Factor& factor : set->any_of) factor.positions = positions;
  return set;
}

std::optional<FactorSet> FactorsOf(const RegexNode& node, Edge edge) {
  return FactorsAt(Sequence({&node, 1}), 0, edge);
}

// A literal that begins here would begin inside a word or a number of the expression's own.
bool InsideWord(const RegexNode& node, Edge edge) {
  if (node.kind != Kind::kAtom || edge.word || !HasWordByte(node.first)) return false;
  return !edge.digit || !HasDigitByte(node.first);
}

void Better(std::optional<FactorSet>&& other, std::optional<FactorSet>* best) {
  if (other && (!*best || other->score < (*best)->score)) *best = std::move(other);
}

std::optional<FactorSet> Best(const RegexNode& node, Edge edge);

std::optional<FactorSet> BestOfSequence(const RegexNode& node, Edge edge) {
  const Sequence sequence(node.children);
  std::vector<std::optional<FactorSet>> sets(node.children.size());
  std::vector<size_t> longest(node.children.size());
  size_t before = 0, best = node.children.size();
  double best_score = 0;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const RegexNode& child = node.children[i];
    longest[i] = LongestMatch(child).value_or(kAnywhereBefore);
    const bool last = i + 1 == node.children.size();
    const bool here = (child.kind != Kind::kAssert || last) && !InsideWord(child, edge);
    if (i == 0 ? child.kind != Kind::kAssert || last : here) sets[i] = FactorsAt(sequence, i, edge);
    if (!Nullable(child)) Better(Best(child, edge), &sets[i]);
    if (sets[i]) {
      const double score = ScoreBehind(before, *sets[i]);
      if (best == node.children.size() || score < best_score) {
        best = i;
        best_score = score;
      }
      if (best_score < kRare) break;
    }
    edge = EdgeAfter(child, edge);
    before = AddDistance(before, longest[i]);
  }
  if (best == node.children.size()) return std::nullopt;
  FactorSet set = *sets[best];
  if (best_score >= kRare) Neighbours(sequence, std::move(sets), longest).AddTo(best, &set);
  MoveBehind(Distance(sequence.bytes, 0, best), Distance(longest, 0, best), &set);
  return set;
}

std::optional<FactorSet> Best(const RegexNode& node, Edge edge) {
  switch (node.kind) {
    case Kind::kAssert:
    case Kind::kAtom:
      return std::nullopt;  // part of its sequence
    case Kind::kConcat:
      return BestOfSequence(node, edge);
    case Kind::kAlternate: {
      FactorSet all;
      for (const RegexNode& child : node.children) {
        std::optional<FactorSet> one =
            child.kind == Kind::kAtom ? FactorsOf(child, edge) : Best(child, edge);
        if (!one) return std::nullopt;
        all.score += one->score;
        all.any_of.insert(all.any_of.end(), std::make_move_iterator(one->any_of.begin()),
                          std::make_move_iterator(one->any_of.end()));
      }
      return all;
    }
    case Kind::kRepeat:
      // Of the first round, which is there; what is before later ones would not be known.
      return node.min > 0 ? Best(node.children[0], edge) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Factor FactorGroup::FactorOf(const Text& text) const {
  Factor factor = base;
  for (size_t i = 0; i < text.size(); ++i) {
    factor.bytes += static_cast<char>(text.key >> (56 - 8 * i));
  }
  factor.start = text.start;
  factor.word_ends = text.word_ends;
  factor.odd_blank = text.odd_blank;
  return factor;
}

std::vector<FactorGroup> GroupsOf(const std::vector<Factor>& factors) {
  std::vector<FactorGroup> groups;
  for (const Factor& factor : factors) {
    if (groups.empty() || !SharesBase(groups.back().base, factor)) {
      Factor& base = groups.emplace_back().base;
      base = factor;
      base.bytes.clear();
      base.start = Start::kAnywhere;
      base.word_ends = base.odd_blank = false;
    }
    groups.back().texts.push_back(
        {KeyOfBytes(factor.bytes), factor.start, factor.word_ends, factor.odd_blank});
  }
  return groups;
}

LongRun LongRunOf(const Factor& factor) noexcept {
  const auto begin = static_cast<unsigned char>(factor.bytes[0]);
  const bool alone = factor.bytes.size() == 1 && begin < 0x80 && !factor.word_ends &&
                     !factor.odd_blank && !factor.run[' '] && (factor.run >> 0x80).none() &&
                     (IsAsciiWord(begin) ? factor.start == Start::kWord : AlwaysStarts(begin));
  if (!alone || factor.min_run < kCapitalRun) return LongRun::kNone;
  if (!HasSmallLetter(factor.run)) return LongRun::kCapitals;
  return factor.min_run >= kTokenRun ? LongRun::kTokens : LongRun::kNone;
}

std::optional<FactorSet> RequiredFactors(const RegexNode& tree) {
  const bool sequence = tree.kind == Kind::kConcat || tree.kind == Kind::kAlternate;
  std::optional<FactorSet> best = Best(tree, Edge{});
  if (!sequence) Better(FactorsOf(tree, Edge{}), &best);
  if (!best || best->any_of.empty() || best->score > kTooFrequent) return std::nullopt;
  return best;
}

std::optional<std::vector<Factor>> Beginnings(const RegexNode& tree) {
  if (tree.kind == Kind::kConcat && tree.children.size() == 1) return Beginnings(tree.children[0]);
  if (tree.kind == Kind::kAlternate) {
    std::vector<Factor> all;
    for (const RegexNode& child : tree.children) {
      std::optional<std::vector<Factor>> one = Beginnings(child);
      if (!one || all.size() + one->size() > kMaxAllBeginnings) return std::nullopt;
      all.insert(all.end(), std::make_move_iterator(one->begin()),
                 std::make_move_iterator(one->end()));
    }
    return all;
  }
  const bool sequence = tree.kind == Kind::kConcat && !tree.children.empty();
  const Sequence items(sequence ? std::span<const RegexNode>(tree.children)
                                : std::span<const RegexNode>(&tree, 1));
  const bool asserts = items.items[0].kind == Kind::kAssert;
  std::optional<FactorSet> set =
      BeginningsAt(items, asserts ? 1 : 0, asserts ? EdgeAfter(items.items[0], Edge{}) : Edge{});
  if (!set) return std::nullopt;
  return std::move(set->any_of);
}

}  // namespace kt::detect
