#include "core/detect/rule_search.h"

#include <algorithm>
#include <utility>

#include "core/detect/passages.h"
#include "core/detect/prefix.h"
#include "core/detect/rule_errors.h"

namespace kt::detect {
namespace {

// Expressions of packs are known to need less than what a user may write.
constexpr int64_t kMemoryBytes = int64_t{2} << 20, kTrustedMemoryBytes = int64_t{1} << 20;
constexpr int kMaxGroup = 4;

// What an unbounded rule may cost on one text, in bytes looked at for each byte of it.
constexpr size_t kWorkPerByte = 64;
constexpr size_t kWorkFloor = size_t{1} << 20, kMostWork = size_t{128} << 20;
// A rule with longer matches than this is searched for from a candidate on, not around it.
constexpr size_t kMaxWindow = 4096;

size_t NextCodePoint(std::string_view text, size_t i) noexcept {
  do {
    ++i;
  } while (i < text.size() && IsUtf8Tail(text[i]));
  return i;
}

}  // namespace

RE2::Options QuietOptions(bool ignore_case, int64_t memory_bytes) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  options.set_max_mem(memory_bytes);
  return options;
}

const RE2* RuleSearch::Expression(std::string* error) const {
  std::call_once(expression_once_, [&] {
    const int64_t memory = rule.trusted ? kTrustedMemoryBytes : kMemoryBytes;
    expression_ = std::make_unique<RE2>(rule.pattern, QuietOptions(rule.ignore_case, memory));
  });
  if (error != nullptr) *error = expression_->error();
  return expression_->ok() ? expression_.get() : nullptr;
}

const RE2* RuleSearch::Hold() const {
  std::call_once(hold_once_, [&] {
    const Result<RegexNode> tree = ParseRegex(rule.pattern, rule.ignore_case);
    const std::string form = tree.ok() ? BeginningsForm(tree.value(), rule.ignore_case) : "(";
    hold_ = std::make_unique<RE2>(form + "\\z", QuietOptions(false, kMemoryBytes));
  });
  return hold_->ok() ? hold_.get() : nullptr;
}

Status RuleSearch::Prepare(const KnownFacts* known) {
  int groups = kMaxGroup;
  if (!rule.trusted) {
    std::string error;
    const RE2* expression = Expression(&error);
    if (expression == nullptr) {
      return Status::InvalidArgument(rule.id + ": not an RE2 expression: " + ShortError(error) +
                                     HintFor(rule.pattern, error));
    }
    if (const std::string_view why = Useless(rule.pattern); !why.empty()) {
      return Status::InvalidArgument(rule.id + ": " + std::string(why));
    }
    groups = std::min(groups, expression->NumberOfCapturingGroups());
  }
  if (rule.group < 0 || rule.group > groups) {
    return Status::InvalidArgument(rule.id + ": the pattern has no such group");
  }
  std::unique_ptr<RuleFacts> facts;
  if (rule.trusted && known != nullptr) facts = known->Find(rule);
  if (facts == nullptr) {
    facts = std::make_unique<RuleFacts>(DeriveFacts(rule.pattern, rule.ignore_case, rule.group));
  }
  derived_ = facts->derived;
  if (derived_) {
    max_bytes = facts->longest;
    if (max_bytes == 0u && !rule.trusted) {
      return Status::InvalidArgument(rule.id + ": matches only where nothing stands: never acts");
    }
    if (!max_bytes && rule.finite && !rule.trusted) {
      return Status::InvalidArgument(
          rule.id +
          ": has no longest match, and answers are streamed: write {0,40} instead of *, "
          "{1,40} instead of +");
    }
    begins_ = max_bytes != 0u;
    window_ = max_bytes.value_or(0) <= kMaxWindow ? max_bytes.value_or(0) : 0;
    required = std::move(facts->required);
    beginnings = std::move(facts->beginnings);
    alphabet_ = facts->alphabet;
    head_of_group_ = std::move(facts->head);
    RequireWords();
    RequireDigits();
    SetOpening();
    alphabet_ |= ~ByteSet() << 0x80;  // what is not ASCII may fold to it
    if (!rule.output) beginnings.reset();
  }
  begins_with_value_ = rule.group == 0 || (rule.group == 1 && rule.pattern.starts_with("\\b(") &&
                                           !rule.pattern.starts_with("\\b(?"));
  bounded_ = max_bytes && *max_bytes <= kMaxMatchBytes;
  if (!bounded_) {
    max_bytes.reset();
    if (derived_ && rule.max_match_bytes != 0) {
      max_bytes = std::min(rule.max_match_bytes, kMaxDeclaredBytes);
    }
  }
  const bool held = rule.output && max_bytes && begins_;
  if (!rule.trusted && held && Hold() == nullptr) {
    return Status::ResourceExhausted(rule.id + ": hold-back: " + hold_->error());
  }
  return Status::Ok();
}

