#include "core/detect/prefilter_factors.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>

namespace kt::detect {
namespace {

using Kind = RegexNode::Kind;
using Start = Factor::Start;

constexpr size_t kMaxStrings = 160;
constexpr size_t kMaxBranches = 4 * kMaxStrings;  // before equal ones are united
// Literals inside words make the search look at every byte.
constexpr double kDensePenalty = 1;
constexpr double kTooFrequent = 2;
constexpr double kGoodEnough = 0.003;
constexpr int kManyDigits = 5;
constexpr size_t kMaxLeads = 16;
constexpr size_t kNarrow = 80;  // bytes of an alphabet whose long runs are rare
constexpr size_t kLongRun = 12;
constexpr size_t kShortRun = 4;
constexpr size_t kCapitals = 40;

// The most frequent words of English prose: alone they tell nothing.
constexpr std::string_view kFrequent =
    " the be to of and in that have it for not on with he as you do at this but his by from they "
    "we "
    "say her she or an will my one all would there their what so up out if about who get which go "
    "me when make can like time no just him know take people into year your good some could them "
    "see other than then now look only come its over think also back after use two how our work "
    "first well way even new want because any these give day most us is are was were has had been "
    "more very may such each did does must should here where why please help write text user list "
    "name number following example answer question response provide using based ";

constexpr double kFrequentWord = 0.12;

double Frequency(const std::string& s, bool word_ends) {
  double score = 1;
  for (const char c : s) {
    const auto u = static_cast<unsigned char>(c);
    score *= IsAsciiLetter(u) ? 0.13 : (IsAsciiDigit(u) ? 0.1 : (u < 0x80 ? 0.05 : 0.01));
  }
  if (word_ends) score *= 0.3;
  if (score >= kFrequentWord || s.size() > 6) return score;
  const bool known = kFrequent.find(" " + s + (word_ends ? " " : "")) != std::string_view::npos;
  return known ? kFrequentWord : score;
}

size_t Add(size_t a, size_t b) noexcept {
  return a == kAnywhereBefore || b == kAnywhereBefore ? kAnywhereBefore : a + b;
}

template <typename Is>
ByteSet SetOf(Is is) {
  ByteSet set;
  for (unsigned b = 0; b < 256; ++b) set[b] = is(b);
  return set;
}
const ByteSet kWordBytes = SetOf(IsAsciiWord), kDigitBytes = SetOf(IsAsciiDigit);

bool HasWord(const ByteSet& set) noexcept {
  return (set & kWordBytes).any();
}
bool HasDigit(const ByteSet& set) noexcept {
  return (set & kDigitBytes).any();
}

// What is known about the byte before a place: it is no word byte, it is no digit.
struct Edge {
  bool word = false, digit = false;
};
Edge And(Edge a, Edge b) noexcept {
  return {a.word && b.word, a.digit && b.digit};
}

bool Nullable(const RegexNode& node) {
  const auto nullable = [](const RegexNode& child) { return Nullable(child); };
  switch (node.kind) {
    case Kind::kAssert:
      return true;
    case Kind::kAtom:
      return false;
    case Kind::kConcat:
      return std::all_of(node.children.begin(), node.children.end(), nullable);
    case Kind::kAlternate:
      return std::any_of(node.children.begin(), node.children.end(), nullable);
    case Kind::kRepeat:
      return node.min == 0 || Nullable(node.children[0]);
  }
  return true;
}

// All bytes that matches may hold.
void AddAlphabet(const RegexNode& node, ByteSet* set) {
  if (node.kind == Kind::kAtom) {
    *set |= node.first;
    if ((node.first >> 0x80).any()) {
      for (unsigned b = 0x80; b < 0xC0; ++b) set->set(b);
    }
  }
  for (const RegexNode& child : node.children) AddAlphabet(child, set);
}

size_t MinBytes(const RegexNode& node) {
  constexpr size_t kEnough = 4096;
  size_t sum = 0;
  switch (node.kind) {
    case Kind::kAssert:
      return 0;
    case Kind::kAtom:
      return 1;
    case Kind::kConcat:
      for (const RegexNode& child : node.children) sum += MinBytes(child);
      return std::min(sum, kEnough);
    case Kind::kAlternate:
      sum = kEnough;
      for (const RegexNode& child : node.children) sum = std::min(sum, MinBytes(child));
      return sum;
    case Kind::kRepeat:
      return std::min(static_cast<size_t>(node.min) * MinBytes(node.children[0]), kEnough);
  }
  return 0;
}

int MinDigits(const RegexNode& node) {
  constexpr int kEnough = 64;
  switch (node.kind) {
    case Kind::kAssert:
      return 0;
    case Kind::kAtom:
      return (node.first & ~kDigitBytes).none() ? 1 : 0;
    case Kind::kConcat: {
      int sum = 0;
      for (const RegexNode& child : node.children) sum += MinDigits(child);
      return std::min(sum, kEnough);
    }
    case Kind::kAlternate: {
      int least = kEnough;
      for (const RegexNode& child : node.children) least = std::min(least, MinDigits(child));
      return least;
    }
    case Kind::kRepeat:
      return std::min(node.min * MinDigits(node.children[0]), kEnough);
  }
  return 0;
}

Edge EdgeAfter(const RegexNode& node, Edge before) {
  switch (node.kind) {
    case Kind::kAssert:
      // At \b, what follows decides; a literal that begins with a word byte has none before it.
      if (node.text == "\\b" || node.text == "^" || node.text == "\\A") return {true, true};
      if (node.text == "(?m:^)") return {true, true};
      return before;
    case Kind::kAtom:
      return {!HasWord(node.first), !HasDigit(node.first)};
    case Kind::kConcat:
      for (const RegexNode& child : node.children) before = EdgeAfter(child, before);
      return before;
    case Kind::kAlternate: {
      Edge all{true, true};
      for (const RegexNode& child : node.children) all = And(all, EdgeAfter(child, before));
      return all;
    }
    case Kind::kRepeat: {
      // Of later rounds the begin is another one: the edge behind the child, if it may be empty.
      Edge after = EdgeAfter(node.children[0], Edge{});
      if (node.min == 1 && node.max == 1) after = EdgeAfter(node.children[0], before);
      return node.min == 0 ? And(before, after) : after;
    }
  }
  return {};
}

// The strings that a sequence may begin with, as far as they are few.
class Strings {
 public:
  struct Item {
    std::string bytes;
    bool open = true, word_ends = false;
    bool blank = false;  // may begin with white space or a control character: nowhere in particular
  };
  Strings() : items_(1) {}

