// The view of letters that are spaced out ("i g n o r e"). For scores of input texts.
#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/byte_sets.h"
#include "core/base/text.h"
#include "core/detect/features.h"
#include "core/detect/views_internal.h"

namespace kt::detect::views {
namespace {

using namespace byte_sets;

// Looked up, since here each byte is asked.
enum class Kind : uint8_t { kSign, kDigit, kLetter, kNotAscii };
constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds{};
  for (size_t i = 0; i < kinds.size(); ++i) {
    const char c = static_cast<char>(i);
    if (IsDigit(c)) kinds[i] = Kind::kDigit;
    if (IsLetter(c)) kinds[i] = Kind::kLetter;
    if (!IsAscii(c)) kinds[i] = Kind::kNotAscii;
  }
  return kinds;
}();
Kind KindOf(char c) noexcept {
  return kKinds[static_cast<unsigned char>(c)];
}

// Is there a letter or digit at `at`?
bool IsUnit(std::string_view text, size_t at) noexcept {
  if (at >= text.size()) return false;
  const Kind kind = KindOf(text[at]);
  return kind == Kind::kLetter || kind == Kind::kDigit;
}

// Which of 64 bytes are letters or digits with none beside them.
uint64_t SinglesAt(std::string_view text, size_t at) noexcept {
  const uint64_t units = MaskAt<64>(text, at, kAlnums);
  const uint64_t before = at > 0 && IsAlnum(text[at - 1]) ? 1 : 0;
  const uint64_t behind = IsUnit(text, at + 64) ? 1 : 0;
  return units & ~(units << 1 | before) & ~(units >> 1 | behind << 63);
}

// What stands between two letters of a row that is divided by `divider`: nothing when it is one
// divider, signs that were spaced out as well (" , "), or else the end of a word.
void AppendGap(std::string_view gap, char divider, std::string* out) {
  bool regular = gap.size() % 2 == 1;
  for (size_t i = 0; i < gap.size() && regular; i += 2) regular = gap[i] == divider;
  if (!regular) {
    out->push_back(' ');
    return;
  }
  const size_t begin = out->size();
  for (size_t i = 1; i < gap.size(); i += 2) {
    const char c = gap[i];
    const bool divides = IsBlank(c) || c == '/' || c == '|' || c == '_';
    if (!divides) out->push_back(c);
    if (divides && (out->size() == begin || out->back() != ' ')) out->push_back(' ');
  }
}

// A row of single letters and digits.
struct Row {
  std::string text;
  size_t letters = 0;
  size_t end = 0;
};

// Reads the row that begins with the single letter or digit at `at`.
void ReadRow(std::string_view text, size_t at, Row* row) {
  constexpr size_t kMaxGap = 9;
  const auto is_single = [&](size_t i) { return IsUnit(text, i) && !IsUnit(text, i + 1); };
  row->text.clear();
  row->letters = 0;
  const char divider = at + 1 < text.size() ? text[at + 1] : '\0';
  for (;;) {
    row->text.push_back(text[at]);
    row->letters += KindOf(text[at]) == Kind::kLetter ? 1 : 0;
    row->end = ++at;
    if (at >= text.size() || KindOf(text[at]) == Kind::kNotAscii) return;
    // Mostly it is one divider.
    if (text[at] == divider && is_single(at + 1)) {
      ++at;
      continue;
    }
    size_t next = at;
    while (next < text.size() && next - at < kMaxGap && KindOf(text[next]) == Kind::kSign) ++next;
    if (next == at || !is_single(next)) return;
    AppendGap(text.substr(at, next - at), divider, &row->text);
    at = next;
  }
}

// "ignoreallprevious" as words: the cheapest way to cut it, where letters of no known word cost
// most and short words more than long ones.
class Segmenter {
 public:
  void Append(std::string_view letters, std::string* out) {
    FindSizes(letters);
    cuts_.clear();
    for (size_t end = letters.size(); end > 0; end -= sizes_[end]) cuts_.push_back(end);
    const size_t start = out->size();
    size_t begin = 0;
    bool open = false;  // letters of no known word stand at the end
    for (auto cut = cuts_.rbegin(); cut != cuts_.rend(); begin = *cut++) {
      const bool known = *cut - begin > 1;
      if (out->size() > start && (known || !open)) out->push_back(' ');
      out->append(letters, begin, *cut - begin);
      open = !known;
    }
  }

