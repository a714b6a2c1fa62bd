#include "core/detect/factor_strings.h"

#include <algorithm>
#include <array>
#include <iterator>
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

void Push(unsigned char byte, Item* item) noexcept {
  if (item->size == kFactorBytes) return;
  item->key |= uint64_t{byte | 0x20u} << (56 - 8 * item->size++);
  item->open = item->size < kFactorBytes;
}

// What an atom may begin with, where that is little. There is one for each atom that is appended:
// what is not used of it is not initialised.
struct Choices {
  struct Bytes {
    const char* data;
    size_t size;
    const char* begin() const noexcept { return data; }
    const char* end() const noexcept { return data + size; }
  };
  bool cut = false;  // only the first byte of each
  size_t size = 0;
  std::array<Bytes, 256> all;
};

// The bytes that others point into.
constexpr std::array<char, 256> kBytes = [] {
  std::array<char, 256> bytes{};
  for (unsigned b = 0; b < 256; ++b) bytes[b] = static_cast<char>(b);
  return bytes;
}();

void ChoicesOf(const RegexNode& node, Choices* out) {
  const std::string_view known = node.choices;
  for (size_t begin = 0, end = 0; begin < known.size(); begin = end) {
    do ++end;
    while (end < known.size() && (static_cast<unsigned char>(known[end]) & 0xC0) == 0x80);
    const Choices::Bytes bytes{known.data() + begin, end - begin};
    // The two cases of a letter are often the same once they are folded.
    const auto same = [&](const Choices::Bytes& other) {
      return std::equal(bytes.begin(), bytes.end(), other.begin(), other.end(),
                        [](char a, char b) { return FoldByte(a) == FoldByte(b); });
    };
    if (std::any_of(out->all.begin(), out->all.begin() + out->size, same)) continue;
    out->all[out->size++] = bytes;
  }
  if (!known.empty()) return;
  const bool only_ascii = !(node.first >> 0x80).any(), no_ascii = !(node.first << 0x80).any();
  if (!only_ascii && !no_ascii) return;
  for (unsigned b = 0x20; b < 0x100; b = (b + 1) | 0x20) {
    if (node.first[b] || node.first[b ^ 0x20]) out->all[out->size++] = {&kBytes[b], 1};
  }
  // Of code points that are not ASCII the first byte has to do.
  out->cut = no_ascii;
  if (no_ascii && out->size > kMaxLeads) out->size = 0;
}

}  // namespace

std::string Item::bytes() const {
  std::string out(size, '\0');
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>(byte(i));
  return out;
}

bool FactorStrings::open() const noexcept {
  return std::any_of(items_.begin(), items_.end(), [](const Item& item) { return item.open; });
}

// What is closed stays as it is, whatever is appended.
FactorStrings FactorStrings::Opened(size_t max_strings) const {
  FactorStrings opened(max_strings);
  opened.items_.clear();
  std::copy_if(items_.begin(), items_.end(), std::back_inserter(opened.items_),
               [](const Item& item) { return item.open; });
  opened.elsewhere_ = size() - opened.items_.size();
  return opened;
}

std::vector<Item> FactorStrings::Take() && {
  Close();
  Unite();
  return std::move(items_);
}

void FactorStrings::Close() noexcept {
  for (Item& item : items_) item.open = false;
}

void FactorStrings::Unite(const std::vector<Item>& more) {
  items_.insert(items_.end(), more.begin(), more.end());
  const auto rest = [](const Item& item) {
    return item.size << 4 | item.open << 3 | item.word_ends << 2 | item.odd_blank << 1 | item.blank;
  };
  const auto less = [&](const Item& a, const Item& b) {
    return a.key != b.key ? a.key < b.key : rest(a) < rest(b);
  };
  if (!std::is_sorted(items_.begin(), items_.end(), less)) {
    std::sort(items_.begin(), items_.end(), less);
  }
  items_.erase(std::unique(items_.begin(), items_.end()), items_.end());
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
  if (size() + opened > max_) return false;
  for (size_t i = 0, size = items_.size(); i < size; ++i) {
    if (!items_[i].open) continue;
    Item odd = items_[i];
    odd.open = false;
    odd.odd_blank = odd.word_ends = true;
    Push(' ', &items_[i]);
    items_.push_back(odd);
  }
  return true;
}

void FactorStrings::AppendByte(unsigned char byte) noexcept {
  for (Item& item : items_) {
    if (!item.open) continue;
    item.blank |= item.size == 0 && byte <= ' ';
    Push(byte, &item);
  }
}

