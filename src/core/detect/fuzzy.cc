#include "core/detect/fuzzy.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/detect/normalize.h"
#include "core/detect/utf8.h"
#include "core/detect/work_budget.h"

namespace kt::detect {
namespace {

constexpr uint32_t kBarrier = 0x110000;  // in place of the rest of a long run of blanks
constexpr size_t kMaxBlanks = 3;
constexpr size_t kHeadLetters = 8;
constexpr size_t kMaxUnitBytes = 4;
// Far longer than anything that has to be seen at once.
constexpr size_t kPieceBytes = 16384;
constexpr size_t kSpent = SIZE_MAX;

enum class Class : uint8_t { kGap, kWord, kAlone };

struct Range {
  uint32_t first, last;
};
// Scripts that are written without blanks between words.
constexpr Range kAlone[] = {{0x0E00, 0x0EFF}, {0x1000, 0x109F}, {0x1780, 0x17FF},
                            {0x2E80, 0x2FFF}, {0x3040, 0xFDFF}, {0x20000, 0x3FFFF}};
// Punctuation and symbols.
constexpr Range kGaps[] = {{0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xBF},
                           {0x2000, 0x2BFF}, {0x3000, 0x303F}, {0x1F000, 0x1FAFF}};

template <size_t N>
bool In(const Range (&ranges)[N], uint32_t cp) noexcept {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [cp](const Range& r) { return r.first <= cp && cp <= r.last; });
}

Class ClassOf(uint32_t cp) noexcept {
  if (cp < 0x80) {
    const bool word = (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z');
    return word ? Class::kWord : Class::kGap;
  }
  if (In(kAlone, cp)) return Class::kAlone;
  return cp == kBarrier || In(kGaps, cp) ? Class::kGap : Class::kWord;
}

bool IsBlank(uint32_t cp) noexcept {
  return cp == ' ' || (cp >= '\t' && cp <= '\r');
}

// One of 64 classes; letters and digits have their own.
uint64_t LetterBit(uint32_t cp) noexcept {
  if (cp >= 'a' && cp <= 'z') return uint64_t{1} << (cp - 'a');
  if (cp >= '0' && cp <= '9') return uint64_t{1} << (cp - '0' + 26);
  return uint64_t{1} << (36 + cp % 28);
}

}  // namespace

struct FuzzyMatcher::Unit {
  uint32_t letter;
  uint32_t at;  // byte of the text
  Class kind;
};

// The letters of the code points from a place on, as far as they were looked at.
struct FuzzyMatcher::Window {
  size_t size = 0;
  uint64_t letters = 0;
};

struct FuzzyMatcher::Alignment {
  size_t end = 0;  // unit behind the match
  uint32_t distance = kMaxFuzzyDistance + 1;
  bool open = false;  // the text ended first: what follows may change it
  bool found() const noexcept { return distance <= kMaxFuzzyDistance; }
};

struct FuzzyMatcher::Choice {
  size_t begin;
  Alignment best;
};

namespace {

// `add(letter, at)` for each code point from `from` on, in lower case, with runs of blanks as one.
template <typename Add>
void ForEachLetter(std::string_view text, size_t from, const Add& add) {
  size_t blanks = 0;
  for (size_t i = from; i < text.size();) {
    CodePoint cp = DecodeUtf8(text, i);
    if (cp.size == 0) cp = {0xFFFD, 1};
    if (!IsBlank(cp.value)) {
      const bool upper = cp.value >= 'A' && cp.value <= 'Z';
      blanks = 0;
      add(upper ? cp.value + ('a' - 'A') : cp.value < 0x80 ? cp.value : LowerCase(cp.value), i);
    } else if (++blanks == 1) {
      add(uint32_t{' '}, i);
    } else if (blanks == kMaxBlanks + 1) {
      add(kBarrier, i);
    }
    i += cp.size;
  }
}

std::vector<uint32_t> LettersOf(std::string_view term) {
  NormalizeOptions options;
  options.look_alikes = false;
  NormalizedText folded;
  const bool usable = Normalize(term, options, &folded).ok();
  std::vector<uint32_t> letters;
  ForEachLetter(usable ? folded.text() : term, 0, [&](uint32_t letter, size_t) {
    if (letter != kBarrier) letters.push_back(letter);
  });
  while (!letters.empty() && letters.back() == ' ') letters.pop_back();
  if (!letters.empty() && letters.front() == ' ') letters.erase(letters.begin());
  return letters;
}

}  // namespace

uint32_t FuzzyDistance(std::string_view term, uint32_t max_distance) {
  const std::vector<uint32_t> letters = LettersOf(term);
  const auto blanks = std::count(letters.begin(), letters.end(), uint32_t{' '});
  const size_t edits = (letters.size() - static_cast<size_t>(blanks)) / kLettersForEachEdit;
  return static_cast<uint32_t>(std::min<size_t>({edits, max_distance, kMaxFuzzyDistance}));
}

void FuzzyMatcher::Add(RuleId rule, std::string_view term, uint32_t distance) {
  Term added{rule, FuzzyDistance(term, distance), LettersOf(term), 0, 0, false, false};
  const size_t head = std::min(added.letters.size(), kHeadLetters + 2 * added.distance);
  for (size_t i = 0; i < head; ++i) added.head_letters |= LetterBit(added.letters[i]);
  // One more than the edits: a swap may bring the head's last letter behind its neighbour.
  added.head_window = head + added.distance + 1;
  added.begins_in_gap = ClassOf(added.letters.front()) == Class::kGap;
  has_gap_terms_ = has_gap_terms_ || added.begins_in_gap;
  added.ends_in_gap = ClassOf(added.letters.back()) == Class::kGap;
  // Of two candidates that overlap, one after the other.
  longest_bytes_ =
      std::max(longest_bytes_, 2 * kMaxUnitBytes * (added.letters.size() + added.distance));
  const auto place =
      std::upper_bound(terms_.begin(), terms_.end(), added,
                       [](const Term& a, const Term& b) { return a.head_window < b.head_window; });
  terms_.insert(place, std::move(added));
}

bool FuzzyMatcher::Begins(const std::vector<Unit>& units, size_t at, bool in_gap) noexcept {
  switch (units[at].kind) {
    case Class::kAlone:
      return true;
    case Class::kWord:
      return at == 0 || units[at - 1].kind != Class::kWord;
    case Class::kGap:
      break;
  }
  return in_gap && units[at].letter != ' ' && units[at].letter != kBarrier;
}

bool FuzzyMatcher::Ends(const std::vector<Unit>& units, size_t at, bool in_gap) noexcept {
  if (units[at].kind == Class::kWord) {
    return at + 1 == units.size() || units[at + 1].kind != Class::kWord;
  }
  return Begins(units, at, in_gap);
}

// Could the letters of the term's head be within its edits of what stands here? `more`: the text
// may go on.
bool FuzzyMatcher::MayBegin(const Term& term, const std::vector<Unit>& units, size_t begin,
                            bool more, Window* window) noexcept {
  while (window->size < term.head_window) {
    const size_t at = begin + window->size;
    if (at == units.size()) {
      if (more) return true;
      break;
    }
    if (units[at].letter == kBarrier) break;
    window->letters |= LetterBit(units[at].letter);
    ++window->size;
  }
  const int missing = std::popcount(term.head_letters & ~window->letters);
  return static_cast<uint32_t>(missing) <= term.distance;
}

// The best match of at most `distance` edits that begins here. Column by column of the table of
// distances, of which only the cells beside the diagonal can hold so few edits: cell x of column j
// is that of the first j - distance + x letters of the term.
FuzzyMatcher::Alignment FuzzyMatcher::Align(const Term& term, const std::vector<Unit>& units,
                                            size_t begin, uint32_t distance, bool more) noexcept {
  using Column = std::array<uint32_t, 2 * kMaxFuzzyDistance + 2>;
  const size_t width = 2 * size_t{distance} + 1;
  const uint32_t none = distance + 1;
  Column before_last, last, column;
  before_last.fill(none);
  last.fill(none);
  for (size_t x = distance; x < width; ++x) last[x] = static_cast<uint32_t>(x - distance);
  Alignment best;
  const size_t size = term.letters.size();
  for (size_t j = 1;; ++j) {
    const size_t at = begin + j - 1;
    best.open = more && at == units.size();
    if (at == units.size() || units[at].letter == kBarrier) return best;
    column.fill(none);
    uint32_t least = none;
    for (size_t x = 0; x < width; ++x) {
      if (j + x < distance || j + x - distance > size) continue;
      const size_t i = j + x - distance;
      uint32_t cell = last[x + 1] + 1;
      if (x > 0) cell = std::min(cell, column[x - 1] + 1);
      if (i > 0) cell = std::min(cell, last[x] + (term.letters[i - 1] != units[at].letter));
      const bool swapped = i > 1 && j > 1 && term.letters[i - 1] == units[at - 1].letter &&
                           term.letters[i - 2] == units[at].letter;
      if (swapped) cell = std::min(cell, before_last[x] + 1);
      column[x] = std::min(cell, none);
      least = std::min(least, column[x]);
      const bool whole = i == size && column[x] <= std::min(distance, best.distance);
      if (whole && Ends(units, at, term.ends_in_gap)) {
        best.distance = column[x];
        best.end = at + 1;
      }
    }
    if (least > distance) return best;
    before_last = last;
    last = column;
  }
}

// Of the candidates that overlap the one that begins here, the one with the fewest edits. `open`:
// it may be another one when the text goes on.
FuzzyMatcher::Choice FuzzyMatcher::Choose(const Term& term, const std::vector<Unit>& units,
                                          size_t begin, bool more) noexcept {
  Choice choice{begin, Align(term, units, begin, term.distance, more)};
  if (!choice.best.found()) return choice;
  const size_t end = choice.best.end;
  for (size_t next = begin + 1; next < end && choice.best.distance > 0; ++next) {
    if (choice.best.open) return choice;
    if (!Begins(units, next, term.begins_in_gap)) continue;
    const Alignment other = Align(term, units, next, choice.best.distance - 1, more);
    if (other.found()) {
      choice = {next, other};
    } else if (other.open) {
      choice.best.open = true;
    }
  }
  return choice;
}

// Appends to *out, if given. `more`: the text may go on, and the place is returned from which that
// can change something; kSpent where the budget, if given, is. (*free_from)[t]: behind the last
// match of a term.
size_t FuzzyMatcher::ScanPiece(std::string_view text, size_t from, bool more, WorkBudget* budget,
                               std::vector<size_t>* free_from, std::vector<Match>* out) const {
  // One code point of context says whether a word begins.
  size_t first = from;
  while (first > 0 && IsContinuation(text[--first])) {
  }
  std::vector<Unit> units;
  units.reserve(text.size() - first);
  ForEachLetter(text, first, [&](uint32_t letter, size_t at) {
    units.push_back({letter, static_cast<uint32_t>(at), ClassOf(letter)});
  });
  for (size_t begin = 0; begin < units.size(); ++begin) {
    if (units[begin].at < from) continue;
    const bool begins_word = Begins(units, begin, false);
    if (!begins_word && !(has_gap_terms_ && Begins(units, begin, true))) continue;
    if (budget != nullptr && !budget->Spend(terms_.size())) return kSpent;
    Window window;
    for (size_t t = 0; t < terms_.size(); ++t) {
      const Term& term = terms_[t];
      if (!begins_word && !term.begins_in_gap) continue;
      if (units[begin].at < (*free_from)[t]) continue;
      if (!MayBegin(term, units, begin, more, &window)) continue;
      if (budget != nullptr && !budget->Spend(term.letters.size())) return kSpent;
      const Choice choice = Choose(term, units, begin, more);
      if (choice.best.open) return units[begin].at;
      if (!choice.best.found()) continue;
      // Blanks behind the last letter are no part of the match.
      const size_t last = units[choice.best.end - 1].at;
      const size_t end = last + std::max<size_t>(DecodeUtf8(text, last).size, 1);
      (*free_from)[t] = end;
      if (out != nullptr) {
        out->push_back({term.rule, units[choice.begin].at, end, units[begin].at, 0});
      }
    }
  }
  return text.size();
}

size_t FuzzyMatcher::Scan(std::string_view text, size_t from, bool more, WorkBudget* budget,
                          std::vector<Match>* out) const {
  std::vector<size_t> free_from(terms_.size(), 0);
  for (;;) {
    size_t limit = std::min(text.size(), from + kPieceBytes);
    while (limit < text.size() && IsContinuation(text[limit])) ++limit;
    const bool last = limit == text.size();
    const size_t next =
        ScanPiece(text.substr(0, limit), from, more || !last, budget, &free_from, out);
    if (last || next == kSpent) return next;
    from = next;
  }
}

bool FuzzyMatcher::FindAll(std::string_view text, size_t from, std::vector<Match>* out,
                           WorkBudget* budget) const {
  const size_t before = out->size();
  if (Scan(text, from, false, budget, out) == kSpent) return false;
  if (budget == nullptr) return true;
  const size_t found = out->size() - before;
  if (found > budget->matches_left()) return false;
  budget->Keep(found);
  return true;
}

size_t FuzzyMatcher::HoldFrom(std::string_view text, size_t from) const {
  return Scan(text, from, true, nullptr, nullptr);
}

}  // namespace kt::detect
