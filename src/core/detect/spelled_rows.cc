#include "core/detect/spelled_rows.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/ascii.h"
#include "core/detect/spelled_numbers.h"
#include "core/detect/utf8.h"

namespace kt::detect {
namespace {

constexpr size_t kMaxSignBytes = 8;  // of a gap, blanks aside

// Rows are told from text that has none by this.
constexpr std::array<bool, 256> kIsAlnum = [] {
  std::array<bool, 256> alnum{};
  for (size_t i = 0; i < alnum.size(); ++i) alnum[i] = IsAlnum(static_cast<char>(i));
  return alnum;
}();

// Bytes of the sign beyond ASCII at `at` (bullets, dots, arrows, emoji); 0: it is a letter.
size_t SignSize(std::string_view text, size_t at) noexcept {
  const CodePoint cp = DecodeUtf8(text, at);
  const bool sign =
      (cp.value >= 0xA0 && cp.value < 0xC0 && cp.value != 0xAA && cp.value != 0xBA) ||
      cp.value == 0xD7 || cp.value == 0xF7 || (cp.value >= 0x2000 && cp.value < 0x2C00) ||
      (cp.value >= 0x3000 && cp.value < 0x3020) || (cp.value >= 0x1F000 && cp.value < 0x20000);
  return sign ? cp.size : 0;
}

// A letter, a digit or a part of one beyond ASCII begins at `at`.
bool IsWord(std::string_view text, size_t at) noexcept {
  return IsAscii(text[at]) ? IsAlnum(text[at]) : SignSize(text, at) == 0;
}

// Where the code point before `at` begins. Precondition: at > 0.
size_t Back(std::string_view text, size_t at) noexcept {
  size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && IsContinuation(text[begin])) --begin;
  return begin;
}

// Between two units: blanks aside, its signs, in order.
struct Gap {
  char signs[kMaxSignBytes];
  size_t size = 0;    // of signs
  size_t blanks = 0;  // bytes
  bool line = false;  // a line ends in it
  size_t next = 0;    // where the unit behind it begins
  enum class End : uint8_t { kUnit, kText, kNone } end = End::kNone;

  std::string_view view() const noexcept { return {signs, size}; }
};

Gap ReadGap(std::string_view text, size_t at, bool numbers) noexcept {
  Gap gap;
  const auto add = [&](std::string_view sign) {
    if (gap.size + sign.size() > kMaxSignBytes) return false;
    std::copy(sign.begin(), sign.end(), gap.signs + gap.size);
    gap.size += sign.size();
    return true;
  };
  for (size_t i = at; i - at <= kMaxRowGapBytes;) {
    if (i >= text.size()) {
      gap.end = Gap::End::kText;
      return gap;
    }
    size_t size = 1;
    if (IsBlank(text[i])) {
      ++gap.blanks;
      gap.line |= text[i] == '\n';
    } else if (IsAlnum(text[i])) {
      const size_t end = RunEnd(text, i);
      const std::string_view run = text.substr(i, end - i);
      if (!numbers || !IsGapWord(run) || end == text.size()) {
        gap.next = i;
        if (i > at) gap.end = Gap::End::kUnit;
        return gap;
      }
      if (!add(run)) return gap;
      size = run.size();
    } else {
      if (!IsAscii(text[i])) size = SignSize(text, i);
      if (size == 0 || !add(text.substr(i, size))) return gap;
    }
    i += size;
  }
  return gap;
}

// What a gap says in a row that is divided by `divider`: signs of the row's own, and whether a word
// may end. False: the row does not go on.
struct GapText {
  char signs[kMaxSignBytes];
  size_t size = 0;
  bool breaks = false;
};

bool ReadSigns(const Gap& gap, std::string_view divider, GapText* out) noexcept {
  const std::string_view signs = gap.view();
  const auto is_ascii = [](char c) { return IsAscii(c); };
  out->size = 0;
  out->breaks = false;
  if (divider.empty()) {
    // "e @ x": what stands between blanks is spelled too.
    if (gap.blanks == 0 || !std::all_of(signs.begin(), signs.end(), is_ascii)) return false;
    std::copy(signs.begin(), signs.end(), out->signs);
    out->size = signs.size();
    return true;
  }
  if (signs.empty()) {
    out->breaks = true;
    return true;
  }
  // "-@-" in "j-a-n-e-@-x".
  std::string_view rest = signs;
  if (!rest.starts_with(divider)) return false;
  rest.remove_prefix(divider.size());
  while (!rest.empty()) {
    if (rest.size() < 1 + divider.size() || !IsAscii(rest[0]) ||
        !rest.substr(1).starts_with(divider)) {
      return false;
    }
    out->signs[out->size++] = rest[0];
    rest.remove_prefix(1 + divider.size());
  }
  return true;
}

// The divider of a row by its first two gaps. False: it has none.
bool FindDivider(const Gap& first, const Gap& second, std::string* divider) {
  GapText ignored;
  divider->assign(first.view());
  if (first.size == 0) return true;
  if (second.size > 0 && ReadSigns(second, *divider, &ignored)) return true;
  // The first one held a sign of the row's own.
  const size_t half = first.size / 2;
  if (first.size % 2 == 1 && half > 0) {
    divider->assign(first.view().substr(0, half));
    if (ReadSigns(first, *divider, &ignored) && ReadSigns(second, *divider, &ignored)) return true;
  }
  divider->clear();
  return first.blanks > 0;
}

class RowReader {
 public:
  RowReader(std::string_view text, RowForm form, SpelledRow* row)
      : text_(text), form_(form), row_(*row) {}