// The words that the validator asks for, as a condition of all literals.
void RuleSearch::RequireWords() {
  if (!required || rule.needs.empty() || rule.group != 0) return;
  size_t before = 0;
  for (const Factor& factor : *required) before = std::max(before, factor.max_before);
  if (before == kAnywhereBefore) return;
  const auto words =
      std::make_shared<const Condition>(WordsBefore(rule.needs, before + kContextBytes));
  for (Factor& factor : *required) {
    factor.conditions.insert(factor.conditions.begin(), words);
  }
}

// Where the candidate begins with its literals, the digits are behind them.
void RuleSearch::RequireDigits() {
  if (!required || rule.min_digits == 0) return;
  for (Factor& factor : *required) {
    const bool begins = factor.max_before == 0 && rule.group == 0;
    if (!begins && (rule.group == 0 || LongRunOf(factor) == LongRun::kNone)) continue;
    factor.min_digits = std::max(factor.min_digits, rule.min_digits);
    if (LongRunOf(factor) == LongRun::kNone) factor.run = alphabet_;
  }
}

bool RuleSearch::folds() const noexcept {
  if (rule.ignore_case) return true;
  const std::string_view pattern = rule.pattern;
  for (size_t at = pattern.find("(?"); at != pattern.npos; at = pattern.find("(?", at + 2)) {
    const size_t end = pattern.find_first_not_of("imsU-", at + 2);
    if (pattern.substr(at, end - at).find('i') != pattern.npos) return true;
  }
  return false;
}

std::string RuleSearch::Loose() const {
  const Result<RegexNode> tree = ParseRegex(rule.pattern, rule.ignore_case);
  if (tree.ok()) return LooseForm(tree.value(), rule.ignore_case);
  return (rule.ignore_case ? "(?i:" : "(?:") + rule.pattern + ")";
}

void RuleSearch::Release() noexcept {
  required.reset();
  beginnings.reset();
}

// The leftmost match in [pos, limit) of the text; beyond is context.
bool RuleSearch::SearchWindow(std::string_view text, size_t pos, size_t limit, Span* span,
                              RE2::Anchor anchor) const {
  re2::StringPiece groups[kMaxGroup + 1];
  const bool headed = !head_of_group_.pattern.empty();
  if (!expression_->Match(re2::StringPiece(text.data(), text.size()), pos, limit, anchor, groups,
                          headed ? 1 : rule.group + 1)) {
    return false;
  }
  if (headed && !Capture(text, limit, groups)) return false;
  span->whole_begin = static_cast<size_t>(groups[0].data() - text.data());
  span->begin = span->end = span->whole_begin;
  const re2::StringPiece& value = groups[rule.group];
  if (value.data() != nullptr) {
    span->begin = static_cast<size_t>(value.data() - text.data());
    span->end = span->begin + value.size();
  }
  return true;
}

