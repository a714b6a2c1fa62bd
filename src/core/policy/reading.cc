#include "core/policy/reading.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/ascii.h"
#include "core/detect/utf8.h"
#include "core/policy/plain_writing.h"
#include "core/policy/reading_groups.h"

namespace kt::policy {
namespace {

using detect::ByteSpan;
using detect::Match;

bool Before(const Match& a, const Match& b) noexcept {
  if (a.begin != b.begin) return a.begin < b.begin;
  return a.end != b.end ? a.end > b.end : a.rule < b.rule;
}

constexpr bool IsToken(detect::ViewKind kind) noexcept {
  return (detect::ViewBit(kind) & detect::kTokenViews) != 0;
}

constexpr auto kSame = detect::PartOrigin::kSame;

// What is decoded is its own spelling.
class ViewWriting final : public detect::Writing {
 public:
  explicit ViewWriting(std::string_view text) : text_(text) {}
  bool IsAscii(size_t begin, size_t end) override {
    return policy::IsAscii(text_.substr(begin, end - begin));
  }

 private:
  std::string_view text_;
};

std::string_view CodePointAt(std::string_view text, size_t at) noexcept {
  if (at >= text.size()) return {};
  return text.substr(at, std::max<size_t>(detect::DecodeUtf8(text, at).size, 1));
}

// Whether a match in the piece of a view with the parts [first, part) tells more than the text that
// the view was made of. What only stands before the decoded parts is judged there, and what begins
// with the piece, where that cuts a word of the text in two.
bool TellsMore(const Match& match, const detect::View& view, size_t first, size_t part,
               std::string_view text) noexcept {
  const detect::ViewPart& begin = view.parts[first];
  const bool half = begin.origin == kSame && begin.begin > 0 && !IsBlank(text[begin.begin - 1]);
  if (half && match.whole_begin == begin.at) return false;
  while (first < part && view.parts[first].origin == kSame) ++first;
  return first < part && match.end > view.parts[first].at;
}

// `digits` hex digits at `at` that stand for no ASCII character of a word: for a sign, or a part of
// a character beyond ASCII.
bool IsSign(std::string_view text, size_t at, size_t digits) noexcept {
  if (text.size() < at + digits) return false;
  uint32_t value = 0;
  const char* const last = text.data() + at + digits;
  const auto [end, error] = std::from_chars(text.data() + at, last, value, 16);
  if (error != std::errc() || end != last) return false;
  return value >= 0x80 || (!IsAlnum(static_cast<char>(value)) && value != '_');
}

// How many bytes at `begin` are the rest of an escape sequence that began one byte before: of
// "\n", "\u201c", "\x3c", "%3C", and of more of the last.
size_t RestOfEscape(std::string_view raw, size_t begin) noexcept {
  if (begin == 0) return 0;
  const std::string_view rest = raw.substr(begin);
  if (raw[begin - 1] == '%') {
    constexpr size_t kFarEnough = 64;
    size_t size = IsSign(rest, 0, 2) ? 2 : 0;
    while (size > 0 && size < kFarEnough && rest.substr(size).starts_with('%') &&
           IsSign(rest, size + 1, 2)) {
      size += 3;
    }
    return size;
  }
  if (raw[begin - 1] != '\\') return 0;
  // More digits are a number: of "CORP\u12345@acme.com" none stay.
  const bool number = rest.substr(1, 5).find_first_not_of("0123456789") == rest.npos;
  if (rest.starts_with('u')) return !number && IsSign(rest, 1, 4) ? 5 : 0;
  if (rest.starts_with('x')) return IsSign(rest, 1, 2) ? 3 : 0;
  const bool blank = rest.starts_with('n') || rest.starts_with('r') || rest.starts_with('t');
  return blank ? 1 : 0;
}

// "\njane@…", "%3Cjane@…": where a value was also found without what is left of the escape before
// it, that is none of its own. What stays stands for both: a stream cuts neither. Precondition: in
// order.
void DropRestsOfEscapes(std::string_view raw, std::vector<Match>* matches) {
  const auto is_told_better = [&](size_t i) {
    const Match& match = (*matches)[i];
    const size_t begin = match.begin + RestOfEscape(raw, match.begin);
    if (begin == match.begin) return false;
    for (size_t j = i + 1; j < matches->size() && (*matches)[j].begin <= begin; ++j) {
      Match& other = (*matches)[j];
      if (other.begin > match.begin && other.rule == match.rule && other.end == match.end) {
        other.whole_begin = std::min(other.whole_begin, match.whole_begin);
        return true;
      }
    }
    return false;
  };
  size_t kept = 0;
  for (size_t i = 0; i < matches->size(); ++i) {
    if (!is_told_better(i)) (*matches)[kept++] = (*matches)[i];
  }
  matches->resize(kept);
}

}  // namespace

ByteSpan Reading::Raw(size_t begin, size_t end) const noexcept {
  if (!folded()) return {begin, end};
  return {deep_->normalized.RawBegin(begin), deep_->normalized.RawEnd(end)};
}

size_t Reading::PlainOf(size_t raw) const noexcept {
  if (!folded()) return std::min(raw, plain_.size());
  size_t low = 0, high = plain_.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (deep_->normalized.RawBegin(middle) < raw) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

const ViewReading* Reading::main_view() const noexcept {
  const ViewReading* main = nullptr;
  for (const ViewReading& view : views()) {
    const size_t best = main == nullptr ? 0 : main->covered;
    if (detect::IsMainView(view.covered, best, plain_.size())) main = &view;
  }
  return main;
}

detect::Scores Reading::ScorePart(std::string_view part, uint32_t windows) const {
  return classifier_->Score(part, &windows);
}

void Reading::DropMatchesAfter(size_t raw) {
  std::erase_if(matches_, [&](const Match& match) { return match.end > raw; });
}

void Reading::Trim(std::unique_ptr<Deep>* deep) {
  (*deep)->views.clear();
  (*deep)->inner.clear();
  const size_t bytes = (*deep)->normalized.held_bytes() + (*deep)->decoded.held_bytes();
  if (bytes > kKeptBytes || (*deep)->plain_matches.capacity() > kKeptMatches) deep->reset();
}

void Reading::Trim() {
  if (matches_.capacity() > kKeptMatches) std::vector<Match>().swap(matches_);
  if (deep_ != nullptr) Trim(&deep_);
}

void Reader::Trim() {
  if (found_.capacity() > Reading::kKeptMatches) std::vector<Match>().swap(found_);
  if (spare_ != nullptr) Reading::Trim(&spare_);
}

void Reader::Clear(std::string_view raw, Reading* out) {
  out->raw_ = out->plain_ = raw;
  out->matches_.clear();
  out->scores_.reset();
  if (out->deep_ != nullptr) spare_ = std::move(out->deep_);
}

Status Reader::Prepare(std::string_view raw, unsigned views, Reading* out) {
  Clear(raw, out);
  if (spare_ == nullptr) spare_ = std::make_unique<Reading::Deep>();
  Reading::Deep& deep = *spare_;
  deep.plain_matches.clear();
  deep.views.clear();
  deep.inner.clear();
  if (Status s = detect::Normalize(raw, {}, &deep.normalized); !s.ok()) return s;
  if (Status s = detect::BuildViews(deep.normalized, views, &deep.decoded); !s.ok()) return s;
  out->plain_ = deep.normalized.text();
  if (deep.normalized.identical() && deep.decoded.views().empty()) return Status::Ok();
  out->deep_ = std::move(spare_);
  return Status::Ok();
}

bool PlainWriting::IsAscii(size_t begin, size_t end) {
  const ByteSpan raw = reading_.Raw(begin, end);
  if (!policy::IsAscii(reading_.raw().substr(raw.begin, raw.end - raw.begin))) return false;
  if (end == end_) open_ = std::min(open_, begin);
  return true;
}

Status Reader::MatchPlain(const Options& options, Reading* out) {
  detect::Passages* passages = nullptr;
  if (options.passages != nullptr) {
    passages = options.passages->Begin(options.circumstances, out->plain_);
  }
  PlainWriting writing(*out, out->plain_.size());
  Status status = matcher_->FindAll(out->plain_, 0, options.scope, &out->matches_, passages,
                                    &budget_, &writing);
  if (status.ok() && passages != nullptr) options.passages->Keep();
  return status;
}

Status Reader::MatchGroups(const detect::View& view, const Options& options, bool spans,
                           Reading* reading, ViewReading* out) {
  const size_t text_end = options.final ? reading->plain_.size() : SIZE_MAX;
  size_t begin = 0;
  for (size_t part = 0; part < view.parts.size();) {
    begin = view.parts[part].at;
    const size_t first = part;
    const size_t end = GroupEnd(view, &part);
    found_.clear();
    const std::string_view group = out->text.substr(begin, end - begin);
    ViewWriting writing(group);
    Status s = matcher_->FindAll(group, 0, options.scope, &found_, nullptr, &budget_, &writing);
    if (!s.ok()) return s;
    // What stands behind the decoded parts may be cut off, if not by what ends any long value: it
    // is judged here as far as it is final, the rest in the text. There, what the match needs
    // before its value must stand, too.
    const detect::ViewPart& last = view.parts[part - 1];
    const bool cut = last.origin == kSame && last.end != text_end;
    const size_t last_at = last.at - begin;
    const std::string_view next = cut ? CodePointAt(reading->plain_, last.end) : std::string_view();
    const bool whole = !next.empty() && !detect::IsOfLongValue(next[0]);
    size_t live = SIZE_MAX;
    for (Match match : found_) {
      bool cut_off = cut && match.begin >= last_at;
      if (cut_off && options.scope == detect::Scope::kOutput && live == SIZE_MAX) {
        live = matcher_->HoldFrom(whole ? std::string(group).append(next) : std::string(group), 0);
      }
      const bool ends = match.end == group.size() && !whole;
      cut_off = cut_off && (ends || (match.whole_begin >= live && match.whole_begin >= last_at));
      match.begin += begin;
      match.end += begin;
      match.whole_begin += begin;
      out->matches.push_back(match);
      if (!spans || cut_off || !TellsMore(match, view, first, part, reading->plain_)) continue;
      const ByteSpan raw = view.Raw(match.begin, match.end, reading->deep_->normalized);
      reading->matches_.push_back({match.rule, raw.begin, raw.end, raw.begin, match.kind});
    }
  }
  return Status::Ok();
}

// Appends what is found in views, and brings all matches into order.
Status Reader::MatchViews(const Options& options, size_t from, Reading* out) {
  if (out->deep_ == nullptr) return Status::Ok();
  Reading::Deep& deep = *out->deep_;
  deep.plain_matches = out->matches_;
  if (out->folded()) {
    for (Match& match : out->matches_) {
      const ByteSpan raw = out->Raw(match.begin, match.end);
      match = {match.rule, raw.begin, raw.end, deep.normalized.RawBegin(match.whole_begin),
               match.kind};
    }
  }
  for (const detect::View& view : deep.decoded.views()) {
    if (view.kind == detect::ViewKind::kSpelled) {
      if (Status s = MatchSpelled(view, options, out); !s.ok()) return s;
      continue;
    }
    ViewReading& reading = deep.views.emplace_back();
    reading.kind = view.kind;
    reading.kinds = detect::ViewBit(view.kind);
    reading.text = view.text;
    reading.covered = view.CoveredBytes();
    const Status status = MatchGroups(view, options, IsToken(view.kind), out, &reading);
    if (!status.ok()) return status;
  }
  std::erase_if(out->matches_, [&](const Match& match) { return match.begin < from; });
  // Of several values of one rule in a token the first one names it, in a stream too.
  if (out->matches_.size() > 1) {
    std::stable_sort(out->matches_.begin(), out->matches_.end(), Before);
  }
  DropRestsOfEscapes(out->raw_, &out->matches_);
  const auto same = [](const Match& a, const Match& b) {
    return a.rule == b.rule && a.begin == b.begin && a.end == b.end;
  };
  const auto end = std::unique(out->matches_.begin(), out->matches_.end(), same);
  out->matches_.erase(end, out->matches_.end());
  return Status::Ok();
}

// What is encoded twice, or encoded and written in look-alikes: for scores of input texts only.
Status Reader::ReadInner(const Options& options, Reading* out) {
  const bool wanted = options.classifier != nullptr && options.scope == detect::Scope::kInput;
  if (!wanted || out->deep_ == nullptr) return Status::Ok();
  Reading::Deep& deep = *out->deep_;
  const unsigned views = options.views & ~detect::ViewBit(detect::ViewKind::kSpelled);
  const auto add = [&](ViewReading reading) {
    Status status =
        matcher_->FindAll(reading.text, 0, options.scope, &reading.matches, nullptr, &budget_);
    if (status.ok()) deep.views.push_back(std::move(reading));
    return status;
  };
  for (size_t i = 0, count = deep.views.size(); i < count; ++i) {
    const ViewReading view = {deep.views[i].kind,   deep.views[i].kinds, deep.views[i].text, {}, {},
                              deep.views[i].covered};
    auto inner = std::make_unique<Reading::Inner>();
    detect::NormalizedText& plain = inner->normalized;
    if (Status s = detect::Normalize(view.text, {}, &plain); !s.ok()) return s;
    if (Status s = detect::BuildViews(plain, views, &inner->decoded); !s.ok()) return s;
    // What lies deeper is what the text says: it covers as much, and one byte more.
    if (!plain.identical()) {
      Status s = add({view.kind, view.kinds, plain.text(), {}, {}, view.covered + 1});
      if (!s.ok()) return s;
    }
    for (const detect::View& deeper : inner->decoded.views()) {
      const size_t bytes = deeper.CoveredBytes();
      const bool main = detect::IsMainView(bytes, 0, plain.text().size());
      const size_t covered = main ? view.covered + 1 + bytes : 0;
      Status s = add(
          {deeper.kind, view.kinds | detect::ViewBit(deeper.kind), deeper.text, {}, {}, covered});
      if (!s.ok()) return s;
    }
    if (plain.identical() && inner->decoded.views().empty()) continue;
    deep.inner.push_back(std::move(inner));
  }
  return Status::Ok();
}

void Reader::Score(const Options& options, Reading* out) const {
  if (options.classifier == nullptr) return;
  out->classifier_ = options.classifier;
  if (options.scope == detect::Scope::kOutput) {
    // As a stream is judged: by itself, and as it is written.
    uint32_t windows = 0;
    out->scores_ = options.classifier->Score(out->plain_, &windows, detect::Gating::kAlways);
    return;
  }
  const auto score = [&](std::string_view text) {
    return options.classifier->Score(text, options.windows);
  };
  // What the text says first, in whatever form: later windows have to show more.
  const ViewReading* main = out->main_view();
  out->scores_ = main == nullptr ? score(out->plain_) : detect::Scores{};
  for (const bool first : {true, false}) {
    if (out->deep_ == nullptr) break;
    for (ViewReading& view : out->deep_->views) {
      if ((&view == main) == first) view.scores = score(view.text);
    }
  }
  out->windows_ = *options.windows;
}

void Reader::Recall(std::string_view raw, std::span<const Match> matches, Reading* out) {
  Clear(raw, out);
  out->matches_.assign(matches.begin(), matches.end());
}

Status Reader::Read(std::string_view raw, const Options& options, Reading* out) {
  // In an answer no escape may wait for those that follow. A user's words may stand behind any.
  const bool all = options.scope == detect::Scope::kOutput || matcher_->has_own_rules();
  const unsigned every = all ? detect::kEveryEscape : 0;
  Status status = Prepare(raw, options.views | every, out);
  if (status.ok()) status = MatchPlain(options, out);
  if (status.ok()) status = MatchViews(options, 0, out);
  if (status.ok()) status = ReadInner(options, out);
  if (!status.ok()) {
    out->matches_.clear();
    if (out->deep_ != nullptr) out->deep_->views.clear();
    return status;
  }
  Score(options, out);
  return Status::Ok();
}

}  // namespace kt::policy