  bool Read(size_t at) {
    row_.Clear();
    size_t end = AddUnit(at);
    if (end == 0) return false;
    Gap gap = Next(end);
    if (gap.end != Gap::End::kUnit || !Begin(gap)) return true;
    const std::optional<char> plain = PlainGap();
    while (gap.next - row_.last <= kMaxRowStepBytes) {
      GapText between;
      if (!ReadSigns(gap, divider_, &between)) break;
      if (form_ != RowForm::kCharacters && between.size > 0) break;
      // In a row that only blanks divide, more of them than at first end a word.
      const bool wider =
          divider_.empty() && between.size == 0 && (gap.blanks > blanks_ || gap.line != line_);
      const size_t had = row_.units.size();
      for (size_t i = 0; i < between.size; ++i) {
        row_.units.push_back(
            {static_cast<uint32_t>(end), static_cast<uint32_t>(gap.next), between.signs[i], false});
      }
      breaks_ = between.breaks || wider;
      const size_t unit_end = AddUnit(gap.next);
      if (unit_end == 0) {
        row_.units.resize(had);
        break;
      }
      end = plain ? AddPlain(unit_end, *plain) : unit_end;
      gap = Next(end);
      if (gap.end != Gap::End::kUnit) break;
    }
    return true;
  }

 private:
  // What mostly stands between single characters, where that is one byte: nothing more has to be
  // known of it.
  std::optional<char> PlainGap() const noexcept {
    if (form_ != RowForm::kCharacters) return std::nullopt;
    if (divider_.empty() && blanks_ == 1 && !line_) return ' ';
    if (divider_.size() == 1 && IsAscii(divider_[0])) return divider_[0];
    return std::nullopt;
  }
  // Adds the characters behind a unit that such gaps divide; returns where the last one ends. What
  // stands behind it is not theirs.
  size_t AddPlain(size_t end, char gap) {
    const auto is_alnum = [&](size_t at) { return kIsAlnum[static_cast<uint8_t>(text_[at])]; };
    while (end + 2 < text_.size() && text_[end] == gap && is_alnum(end + 1) &&
           IsAscii(text_[end + 2]) && !is_alnum(end + 2)) {
      const auto at = static_cast<uint32_t>(end + 1);
      row_.units.push_back({at, at + 1, text_[at], false});
      row_.last = at;
      ++row_.own;
      end += 2;
    }
    breaks_ = false;
    return end;
  }
  // The gap behind a unit; the end of the text leaves the row open.
  Gap Next(size_t end) {
    const bool numbers = form_ != RowForm::kCharacters;
    const Gap gap = ReadGap(text_, end, numbers);
    if (gap.end == Gap::End::kText) row_.open = true;
    // "U" may belong to the gap.
    if (numbers && gap.end == Gap::End::kUnit && RunEnd(text_, gap.next) == text_.size()) {
      row_.open |= IsGapWord(text_.substr(gap.next));
    }
    return gap;
  }