void FactorStrings::AppendAtom(const RegexNode& node) {
  if (node.choices.size() == 1) return AppendByte(static_cast<unsigned char>(node.choices[0]));
  if (IsBlankAtom(node) && AppendBlank()) return;
  size_t opened = 0;
  bool begun = true;
  for (const Item& item : items_) {
    opened += item.open ? 1 : 0;
    begun &= item.size > 0;
  }
  Choices choices;
  ChoicesOf(node, &choices);
  const bool has_blank = (node.first << (255 - ' ')).any();
  const bool no_word = !HasWordByte(node.first);
  const bool blanks = begun && has_blank && choices.size > 1 && no_word;
  if (choices.size == 0 || blanks || size() + opened * (choices.size - 1) > max_) {
    for (Item& item : items_) item.word_ends |= item.open && no_word;
    return Close();
  }
  const size_t old_size = items_.size();
  items_.reserve(old_size + opened * (choices.size - 1));
  for (size_t i = 0; i < old_size; ++i) {
    Item begin = items_[i];
    if (!begin.open) continue;
    begin.blank |= begin.size == 0 && has_blank;
    for (size_t c = 0; c < choices.size; ++c) {
      Item& next = c == 0 ? items_[i] : items_.emplace_back();
      next = begin;
      for (const char byte : choices.all[c]) Push(static_cast<unsigned char>(byte), &next);
      next.open &= !choices.cut;
    }
  }
}

void FactorStrings::AppendRepeat(const RegexNode& node) {
  const RegexNode& child = node.children[0];
  // A run of blanks is a blank: the string of a single space goes on behind all of them.
  if (IsBlankAtom(child) && node.max != 0) {
    FactorStrings more = Opened(max_);
    if (more.AppendBlank()) {
      if (more.size() + (node.min == 0 ? size() : 0) > max_) return Close();
      if (node.min > 0) std::erase_if(items_, [](const Item& item) { return item.open; });
      return Unite(more.items_);
    }
  }
  for (int i = 0; i < node.min && open(); ++i) Append(child);
  if (node.max == node.min || !open()) return;
  FactorStrings more = Opened(max_);
  more.Append(child);
  if (node.max != 1) more.Close();
  if (size() + more.size() > max_) return Close();
  Unite(more.items_);
}

void FactorStrings::JoinSiblings(bool digits) {
  const auto joins = [&](const Item& prefix, size_t first, size_t siblings) {
    if (prefix.size == 1) {
      return digits && siblings >= kDigits && IsAsciiDigit(prefix.byte(0)) &&
             IsAsciiDigit(items_[first].byte(1)) &&
             IsAsciiDigit(items_[first + siblings - 1].byte(1));
    }
    return siblings >= kManySiblings && prefix.size >= kRarePrefix &&
           LiteralFrequency(prefix.bytes(), false, false) < kRareShare;
  };
  for (bool joined = true; joined;) {
    joined = false;
    Unite();
    std::vector<Item> kept;
    kept.reserve(items_.size());
    for (size_t i = 0; i < items_.size();) {
      Item prefix = items_[i];
      size_t end = i;
      if (prefix.size > 1 && !prefix.word_ends && !prefix.odd_blank) {
        const uint64_t mask = ~uint64_t{0} << (64 - 8 * --prefix.size);
        prefix.key &= mask;
        prefix.open = false;
        while (end < items_.size() && items_[end].size == prefix.size + 1 &&
               (items_[end].key & mask) == prefix.key && !items_[end].word_ends &&
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
  const FactorStrings opened = Opened(max_of_branch);
  FactorStrings branch(max_of_branch);
  std::vector<Item> all;
  size_t size = 0;  // before equal ones are united
  for (const RegexNode& child : node.children) {
    branch = opened;
    branch.Append(child);
    all.insert(all.end(), branch.items_.begin(), branch.items_.end());
    size += branch.size();
    if (size > 4 * max_) return false;
  }
  const std::vector<Item> old = items_;
  std::erase_if(items_, [](const Item& item) { return item.open; });
  Unite(all);
  if (this->size() <= max_) return true;
  items_ = old;
  return false;
}

// Where one branch has too many strings, each has its share.
void FactorStrings::AppendAlternatives(const RegexNode& node) {
  const size_t share = std::max(kLeastShare * size(), max_ / node.children.size());
  if (!AppendBranches(node, max_) && !AppendBranches(node, share)) Close();
}

void FactorStrings::Append(const RegexNode& node) {
  if (!open()) return;
  switch (node.kind) {
    case Kind::kAssert:
      for (Item& item : items_) {
        const bool word = item.size > 0 && IsAsciiWord(item.byte(item.size - 1));
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