  void Append(const RegexNode& node);
  bool open() const {
    return std::any_of(items_.begin(), items_.end(), [](const Item& item) { return item.open; });
  }
  std::vector<Item> Take() && {
    for (Item& item : items_) item.open = false;
    Unite();
    return std::move(items_);
  }

 private:
  void Close() {
    for (Item& item : items_) item.open = false;
  }
  void Unite() {
    std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
      return std::tie(a.bytes, a.open, a.word_ends) < std::tie(b.bytes, b.open, b.word_ends);
    });
    const auto equal = [](const Item& a, const Item& b) {
      return a.bytes == b.bytes && a.open == b.open && a.word_ends == b.word_ends;
    };
    items_.erase(std::unique(items_.begin(), items_.end(), equal), items_.end());
  }
  void AppendAtom(const RegexNode& node);
  void AppendRepeat(const RegexNode& node);

  std::vector<Item> items_;
};

void Strings::AppendAtom(const RegexNode& node) {
  const bool begun = std::none_of(items_.begin(), items_.end(),
                                  [](const Item& item) { return item.bytes.empty(); });
  std::vector<std::string> choices = node.choices;
  const bool ascii = !(node.first >> 0x80).any(), foreign = !(node.first << 0x80).any();
  // Of code points that are not ASCII the first byte has to do.
  const bool ends = choices.empty() && foreign;
  if (choices.empty() && (ascii || foreign)) {
    ByteSet folded;
    for (unsigned b = 0; b < 0x100; ++b) {
      if (node.first[b]) folded.set(b | 0x20);
    }
    for (unsigned b = 0; b < 0x100 && (ascii || folded.count() <= kMaxLeads); ++b) {
      if (folded[b]) choices.emplace_back(1, static_cast<char>(b));
    }
  }
  size_t opened = 0;
  for (const Item& item : items_) opened += item.open ? 1 : 0;
  const bool blank = begun && ascii && choices.size() > 1 && !HasWord(node.first);
  if (choices.empty() || blank || items_.size() + opened * (choices.size() - 1) > kMaxStrings) {
    const bool no_word = !HasWord(node.first);
    for (Item& item : items_) item.word_ends |= item.open && no_word;
    return Close();
  }
  std::vector<Item> out;
  for (Item& item : items_) {
    if (!item.open) {
      out.push_back(std::move(item));
      continue;
    }
    for (const std::string& choice : choices) {
      Item next = item;
      next.blank |= item.bytes.empty() && (node.first << (255 - ' ')).any();
      for (const char c : choice) next.bytes += FoldByte(c);
      next.open = !ends && next.bytes.size() < kFactorBytes;
      next.bytes.resize(std::min(next.bytes.size(), kFactorBytes));
      out.push_back(std::move(next));
    }
  }
  items_ = std::move(out);
}