  bool Begin(const Gap& first) {
    blanks_ = first.blanks;
    line_ = first.line;
    divider_ = first.view();
    if (form_ != RowForm::kCharacters || first.size == 0) return true;
    const size_t unit_end = UnitEnd(first.next);
    if (unit_end == 0) return false;
    const Gap second = ReadGap(text_, unit_end, false);
    if (second.end == Gap::End::kText) row_.open = true;
    return second.end != Gap::End::kNone && FindDivider(first, second, &divider_);
  }

  // Where the unit at `at` ends; 0: it is none.
  size_t UnitEnd(size_t at) {
    const size_t end = RunEnd(text_, at);
    if (end < text_.size() && IsWord(text_, end)) return 0;
    // What the end of the text has cut may become one.
    if (end == text_.size() && end - at <= kMaxRowNumberBytes &&
        (form_ != RowForm::kCharacters || end - at == 1)) {
      row_.open = true;
    }
    if (form_ == RowForm::kCharacters) return end - at == 1 ? end : 0;
    return ReadRowNumber(text_.substr(at, end - at), form_, &number_) ? end : 0;
  }

  size_t AddUnit(size_t at) {
    const size_t end = UnitEnd(at);
    if (end == 0) return 0;
    if (form_ == RowForm::kCharacters) number_ = {{text_[at]}, 1};
    for (size_t i = 0; i < number_.size; ++i) {
      const bool breaks = breaks_ && i == 0 && !row_.units.empty();
      row_.units.push_back(
          {static_cast<uint32_t>(at), static_cast<uint32_t>(end), number_.bytes[i], breaks});
      row_.breaks |= breaks;
    }
    ++row_.own;
    row_.last = at;
    return end;
  }

  const std::string_view text_;
  const RowForm form_;
  SpelledRow& row_;
  std::string divider_;
  size_t blanks_ = 0;  // of the first gap
  bool line_ = false;
  bool breaks_ = false;
  RowNumber number_;
};

// "EMAIL_1", "don't": the last part of a longer word.
bool IsPartOfName(std::string_view text, size_t at) noexcept {
  return at >= 3 && (text[at - 1] == '_' || text[at - 1] == '\'') && IsAlnum(text[at - 2]) &&
         IsAlnum(text[at - 3]);
}

}  // namespace

bool SpelledRow::IsLongEnough() const noexcept {
  if (own < kMinRowUnits) return false;
  return units.size() >= kMinPlainRowBytes ||
         std::any_of(units.begin(), units.end(),
                     [](const RowUnit& unit) { return unit.byte == '@'; });
}

bool BeginsRun(std::string_view text, size_t at) noexcept {
  return at < text.size() && IsAlnum(text[at]) &&
         (at == 0 || !IsWord(text, IsAscii(text[at - 1]) ? at - 1 : Back(text, at)));
}

size_t RunEnd(std::string_view text, size_t at) noexcept {
  while (at < text.size() && kIsAlnum[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

size_t NextRun(std::string_view text, size_t at) noexcept {
  for (;; at = RunEnd(text, at)) {
    while (at < text.size() && !kIsAlnum[static_cast<unsigned char>(text[at])]) ++at;
    if (at == text.size() || BeginsRun(text, at)) return at;
  }
}

bool ReadRow(std::string_view text, size_t at, RowForm form, SpelledRow* row) {
  row->Clear();
  return !IsPartOfName(text, at) && RowReader(text, form, row).Read(at);
}

size_t LastUnitsBegin(std::string_view text, size_t floor) noexcept {
  size_t begin = text.size();
  for (size_t at = text.size(); at > floor;) {
    size_t gap = at;
    while (gap > floor && at - gap <= kMaxRowGapBytes) {
      const size_t back = Back(text, gap);
      if (IsWord(text, back)) break;
      gap = back;
    }
    if (at - gap > kMaxRowGapBytes || (gap == at && at != text.size())) break;
    size_t run = gap;
    while (run > floor && gap - run <= kMaxRowNumberBytes && IsAlnum(text[run - 1])) --run;
    const bool glued = run > 0 && IsWord(text, Back(text, run));
    if (run == gap || (glued && run > floor)) break;
    if (!MayBeRowUnit(text.substr(run, gap - run))) break;
    begin = at = run;
  }
  return begin;
}

}  // namespace kt::detect
