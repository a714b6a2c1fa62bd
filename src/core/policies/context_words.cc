#include "core/policies/context_words.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/ascii.h"
#include "core/base/byte_sets.h"
#include "core/detect/normalize.h"

namespace kt::policies {
namespace {

constexpr size_t kCharacters = 40;
// Each byte may bring a blank before it.
constexpr size_t kMostFolded = 2 * detect::kContextBytes;

// Lower case, "_" and "-" as blanks.
constexpr std::array<char, 256> kFolds = [] {
  std::array<char, 256> folds{};
  for (size_t i = 0; i < folds.size(); ++i) folds[i] = static_cast<char>(i);
  for (size_t i = 'A'; i <= 'Z'; ++i) folds[i] = static_cast<char>(i + 0x20);
  folds['_'] = folds['-'] = folds['\t'] = ' ';
  return folds;
}();

char FoldOf(char c) noexcept {
  return kFolds[static_cast<unsigned char>(c)];
}

// And "taxId" as "tax id". There is room for twice the text; how much of it was used.
size_t Fold(std::string_view text, char* out) noexcept {
  char* at = out;
  char previous = '\0';
  for (const char c : text) {
    if (IsUpper(c) && IsLower(previous)) *at++ = ' ';
    *at++ = kFolds[static_cast<unsigned char>(c)];
    previous = c;
  }
  return static_cast<size_t>(at - out);
}

// Digits, blanks and most signs lack both bits: rows and tables of numbers are told by this.
bool MayHaveLetter(std::string_view text) noexcept {
  uint64_t any = 0;
  for (; text.size() >= sizeof any; text.remove_prefix(sizeof any)) {
    uint64_t value;
    std::memcpy(&value, text.data(), sizeof value);
    any |= value;
  }
  for (const char c : text) any |= static_cast<unsigned char>(c);
  return (any & 0xC0C0C0C0C0C0C0C0u) != 0;
}

constexpr size_t kLetterBlock = 64;

std::string_view LastCharacters(std::string_view text) noexcept {
  const std::string_view last = text.substr(text.size() - std::min(text.size(), kCharacters));
  const auto foreign = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  if (std::none_of(last.begin(), last.end(), foreign)) return last;
  size_t characters = 0, start = text.size();
  while (start > 0 && characters < kCharacters) {
    --start;
    if ((static_cast<unsigned char>(text[start]) & 0xC0) != 0x80) ++characters;
  }
  return text.substr(start);
}

// A name belongs to what follows on its line, or to the next line when it ends its own: words that
// end at or before this do not count.
size_t LeastEnd(std::string_view context) noexcept {
  const size_t line = context.rfind('\n') + 1;  // npos: 0
  if (line == 0) return 0;
  size_t last = context.size();
  while (last > 0 && !IsAlnum(context[last - 1])) --last;
  return std::min(line, last) == 0 ? 0 : std::min(line, last) - 1;
}

}  // namespace

// Behind a word of one or two bytes anything may follow.
void ContextWords::AddHeads(const std::string& word) {
  for (int second = 0; second < 32; ++second) {
    if (word.size() > 1 && second != (word[1] & 31)) continue;
    for (int third = 0; third < 32; ++third) {
      if (word.size() > 2 && third != (word[2] & 31)) continue;
      const size_t head = HeadOf(word[0], static_cast<char>(second), static_cast<char>(third));
      heads_[head / 64] |= uint64_t{1} << (head % 64);
    }
  }
}

ContextWords::ContextWords(const std::vector<std::vector<std::string>>& lists) {
  size_t words = 0;
  for (const auto& list : lists) words += list.size();
  heads_.resize(size_t{1} << ((words > kFewWords ? kHeadBits : kFewHeadBits) - 6));
  std::array<bool, 256> firsts{};
  for (size_t list = 0; list < lists.size(); ++list) {
    for (const std::string& word : Prepared(lists[list])) {
      if (word.empty()) continue;
      all_have_letters_ &= MayHaveLetter(word);
      firsts[static_cast<unsigned char>(word[0])] = true;
      letters_begin_ &= IsLower(word[0]) || !IsAscii(word[0]);
      AddHeads(word);
      for (int second = 0; second < 32; ++second) {
        if (word.size() > 1 && second != (word[1] & 31)) continue;
        const uint16_t pair = PairOf(word[0], static_cast<char>(second));
        words_.push_back({pair, static_cast<uint16_t>(list), word});
      }
    }
  }
  for (size_t byte = 0; byte < first_.size(); ++byte) {
    first_[byte] = firsts[static_cast<unsigned char>(FoldOf(static_cast<char>(byte)))];
  }
  std::stable_sort(words_.begin(), words_.end(),
                   [](const Word& a, const Word& b) { return a.pair < b.pair; });
}

// As Find does it, of text that is not folded: most has no word that begins like one of these.
bool ContextWords::MayHold(std::string_view text) const noexcept {
  // A blank comes in where a small letter and a capital meet.
  const auto part = [](char one, char next) { return IsLower(one) && IsUpper(next); };
  using byte_sets::Lane;
  uint64_t lower_last = 0, upper_last = 0;  // of the block before, the last bit
  for (size_t begin = 0; begin < text.size(); begin += kLetterBlock) {
    const auto of = [&](char first, char last) {
      return byte_sets::MaskAt<kLetterBlock>(text, begin,
                                             [&](Lane lane) { return lane.In(first, last); });
    };
    const uint64_t lower = of('a', 'z'), upper = of('A', 'Z');
    const uint64_t lower_before = lower << 1 | lower_last, upper_before = upper << 1 | upper_last;
    lower_last = lower >> 63, upper_last = upper >> 63;
    uint64_t begins = ~((lower & (lower_before | upper_before)) | (upper & upper_before));
    // Signs and digits begin none of them, as a rule.
    if (letters_begin_) begins &= lower | upper | ~of('\0', '\x7F');
    if (text.size() - begin < kLetterBlock) begins &= (uint64_t{1} << (text.size() - begin)) - 1;
    for (; begins != 0; begins &= begins - 1) {
      const size_t i = begin + static_cast<size_t>(__builtin_ctzll(begins));
      if (!first_[static_cast<unsigned char>(text[i])]) continue;
      const char first = text[i], second = i + 1 < text.size() ? text[i + 1] : '\0',
                 third = i + 2 < text.size() ? text[i + 2] : '\0';
      if (part(first, second) || part(second, third)) return true;
      if (IsHead(FoldOf(first), FoldOf(second), FoldOf(third))) return true;
    }
  }
  return false;
}

bool ContextWords::IsWord(std::string_view context, size_t begin, size_t end) noexcept {
  const bool ends = end == context.size() || !IsLower(context[end]) || !IsLower(context[end - 1]);
  return ends && (begin == 0 || !IsLower(context[begin - 1]) || !IsLower(context[begin]));
}

bool ContextWords::Find(std::string_view before, std::span<uint16_t> last) const noexcept {
  const std::string_view nearest =
      before.substr(before.size() - std::min(before.size(), kCharacters));
  if (words_.empty() || (all_have_letters_ && !MayHaveLetter(nearest))) return false;
  const std::string_view text = LastCharacters(before);
  if (!MayHold(text)) return false;
  char folded[kMostFolded];
  const std::string_view context(folded, Fold(text, folded));
  const size_t least_end = LeastEnd(context);
  bool found = false;
  for (size_t at = 0; at < context.size(); ++at) {
    if (!first_[static_cast<unsigned char>(context[at])]) continue;
    if (at > 0 && IsLower(context[at - 1]) && IsLower(context[at])) continue;
    const char second = at + 1 < context.size() ? context[at + 1] : '\0';
    const char third = at + 2 < context.size() ? context[at + 2] : '\0';
    if (!IsHead(context[at], second, third)) continue;
    const uint16_t pair = PairOf(context[at], second);
    const auto first =
        std::lower_bound(words_.begin(), words_.end(), pair,
                         [](const Word& word, uint16_t wanted) { return word.pair < wanted; });
    for (auto word = first; word != words_.end() && word->pair == pair; ++word) {
      const size_t end = at + word->text.size();
      if (end <= least_end || !context.substr(at).starts_with(word->text)) continue;
      if (!IsWord(context, at, end)) continue;
      found = true;
      if (last.empty()) return true;
      last[word->list] = std::max(last[word->list], static_cast<uint16_t>(end + 1));
    }
  }
  return found;
}

std::vector<std::string> ContextWords::Prepared(std::vector<std::string> words) {
  for (std::string& word : words) {
    // As the text is where they are looked for: without accents.
    detect::NormalizeOptions options;
    options.look_alikes = false;
    detect::NormalizedText plain;
    const bool usable = detect::Normalize(word, options, &plain).ok();
    const std::string text(usable ? plain.text() : std::string_view(word));
    word.resize(2 * text.size());
    word.resize(Fold(text, word.data()));
  }
  return words;
}

}  // namespace kt::policies