 private:
  // Of the last word of what ends at each letter.
  void FindSizes(std::string_view letters) {
    constexpr uint32_t kUnknown = 5, kShort = 3, kLong = 2;
    lower_.resize(letters.size() + kMaxPackedBytes);
    std::transform(letters.begin(), letters.end(), lower_.begin(),
                   [](char c) { return static_cast<char>(c | 0x20); });
    costs_.assign(letters.size() + 1, 0);
    sizes_.assign(letters.size() + 1, 1);
    for (size_t end = 1; end <= letters.size(); ++end) {
      uint32_t cost = costs_[end - 1] + kUnknown;
      // Only of sizes that a word with these last letters has.
      uint32_t sizes = WordSizes(lower_.data(), end);
      for (; sizes != 0; sizes &= sizes - 1) {
        const auto n = static_cast<size_t>(std::countr_zero(sizes));
        const uint32_t here = costs_[end - n] + (n < 4 ? kShort : kLong);
        if (here > cost || !IsKnownWord(Pack(end - n, n))) continue;
        cost = here;
        sizes_[end] = static_cast<uint8_t>(n);
      }
      costs_[end] = cost;
    }
  }
  PackedWord Pack(size_t begin, size_t size) const noexcept {
    const char* const at = lower_.data() + begin;
    return {internal::Load(at) & internal::FirstBytes(size),
            size > 8 ? internal::Load(at + 8) & internal::FirstBytes(size - 8) : 0};
  }

  std::string lower_;  // with room behind it
  std::vector<uint32_t> costs_;
  std::vector<uint8_t> sizes_;
  std::vector<size_t> cuts_;
};

bool IsKnown(std::string_view word) noexcept {
  char lower[kMaxPackedBytes];
  if (word.size() > sizeof lower) return false;
  for (size_t i = 0; i < word.size(); ++i) lower[i] = static_cast<char>(word[i] | 0x20);
  return IsKnownWord(std::string_view(lower, word.size()));
}

// Cuts the words of a row that are too long to be one, or stand for all of it.
void AppendWords(std::string_view row, Segmenter* segmenter, std::string* out) {
  constexpr size_t kLongWord = 13;
  const bool whole = row.find(' ') == row.npos;
  for (size_t at = 0; at < row.size();) {
    size_t end = at;
    while (end < row.size() && KindOf(row[end]) == Kind::kLetter) ++end;
    const std::string_view word = row.substr(at, end - at);
    if (word.size() > kLongWord || (whole && !IsKnown(word))) {
      segmenter->Append(word, out);
    } else {
      out->append(word);
    }
    if (end < row.size()) out->push_back(row[end++]);
    at = end;
  }
}

}  // namespace

void Unspace(std::string_view text, const Candidates& candidates, Sink* out) {
  constexpr size_t kMinLetters = 5;
  Row row;
  Segmenter segmenter;
  std::string words;
  size_t done = 0;
  for (const uint64_t candidate : candidates) {
    if ((Flags(candidate) & kSpaced) == 0) continue;
    const size_t block = BlockBegin(candidate);
    const size_t stop = std::min(block + kBlockBytes, text.size());
    size_t at = std::max(done, block - std::min<size_t>(block, 8));
    while (at < stop) {
      const uint64_t singles = SinglesAt(text, at);
      if (singles == 0) {
        at += 64;
        continue;
      }
      at += static_cast<size_t>(std::countr_zero(singles));
      if (at >= stop) break;
      ReadRow(text, at, &row);
      if (row.letters >= kMinLetters) {
        words.clear();
        AppendWords(row.text, &segmenter, &words);
        out->Divide();
        out->Add(PartOrigin::kWhole, at, row.end, words);
      }
      at = done = row.end;
    }
  }
}

}  // namespace kt::detect::views
