#include "core/detect/factor_positions.h"

#include <algorithm>
#include <cstdint>

#include "core/detect/regex_shape.h"

namespace kt::detect {
namespace {

using Kind = RegexNode::Kind;
constexpr size_t kLongestOpening = 255;  // what is longer is left to the expression

// Lays expressions one behind the other, in all their lengths at once: bit i of a set of places is
// the place i bytes from the first one.
class Layout {
 public:
  Layout(std::span<ByteSet> sets, bool backwards) : sets_(sets), backwards_(backwards) {}
  // Where it may end that begins at these places.
  uint32_t Lay(const RegexNode& node, uint32_t starts) {
    if (starts == 0) return 0;
    switch (node.kind) {
      case Kind::kAssert:
        return IsEdgeOfText(node) ? 0 : starts;
      case Kind::kAtom:
        return LayAtom(node, starts);
      case Kind::kConcat:
        for (size_t i = 0; i < node.children.size(); ++i) {
          starts = Lay(node.children[backwards_ ? node.children.size() - 1 - i : i], starts);
        }
        return starts;
      case Kind::kAlternate: {
        uint32_t ends = 0;
        for (const RegexNode& child : node.children) ends |= Lay(child, starts);
        return ends;
      }
      case Kind::kRepeat:
        return LayRepeat(node, starts);
    }
    return starts;
  }
  // Behind these places may stand anything.
  void End(uint32_t ends) {
    if (ends == 0) return;
    for (auto i = static_cast<size_t>(__builtin_ctz(ends)); i < sets_.size(); ++i) sets_[i].set();
  }

 private:
  // Behind it stands nothing at all.
  bool IsEdgeOfText(const RegexNode& node) const {
    return backwards_ ? node.text == "^" || node.text == "\\A"
                      : node.text == "$" || node.text == "\\z";
  }
  // A code point of several bytes may hold them in any order.
  uint32_t LayAtom(const RegexNode& node, uint32_t starts) {
    ByteSet bytes = node.first;
    const bool foreign = (bytes >> 0x80).any();
    for (unsigned byte = 0x80; foreign && byte < 0xC0; ++byte) bytes.set(byte);
    const size_t most = foreign ? std::max<size_t>(node.max_bytes, 1) : 1;
    uint32_t ends = 0;
    for (; starts != 0; starts &= starts - 1) {
      const auto start = static_cast<size_t>(__builtin_ctz(starts));
      for (size_t i = start; i < std::min(start + most, sets_.size()); ++i) {
        sets_[i] |= bytes;
        if (i + 1 < sets_.size()) ends |= uint32_t{1} << (i + 1);
      }
    }
    return ends;
  }
  uint32_t LayRepeat(const RegexNode& node, uint32_t starts) {
    const size_t least = static_cast<size_t>(std::max(node.min, 0));
    const size_t most = node.max == RegexNode::kNoMax ? SIZE_MAX : static_cast<size_t>(node.max);
    uint32_t ends = least == 0 ? starts : 0;
    // Each round but an empty one takes a byte at least.
    const size_t rounds = std::min(most, sets_.size() + 1);
    for (size_t round = 1; round <= rounds && starts != 0; ++round) {
      starts = Lay(node.children[0], starts);
      if (round >= least || round == rounds) ends |= starts;
    }
    return ends;
  }

  const std::span<ByteSet> sets_;
  const bool backwards_;
};

// The byte that an atom is, or each of a repeat of one; null: something else.
const RegexNode* RunAtom(const RegexNode& node) {
  const RegexNode& atom = node.kind == Kind::kRepeat ? node.children[0] : node;
  return atom.kind == Kind::kAtom && (atom.first >> 0x80).none() ? &atom : nullptr;
}

void LayAhead(std::span<const RegexNode> items, size_t first, std::span<ByteSet> sets) {
  Layout ahead(sets, false);
  uint32_t places = 1;
  for (size_t i = first; i < items.size(); ++i) places = ahead.Lay(items[i], places);
  ahead.End(places);
}

// Whether nothing but a word's beginning is asked for before items[first].
bool BeginsWord(std::span<const RegexNode> items, size_t first) {
  const RegexNode* atom = RunAtom(items[first]);
  const bool word = first == 1 && items[0].kind == Kind::kAssert && items[0].text == "\\b";
  return first == 0 || (word && atom != nullptr && IsWordAlphabet(atom->first));
}

Opening OpeningAt(std::span<const RegexNode> items, size_t first) {
  Opening opening;
  if (first < items.size() && BeginsWord(items, first)) opening.each.set();
  size_t end = first;
  for (; end < items.size(); ++end) {
    const RegexNode& item = items[end];
    const RegexNode* atom = RunAtom(item);
    if (atom == nullptr || (opening.run.any() && (opening.run & atom->first).none())) break;
    if (item.kind == Kind::kRepeat && item.max == RegexNode::kNoMax) return {};
    opening.run |= atom->first;
    opening.each &= atom->first;
    opening.most += item.kind == Kind::kRepeat ? static_cast<size_t>(item.max) : 1;
  }
  LayAhead(items, end, {&opening.next, 1});
  const bool known = end < items.size() && opening.most > 0 && opening.most <= kLongestOpening;
  return known && (opening.next & opening.run).none() ? opening : Opening{};
}

}  // namespace

Positions PositionsAt(std::span<const RegexNode> items, size_t first) {
  Positions positions;
  positions.opening = OpeningAt(items, first);
  LayAhead(items, first, positions.ahead);
  Layout behind(positions.behind, true);
  uint32_t places = 1;
  for (size_t i = first; i-- > 0;) places = behind.Lay(items[i], places);
  behind.End(places);
  return positions;
}

}  // namespace kt::detect