// As SearchWindow over the whole rest, but looks no further ahead than it must: RE2 reads on for
// as long as some beginning of a match is alive, which for an unbounded rule can be the whole text
// at every match. Doubles the window until nothing before the found match is alive at its end.
RuleSearch::Found RuleSearch::SearchUnbounded(std::string_view text, size_t pos, size_t* work,
                                              WorkBudget* budget, Span* span) const {
  for (size_t window = kFirstWindow;; window *= 2) {
    size_t limit = pos + std::min(window, text.size() - pos);
    while (limit < text.size() && IsUtf8Tail(text[limit])) ++limit;
    if (*work < limit - pos || !MayLook(limit - pos, budget)) return Found::kTooMuchWork;
    *work -= limit - pos;
    const bool hit = SearchWindow(text, pos, limit, span);
    if (limit == text.size()) return hit ? Found::kYes : Found::kNo;
    re2::StringPiece alive;
    const bool held =
        hold_->Match(re2::StringPiece(text.data(), limit), pos, limit, RE2::UNANCHORED, &alive, 1);
    const size_t hold = held ? static_cast<size_t>(alive.data() - text.data()) : limit;
    if (hit && span->whole_begin < hold) return Found::kYes;
    if (!hit && hold - pos > window / 2) {  // nothing begins before `hold`
      pos = hold;
      window = kFirstWindow / 2;
    }
  }
}

RuleSearch::Found RuleSearch::SearchFrom(std::string_view text, size_t pos, size_t* work,
                                         WorkBudget* budget, Span* span) const {
  if (derived_ && !bounded_) return SearchUnbounded(text, pos, work, budget, span);
  if (!MayLook(text.size() - pos, budget)) return Found::kTooMuchWork;
  if (!SearchWindow(text, pos, text.size(), span)) return Found::kNo;
  if (derived_) return Found::kYes;
  // No prefix is known of an expression outside the subset: every search may read to the end.
  *work -= std::min(*work, text.size() - pos);
  return *work == 0 ? Found::kTooMuchWork : Found::kYes;
}

void RuleSearch::SetOpening() {
  opens_word_ = knows_opening_ = beginnings.has_value();
  opening_.set();
  if (!beginnings) return;
  opening_.reset();
  opening_mask_ = ~uint64_t{0};
  size_t count = 0;
  for (const FactorGroup& group : *beginnings) {
    count += group.texts.size();
    for (const FactorGroup::Text& text : group.texts) {
      opens_word_ &= text.start == Factor::Start::kWord;
      opening_.set(text.key >> 56);
      opening_mask_ &= ~uint64_t{0} >> (64 - 8 * text.size());
    }
  }
  std::vector<uint64_t> sorted;
  sorted.reserve(count);
  for (const FactorGroup& group : *beginnings) {
    for (const FactorGroup::Text& text : group.texts) {
      openings_.set(OpeningIndex(__builtin_bswap64(text.key) & opening_mask_));
      sorted.push_back(text.key);
    }
  }
  if (!std::is_sorted(sorted.begin(), sorted.end())) std::sort(sorted.begin(), sorted.end());
  opening_heads_.AddSorted(sorted);
  opening_heads_.AddForeign();
  opening_ |= ~ByteSet() << 0x80;  // what is not ASCII may fold to it
}

bool RuleSearch::MayOpen(std::string_view text, size_t at) const noexcept {
  if (!opening_[static_cast<unsigned char>(FoldByte(text[at]))]) return false;
  constexpr uint64_t kForeign = 0x8080808080808080u;
  const uint64_t bytes = LoadFolded(text, at) & opening_mask_;
  // What is not ASCII may fold to it, and is longer: the bytes behind it say nothing.
  return (bytes & kForeign) != 0 || openings_[OpeningIndex(bytes)];
}

