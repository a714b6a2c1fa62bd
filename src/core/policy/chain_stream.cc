// The stream side of ChainRun: what of a growing text may go out.
#include <algorithm>
#include <chrono>
#include <utility>

#include "core/policy/chain_buffers.h"

namespace kt::policy {
namespace {

// Matches that overlap one another in a row move the cut back beyond the longest one; an answer
// that keeps doing so is cut off rather than held for ever.
constexpr size_t kHoldFactor = 2;

// `text` without a code point that its end has cut: no expression matches half of one.
std::string_view WholeCodePoints(std::string_view text) {
  size_t tail = 0;
  while (tail < 4 && tail < text.size()) {
    const auto byte = static_cast<unsigned char>(text[text.size() - ++tail]);
    if (byte < 0x80) return text;
    if (byte < 0xC0) continue;
    const size_t length = byte < 0xE0 ? 2 : (byte < 0xF0 ? 3 : 4);
    return tail < length ? text.substr(0, text.size() - tail) : text;
  }
  return text;
}

// The last offset, at most `cut`, that lies inside no match: a match is judged as a whole, once.
size_t OutsideMatches(std::span<const detect::Match> matches, size_t cut) {
  for (bool moved = true; moved;) {
    moved = false;
    for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
      if (match->whole_begin < cut && cut < match->end) {
        cut = match->whole_begin;
        moved = true;
      }
    }
  }
  return cut;
}

// An encoded token at the end has a limit of its own.
bool HeldTooLong(const detect::Matcher& matcher, std::string_view text, size_t cut) {
  const size_t limit =
      kHoldFactor * std::max(matcher.longest_match_bytes(), detect::kMaxMatchBytes);
  if (text.size() - cut <= limit) return false;
  const size_t token = detect::ViewHoldFrom(text, cut);
  return token - cut > limit || text.size() - token > detect::kMaxStreamTokenBytes;
}

// Where the context of `from` begins that a reading needs.
size_t ContextBegin(std::string_view text, size_t from) noexcept {
  size_t begin = from - std::min(from, kStreamContextBytes);
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return begin;
}

}  // namespace

std::optional<Block> ChainRun::JudgeDelta(std::string_view text, size_t from, bool final,
                                          openai::Role role, size_t* cleared,
                                          std::vector<TextEdit>* edits,
                                          std::unique_ptr<detect::WindowScorer>* scorer,
                                          std::optional<openai::Saying> count_as) {
  *cleared = from;
  edits->clear();
  if (!final) text = WholeCodePoints(text);
  if (text.size() < from) return std::nullopt;
  if (!has_output_phase()) {
    *cleared = text.size();
    return std::nullopt;
  }
  const uint64_t start = NowNs();
  const size_t base = ContextBegin(text, from);
  const std::string_view seen = text.substr(base);
  const size_t seen_from = from - base;
  const TrimAfter trim(&buffers_, 1);
  buffers_.reader.Use(chain_.matcher());
  if (buffers_.judged.empty()) buffers_.judged.resize(1);
  JudgedText& read = buffers_.judged[0];
  size_t cut = seen_from;
  read.cached = JudgedText::Cached::kNot;  // of a text of the request
  NoteFailure(buffers_.reader.ReadDelta(seen, seen_from, final, &read.reading, &cut), &read);
  if (read.failed) cut = seen.size();
  cut = std::max(seen_from, OutsideMatches(read.reading.matches(), cut));
  if (HeldTooLong(chain_.matcher(), seen, cut)) {
    if (auto block = HoldLimit()) return block;
    cut = seen.size();
  }
  last_ns_ = NowNs();
  matching_ns_ = last_ns_ - start;
  if (cut == seen_from && !final) return std::nullopt;

  read.reading.DropMatchesAfter(cut);
  Text unit;
  unit.unit.text = seen.substr(0, cut);
  unit.unit.role = role;
  unit.unit.phase = Phase::kOutput;
  // What is blocked was not judged for good: the caller may show less of it.
  detect::WindowScorer* heard = nullptr;
  if (scorer != nullptr && !read.failed && WantsScores(unit.unit)) {
    if (*scorer == nullptr) *scorer = std::make_unique<detect::WindowScorer>(*chain_.classifier());
    heard = scorer->get();
    heard->Mark();
    read.reading.HearDelta(seen_from, cut, final, heard);
  }
  if (!read.failed && read.reading.says_nothing() && NeedSomethingFound(Phase::kOutput)) {
    OutcomeOf(FirstActive(Phase::kOutput), Phase::kOutput).latency_ns +=
        std::exchange(matching_ns_, 0);
    *cleared = base + cut;
    return std::nullopt;
  }
  buffers_.delta_edits.resize(1);
  buffers_.delta_edits[0].clear();
  if (auto block = RunEntries(Phase::kOutput, {&unit, 1}, {&read, 1}, &buffers_.delta_edits)) {
    if (heard != nullptr) heard->Rewind();
    block->begin += base;
    block->end += base;
    return block;
  }
  *cleared = base + cut;
  std::swap(*edits, buffers_.delta_edits[0]);
  if (count_as) CountRedactions(*edits, *count_as);
  for (TextEdit& edit : *edits) {
    edit.begin += base;
    edit.end += base;
  }
  return std::nullopt;
}

// What has been held so long may be one value that no rule can judge: whatever the fail mode, it
// must not go out.
std::optional<Block> ChainRun::HoldLimit() {
  return Refuse(FirstActive(Phase::kOutput), Phase::kOutput, "hold_limit");
}

size_t ChainRun::FirstActive(Phase phase) const noexcept {
  size_t index = 0;
  while (!Active(chain_.entries()[index], phase)) ++index;
  return index;
}

// Whether all that take part have spoken once, and would not of a text in which nothing was found.
bool ChainRun::NeedSomethingFound(Phase phase) const noexcept {
  for (size_t i = 0; i < chain_.entries().size(); ++i) {
    const ChainEntry& entry = chain_.entries()[i];
    const bool ran = outcome_index_[i * 2 + static_cast<size_t>(phase)] != kNotRun;
    if ((!ran || !entry.policy->needs_something_found()) && Active(entry, phase)) return false;
  }
  return true;
}

}  // namespace kt::policy