void Strings::AppendRepeat(const RegexNode& node) {
  for (int i = 0; i < node.min && open(); ++i) Append(node.children[0]);
  if (node.max == node.min || !open()) return;
  Strings more = *this;
  more.Append(node.children[0]);
  if (node.max != 1) more.Close();
  if (items_.size() + more.items_.size() > kMaxStrings) return Close();
  for (Item& item : more.items_) items_.push_back(std::move(item));
  Unite();
}

void Strings::Append(const RegexNode& node) {
  if (!open()) return;
  switch (node.kind) {
    case Kind::kAssert:
      for (Item& item : items_) {
        const bool word =
            !item.bytes.empty() && IsAsciiWord(static_cast<unsigned char>(item.bytes.back()));
        if (!item.open || node.text != "\\b" || !word) continue;
        item.word_ends = true;
        item.open = false;
      }
      return;
    case Kind::kAtom:
      return AppendAtom(node);
    case Kind::kConcat:
      for (const RegexNode& child : node.children) Append(child);
      return;
    case Kind::kAlternate: {
      const Strings before = *this;
      std::vector<Item> all;
      for (const RegexNode& child : node.children) {
        Strings branch = before;
        branch.Append(child);
        for (Item& item : branch.items_) all.push_back(std::move(item));
        if (all.size() > kMaxBranches) break;
      }
      const bool complete = all.size() <= kMaxBranches;
      items_ = std::move(all);
      Unite();
      if (complete && items_.size() <= kMaxStrings) return;
      *this = before;
      return Close();
    }
    case Kind::kRepeat:
      return AppendRepeat(node);
  }
}

// What stands around a node: the edge and the bytes before it.
struct Place {
  Edge edge;
  size_t max_before = 0;
};

double Score(const FactorSet& set) {
  double score = 0;
  bool dense = false;
  for (const Factor& factor : set.any_of) {
    const auto begin = static_cast<unsigned char>(factor.bytes[0]);
    double one = Frequency(factor.bytes, factor.word_ends);
    dense |= factor.start == Start::kAnywhere && IsFoldedWord(begin);
    // Of a single letter every other word begins with one.
    const double least = factor.bytes.size() == 1 && IsAsciiLetter(begin) ? 0.1 : 0;
    if (factor.min_digits >= kManyDigits) {
      one *= 0.1;
    } else if (factor.min_run >= kLongRun) {
      one = std::max(one * 0.02, least);
    } else if (factor.min_run >= kShortRun && factor.run.count() <= kCapitals) {
      one = std::max(one * 0.1, least);
    }
    score +=
        one +
        (factor.max_before == kAnywhereBefore ? 1 : 1e-6 * static_cast<double>(factor.max_before));
  }
  return dense ? 6 * score + kDensePenalty : score;
}

// The items of a sequence, and what is asked of each again and again.
struct Sequence {
  explicit Sequence(const std::vector<RegexNode>& nodes) : items(nodes) {
    for (const RegexNode& node : nodes) {
      digits.push_back(MinDigits(node));
      bytes.push_back(MinBytes(node));
      AddAlphabet(node, &alphabets.emplace_back());
    }
  }
  const std::vector<RegexNode>& items;
  std::vector<int> digits;
  std::vector<size_t> bytes;
  std::vector<ByteSet> alphabets;
};

// The run that items[first...] begin with: to the last digit that must be there; with few digits,
// as long as the alphabet stays narrow.
void AddRun(const Sequence& sequence, size_t first, Factor* factor) {
  const size_t size = sequence.items.size();
  size_t end = first;
  int digits = 0;
  for (size_t i = first; i < size; ++i) {
    digits += sequence.digits[i];
    if (sequence.digits[i] > 0) end = i + 1;
  }
  const bool number = digits >= kManyDigits;
  ByteSet run;
  for (size_t i = first; i < size; ++i) {
    run |= sequence.alphabets[i];
    if (number ? i >= end : run.count() > kNarrow || run[' ']) return;
    factor->run = run;
    factor->min_run += sequence.bytes[i];
    factor->min_digits += sequence.digits[i];
  }
}

