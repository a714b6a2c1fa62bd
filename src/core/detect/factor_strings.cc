#include "core/detect/factor_strings.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "core/detect/factor_score.h"
#include "core/detect/regex_shape.h"

namespace kt::detect {
namespace {

using Kind = RegexNode::Kind;
using Item = FactorStrings::Item;

constexpr size_t kMaxLeads = 16;
constexpr size_t kLeastShare = 40;  // strings: a letter or a digit, folded
// What JoinSiblings takes for nearly any byte, and for rare by itself.
constexpr size_t kDigits = 9, kManySiblings = 15, kRarePrefix = 3;
constexpr double kRareShare = 0.0003;

bool IsBlankAtom(const RegexNode& node) noexcept {
  return node.kind == Kind::kAtom && IsBlankClass(node.first) && node.first.count() > 1;
}

void Extend(Item* item, std::string_view choice) noexcept {
  for (const char c : choice.substr(0, kFactorBytes - item->size)) {
    item->bytes[item->size++] = FoldByte(c);
  }
  item->open = item->size < kFactorBytes;
}

// What an atom may begin with, folded, where that is little. `cut`: only the first byte of each.
std::vector<std::string> ChoicesOf(const RegexNode& node, bool* cut) {
  *cut = false;
  if (!node.choices.empty()) return node.choices;
  const bool ascii = !(node.first >> 0x80).any(), foreign = !(node.first << 0x80).any();
  // Of code points that are not ASCII the first byte has to do.
  *cut = foreign;
  std::vector<std::string> choices;
  if (!ascii && !foreign) return choices;
  ByteSet folded;
  for (unsigned b = 0; b < 0x100; ++b) {
    if (node.first[b]) folded.set(b | 0x20);
  }
  if (!ascii && folded.count() > kMaxLeads) return choices;
  for (unsigned b = 0; b < 0x100; ++b) {
    if (folded[b]) choices.emplace_back(1, static_cast<char>(b));
  }
  return choices;
}

}  // namespace

bool FactorStrings::open() const noexcept {
  return std::any_of(items_.begin(), items_.end(), [](const Item& item) { return item.open; });
}

std::vector<Item> FactorStrings::Take() && {
  Close();
  Unite();
  return std::move(items_);
}

void FactorStrings::Close() noexcept {
  for (Item& item : items_) item.open = false;
}

void FactorStrings::Unite() {
  const auto bytes = [](const Item& item) {
    uint64_t value;
    std::memcpy(&value, item.bytes, sizeof value);
    return __builtin_bswap64(value);
  };
  const auto rest = [](const Item& item) {
    return item.size << 4 | item.open << 3 | item.word_ends << 2 | item.odd_blank << 1 | item.blank;
  };
  std::sort(items_.begin(), items_.end(), [&](const Item& a, const Item& b) {
    const uint64_t first = bytes(a), second = bytes(b);
    return first != second ? first < second : rest(a) < rest(b);
  });
  const auto end = std::unique(items_.begin(), items_.end(), [&](const Item& a, const Item& b) {
    return bytes(a) == bytes(b) && rest(a) == rest(b);
  });
  items_.erase(end, items_.end());
}

// Nearly every blank of a text is a single space: the string goes on behind that; all others are
// one string more. False: some string would begin with the blank, or there are too many.
bool FactorStrings::AppendBlank() {
  size_t opened = 0;
  for (const Item& item : items_) {
    if (!item.open) continue;
    if (item.size == 0) return false;
    ++opened;
  }
  if (items_.size() + opened > max_) return false;
  for (size_t i = 0, size = items_.size(); i < size; ++i) {
    if (!items_[i].open) continue;
    Item odd = items_[i];
    odd.open = false;
    odd.odd_blank = odd.word_ends = true;
    Extend(&items_[i], " ");
    items_.push_back(odd);
  }
  return true;
}

void FactorStrings::AppendAtom(const RegexNode& node) {
  if (IsBlankAtom(node) && AppendBlank()) return;
  const bool begun =
      std::none_of(items_.begin(), items_.end(), [](const Item& item) { return item.size == 0; });
  bool cut = false;
  const std::vector<std::string> choices = ChoicesOf(node, &cut);
  size_t opened = 0;
  for (const Item& item : items_) opened += item.open ? 1 : 0;
  const bool has_blank = (node.first << (255 - ' ')).any();
  const bool no_word = !HasWordByte(node.first);
  const bool blanks = begun && has_blank && choices.size() > 1 && no_word;
  if (choices.empty() || blanks || items_.size() + opened * (choices.size() - 1) > max_) {
    for (Item& item : items_) item.word_ends |= item.open && no_word;
    return Close();
  }
  std::vector<Item> out;
  out.reserve(items_.size() + opened * (choices.size() - 1));
  for (const Item& item : items_) {
    if (!item.open) {
      out.push_back(item);
      continue;
    }
    for (const std::string& choice : choices) {
      Item& next = out.emplace_back(item);
      next.blank |= item.size == 0 && has_blank;
      Extend(&next, choice);
      next.open &= !cut;
    }
  }
  items_ = std::move(out);
}

void FactorStrings::AppendRepeat(const RegexNode& node) {
  const RegexNode& child = node.children[0];
  // A run of blanks is a blank: the string of a single space goes on behind all of them.
  if (IsBlankAtom(child) && node.max != 0) {
    FactorStrings more = *this;
    if (more.AppendBlank()) {
      if (node.min == 0) more.items_.insert(more.items_.end(), items_.begin(), items_.end());
      if (more.items_.size() > max_) return Close();
      items_ = std::move(more.items_);
      return Unite();
    }
  }
  for (int i = 0; i < node.min && open(); ++i) Append(child);
  if (node.max == node.min || !open()) return;
  FactorStrings more = *this;
  more.Append(child);
  if (node.max != 1) more.Close();
  if (items_.size() + more.items_.size() > max_) return Close();
  items_.insert(items_.end(), more.items_.begin(), more.items_.end());
  Unite();
}

void FactorStrings::JoinSiblings(bool digits) {
  const auto is_digit = [](char c) { return IsAsciiDigit(static_cast<unsigned char>(c)); };
  const auto joins = [&](const Item& prefix, size_t first, size_t siblings) {
    if (prefix.size == 1) {
      return digits && siblings >= kDigits && is_digit(prefix.bytes[0]) &&
             is_digit(items_[first].bytes[1]) && is_digit(items_[first + siblings - 1].bytes[1]);
    }
    return siblings >= kManySiblings && prefix.size >= kRarePrefix &&
           LiteralFrequency(prefix.view(), false, false) < kRareShare;
  };
  for (bool joined = true; joined;) {
    joined = false;
    Unite();
    std::vector<Item> kept;
    for (size_t i = 0; i < items_.size();) {
      Item prefix = items_[i];
      size_t end = i;
      if (prefix.size > 1 && !prefix.word_ends && !prefix.odd_blank) {
        prefix.bytes[--prefix.size] = 0;
        prefix.open = false;
        while (end < items_.size() && items_[end].size == prefix.size + 1 &&
               items_[end].view().starts_with(prefix.view()) && !items_[end].word_ends &&
               !items_[end].odd_blank) {
          ++end;
        }
      }
      if (joins(prefix, i, end - i)) {
        kept.push_back(prefix);
        joined = true;
        i = end;
      } else {
        kept.push_back(items_[i++]);
      }
    }
    items_ = std::move(kept);
  }
}

bool FactorStrings::AppendBranches(const RegexNode& node, size_t max_of_branch) {
  std::vector<Item> all;
  for (const RegexNode& child : node.children) {
    FactorStrings branch(max_of_branch);
    branch.items_ = items_;
    branch.Append(child);
    all.insert(all.end(), branch.items_.begin(), branch.items_.end());
    if (all.size() > 4 * max_) return false;  // before equal ones are united
  }
  std::swap(items_, all);
  Unite();
  if (items_.size() <= max_) return true;
  items_ = std::move(all);
  return false;
}

// Where one branch has too many strings, each has its share.
void FactorStrings::AppendAlternatives(const RegexNode& node) {
  const size_t share = std::max(kLeastShare * items_.size(), max_ / node.children.size());
  if (!AppendBranches(node, max_) && !AppendBranches(node, share)) Close();
}

void FactorStrings::Append(const RegexNode& node) {
  if (!open()) return;
  switch (node.kind) {
    case Kind::kAssert:
      for (Item& item : items_) {
        const bool word =
            item.size > 0 && IsAsciiWord(static_cast<unsigned char>(item.bytes[item.size - 1]));
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
    case Kind::kAlternate:
      return AppendAlternatives(node);
    case Kind::kRepeat:
      return AppendRepeat(node);
  }
}

}  // namespace kt::detect
