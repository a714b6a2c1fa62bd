// The search of one rule where the prefilter has found candidates of it.
#include <algorithm>

#include "core/detect/rule_search.h"

namespace kt::detect {
namespace {

// What looking at each place by itself may cost a rule without a bound.
constexpr size_t kPlaceWorkPerByte = 8;
// Places of one range without a match that are tried each by itself before all of the rest are at
// once: one pass, but with an automaton that has a state for each set of places at which something
// is alive. Where names and values are one ("key=key=…"), it makes a new one of nearly each byte.
constexpr int kTries = 48;
// How far a rule looks that may cost much until somebody asks what it has cost.
constexpr size_t kPieceBytes = size_t{32} << 10;

}  // namespace

// Doubles the window until nothing that begins at `pos` is alive at its end.
RuleSearch::Found RuleSearch::SearchAt(std::string_view text, size_t pos, size_t* work,
                                       WorkBudget* budget, Span* span) const {
  for (size_t window = kFirstWindow;; window *= 2) {
    size_t limit = pos + std::min(window, text.size() - pos);
    if (!MayLook(limit - pos, budget)) return Found::kTooMuchWork;
    while (limit < text.size() && IsUtf8Tail(text[limit])) ++limit;
    const bool hit = SearchWindow(text, pos, limit, span, RE2::ANCHOR_START);
    if (limit == text.size()) return hit ? Found::kYes : Found::kNo;
    if (!hold_->Match(re2::StringPiece(text.data(), limit), pos, limit, RE2::ANCHOR_START, nullptr,
                      0)) {
      return hit ? Found::kYes : Found::kNo;
    }
    if (*work < window) return Found::kTooMuchWork;
    *work -= window;
  }
}

// Each place by itself, as long as what begins there ends soon; then over the whole rest at once,
// whose cost has a bound.
Status RuleSearch::FindUnbounded(RuleId id, std::string_view text, size_t from,
                                 const Candidates& candidates, uint32_t range, const Look& look,
                                 std::vector<Match>* out) const {
  size_t work = text.size() * kPlaceWorkPerByte, pos = from;
  const size_t most = out->size() + look.budget->matches_left();
  std::optional<KindsWindow> kinds;
  for (; range != Candidates::kNone; range = candidates.range(range).next) {
    const Candidates::Range& near = candidates.range(range);
    pos = std::max(pos, near.first);
    if (!derived_ || (!knows_opening_ && near.first != near.last)) {
      return pos <= near.last ? FindAll(id, text, pos, look, out) : Status::Ok();
    }
    while ((pos = Opening(text, pos, near.last)) <= near.last) {
      if (IsHopeless(text, pos, &kinds)) {
        ++pos;
        continue;
      }
      Span span;
      const Found found = SearchAt(text, pos, &work, look.budget, &span);
      if (out->size() >= most) return TooMuchWork();
      if (found == Found::kTooMuchWork) return FindAll(id, text, pos, look, out);
      pos = found == Found::kYes ? Take(id, text, span, look, out) : pos + 1;
    }
  }
  return Status::Ok();
}

Status RuleSearch::EndOf(const Search& search) const {
  return search.spent ? TooMuchWork() : Status::Ok();
}

void RuleSearch::FindIn(size_t first, size_t last, Search* search) const {
  if (rule.trusted || last - first < kPieceBytes) return FindInPiece(first, last, search);
  for (; first <= last && !search->spent; first += kPieceBytes) {
    FindInPiece(first, std::min(first + kPieceBytes - 1, last), search);
  }
}

// What begins in [first, last].
void RuleSearch::FindInPiece(size_t first, size_t last, Search* search) const {
  if (search->spent) return;
  const std::string_view text = search->text;
  // It ends in here: what lies beyond cannot change it.
  size_t limit = last + std::min(window_, text.size() - last);
  while (limit < text.size() && IsUtf8Tail(text[limit])) ++limit;
  size_t pos = std::max(search->pos, first);
  Span span;
  int tries = kTries;
  while ((pos = Opening(text, pos, last)) <= last) {
    const bool one_place = (knows_opening_ && tries > 0) || pos == last;
    if (one_place && IsHopeless(text, pos, &search->kinds)) {
      ++pos;
      continue;
    }
    const size_t kept = search->out->size() - search->begin;
    if (!MayLook(one_place ? window_ : limit - pos, search->look.budget) ||
        kept >= search->look.budget->matches_left()) {
      search->spent = true;
      return;
    }
    const RE2::Anchor anchor = one_place ? RE2::ANCHOR_START : RE2::UNANCHORED;
    if (SearchWindow(text, pos, limit, &span, anchor) && span.whole_begin <= last) {
      const size_t matches = search->out->size();
      pos = Take(search->id, text, span, search->look, search->out);
      if (search->out->size() > matches || IsDenied(span, search->look)) {
        search->taken.push_back({span.whole_begin, pos});
      }
      tries = kTries;
    } else if (one_place) {
      ++pos;
      --tries;
    } else {
      pos = last + 1;
    }
  }
  search->pos = pos;
}

// Matches begin there only where they began in the earlier stretch, or where the end of another
// match hid that.
void RuleSearch::FindAgain(const Repeats::Stretch& stretch, Search* search) const {
  const size_t distance = stretch.distance;
  auto& taken = search->taken;
  auto i = static_cast<size_t>(
      std::upper_bound(taken.begin(), taken.end(), stretch.begin - distance,
                       [](size_t at, const Search::Taken& t) { return at < t.end; }) -
      taken.begin());
  for (; i < taken.size() && taken[i].begin + distance < stretch.end; ++i) {
    FindIn(std::max(taken[i].begin + distance, stretch.begin),
           std::min(taken[i].end + distance, stretch.end) - 1, search);
  }
  search->pos = std::max(search->pos, stretch.end);
}

Status RuleSearch::FindAnywhere(RuleId id, std::string_view text, size_t from, const Look& look,
                                std::vector<Match>* out) const {
  if (window_ == 0 || from >= text.size()) return FindAll(id, text, from, look, out);
  if (Status status = Ready(); !status.ok()) return status;
  Search search{id, text, from, look, out, {}, {}, out->size()};
  FindIn(from, text.size() - 1, &search);
  return EndOf(search);
}

Status RuleSearch::FindNear(RuleId id, std::string_view text, size_t from,
                            const Candidates& candidates, uint32_t range, const Look& look,
                            std::vector<Match>* out) const {
  if (Status status = Ready(); !status.ok()) return status;
  // Whatever may go on for ever, or is not at one place.
  if (window_ == 0) return FindUnbounded(id, text, from, candidates, range, look, out);
  Search search{id, text, from, look, out, {}, {}, out->size()};
  std::span<const Repeats::Stretch> repeated;
  if (window_ <= kMostRepeated) repeated = candidates.repeated();
  for (; range != Candidates::kNone; range = candidates.range(range).next) {
    const Candidates::Range& near = candidates.range(range);
    for (; !repeated.empty() && repeated[0].begin <= near.last; repeated = repeated.subspan(1)) {
      if (near.first < repeated[0].begin) FindIn(near.first, repeated[0].begin - 1, &search);
      FindAgain(repeated[0], &search);
    }
    if (search.pos <= near.last) FindIn(near.first, near.last, &search);
  }
  for (const Repeats::Stretch& stretch : repeated) FindAgain(stretch, &search);
  return EndOf(search);
}

}  // namespace kt::detect