size_t RuleSearch::Opening(std::string_view text, size_t pos, size_t last) const noexcept {
  if (!knows_opening_ || pos > last) return pos;
  if (opens_word_) {
    const size_t end = std::min(last + 1, text.size());
    const auto opens = [&](size_t at) { return MayOpen(text, at); };
    if (pos + 1 == end) return BeginsWord(text, pos) && opens(pos) ? pos : last + 1;
    return std::min(FirstWord(opening_heads_, text, pos, end, opens), last + 1);
  }
  while (pos <= last && pos < text.size() && !MayOpen(text, pos)) ++pos;
  return pos;
}

// What has grown beyond the longest match began none. A declared bound is none: what is longer
// must stay held.
bool RuleSearch::HoldsAt(std::string_view text, size_t at) const {
  if (bounded_ && text.size() - at > *max_bytes) return false;
  const RE2* hold = Hold();
  if (hold == nullptr) return true;
  const re2::StringPiece piece(text.data(), text.size());
  return hold->Match(piece, at, text.size(), RE2::ANCHOR_START, nullptr, 0);
}

size_t RuleSearch::HoldFrom(std::string_view text, size_t from) const {
  size_t start = bounded_ ? text.size() - std::min(text.size(), *max_bytes) : from;
  while (start > 0 && IsUtf8Tail(text[start])) --start;
  start = std::max(start, from);
  const RE2* hold = Hold();
  if (hold == nullptr || start >= text.size()) return start;
  const re2::StringPiece piece(text.data(), text.size());
  re2::StringPiece found;
  if (!hold->Match(piece, start, text.size(), RE2::UNANCHORED, &found, 1)) return text.size();
  return static_cast<size_t>(found.data() - text.data());
}

Status RuleSearch::Ready() const {
  const RE2* expression = Expression();
  if (expression == nullptr || rule.group > expression->NumberOfCapturingGroups() ||
      (derived_ && !bounded_ && Hold() == nullptr)) {
    return Status::Internal(rule.id + ": does not compile");
  }
  return Status::Ok();
}

bool RuleSearch::IsDenied(const Span& span, const Look& look) const {
  if (!rule.respelled || look.writing == nullptr || span.begin >= span.end) return false;
  return look.writing->IsAscii(span.begin, span.end);
}

size_t RuleSearch::Take(RuleId id, std::string_view text, const Span& span, const Look& look,
                        std::vector<Match>* out) const {
  if (IsDenied(span, look)) {
    // Written otherwise it counts in the next text.
    if (look.passages != nullptr) look.passages->Spoil(span.whole_begin, span.end);
    // One without a bound is not looked for at each place of a word: no stream is judged by it.
    return bounded_ ? NextCodePoint(text, span.whole_begin) : span.end;
  }
  size_t bytes = span.end - span.begin;
  const Candidate candidate{text, span.begin, span.end};
  if (bytes > 0 && rule.validate) bytes = std::min(bytes, rule.validate(candidate));
  if (bytes == 0) return NextCodePoint(text, span.whole_begin);
  out->push_back({id, span.begin, span.begin + bytes, span.whole_begin, candidate.kind});
  return span.begin + bytes;
}

Status RuleSearch::TooMuchWork() const {
  return Status::ResourceExhausted(rule.id + ": costs too much on this text");
}

Status RuleSearch::FindAll(RuleId id, std::string_view text, size_t from, const Look& look,
                           std::vector<Match>* out) const {
  if (Status status = Ready(); !status.ok()) return status;
  size_t work = std::clamp(text.size() * kWorkPerByte, kWorkFloor, kMostWork);
  const size_t most = out->size() + look.budget->matches_left();
  for (size_t pos = from; pos <= text.size();) {
    Span span;
    const Found found = SearchFrom(text, pos, &work, look.budget, &span);
    if (found == Found::kNo) break;
    if (found == Found::kTooMuchWork || out->size() >= most) return TooMuchWork();
    pos = Take(id, text, span, look, out);
  }
  return Status::Ok();
}

}  // namespace kt::detect