// The literals that items[first...] begin with.
std::optional<FactorSet> FactorsAt(const Sequence& sequence, size_t first, Place place) {
  const std::vector<RegexNode>& items = sequence.items;
  Strings strings;
  for (size_t i = first; i < items.size() && strings.open(); ++i) strings.Append(items[i]);
  Factor base;
  base.max_before = place.max_before;
  AddRun(sequence, first, &base);
  FactorSet set;
  for (Strings::Item& item : std::move(strings).Take()) {
    if (item.bytes.empty() || item.blank) return std::nullopt;
    Factor factor = base;
    const auto begin = static_cast<unsigned char>(item.bytes[0]);
    if (IsFoldedWord(begin) && place.edge.word) {
      factor.start = Start::kWord;
    } else if (IsAsciiDigit(begin) && place.edge.digit) {
      factor.start = Start::kDigit;
    }
    factor.bytes = std::move(item.bytes);
    factor.word_ends = item.word_ends;
    set.any_of.push_back(std::move(factor));
  }
  set.score = Score(set);
  return set;
}

std::optional<FactorSet> FactorsOf(const RegexNode& node, Place place) {
  const std::vector<RegexNode> alone = {node};
  return FactorsAt(Sequence(alone), 0, place);
}

// A literal that begins here would begin inside a word or a number of the expression's own.
bool InsideWord(const RegexNode& node, Edge edge) {
  if (node.kind != Kind::kAtom || edge.word || !HasWord(node.first)) return false;
  return !edge.digit || !HasDigit(node.first);
}

void Better(std::optional<FactorSet>&& other, std::optional<FactorSet>* best) {
  if (other && (!*best || other->score < (*best)->score)) *best = std::move(other);
}

std::optional<FactorSet> Best(const RegexNode& node, Place place) {
  std::optional<FactorSet> best;
  switch (node.kind) {
    case Kind::kAssert:
    case Kind::kAtom:
      return std::nullopt;  // part of its sequence
    case Kind::kConcat: {
      const Sequence sequence(node.children);
      for (size_t i = 0; i < node.children.size(); ++i) {
        if (best && best->score < kGoodEnough) break;
        const RegexNode& child = node.children[i];
        if (i == 0 || !InsideWord(child, place.edge)) Better(FactorsAt(sequence, i, place), &best);
        if (!Nullable(child)) Better(Best(child, place), &best);
        place.edge = EdgeAfter(child, place.edge);
        place.max_before = Add(place.max_before, LongestMatch(child).value_or(kAnywhereBefore));
      }
      return best;
    }
    case Kind::kAlternate: {
      FactorSet all;
      for (const RegexNode& child : node.children) {
        std::optional<FactorSet> one =
            child.kind == Kind::kAtom ? FactorsOf(child, place) : Best(child, place);
        if (!one) return std::nullopt;
        all.score += one->score;
        all.any_of.insert(all.any_of.end(), std::make_move_iterator(one->any_of.begin()),
                          std::make_move_iterator(one->any_of.end()));
      }
      return all;
    }
    case Kind::kRepeat:
      // Of the first round, which is there; what is before later ones would not be known.
      return node.min > 0 ? Best(node.children[0], place) : std::nullopt;
  }
  return best;
}

}  // namespace

std::optional<size_t> LongestMatch(const RegexNode& node) {
  constexpr size_t kEnough = size_t{1} << 32;  // products stay far from overflow
  size_t sum = 0;
  switch (node.kind) {
    case Kind::kAssert:
      return 0;
    case Kind::kAtom:
      return node.max_bytes;
    case Kind::kConcat:
    case Kind::kAlternate:
      for (const RegexNode& child : node.children) {
        const std::optional<size_t> one = LongestMatch(child);
        if (!one) return std::nullopt;
        sum = node.kind == Kind::kConcat ? sum + *one : std::max(sum, *one);
      }
      return sum;
    case Kind::kRepeat: {
      const std::optional<size_t> one = LongestMatch(node.children[0]);
      if (one == 0u) return 0;
      if (!one || node.max == RegexNode::kNoMax || *one > kEnough) return std::nullopt;
      return *one * static_cast<size_t>(node.max);
    }
  }
  return std::nullopt;
}

std::optional<FactorSet> RequiredFactors(const RegexNode& tree) {
  const bool sequence = tree.kind == Kind::kConcat || tree.kind == Kind::kAlternate;
  std::optional<FactorSet> best = Best(tree, Place{});
  if (!sequence) Better(FactorsOf(tree, Place{}), &best);
  if (!best || best->any_of.empty() || best->score > kTooFrequent) return std::nullopt;
  return best;
}

std::optional<std::vector<Factor>> Beginnings(const RegexNode& tree) {
  std::optional<FactorSet> set;
  if (tree.kind == Kind::kConcat && !tree.children.empty() &&
      tree.children[0].kind == Kind::kAssert) {
    set = FactorsAt(Sequence(tree.children), 1, {EdgeAfter(tree.children[0], Edge{}), 0});
  } else {
    set = FactorsOf(tree, Place{});
  }
  if (!set) return std::nullopt;
  return std::move(set->any_of);
}

}  // namespace kt::detect
