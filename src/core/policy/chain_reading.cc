// The reading side of ChainRun: what of a text is looked for, or known from before.
#include <algorithm>
#include <memory>

#include "core/policy/chain_buffers.h"
#include "core/policy/joined.h"

namespace kt::policy {
namespace {

detect::Scope ScopeOf(Phase phase) noexcept {
  return phase == Phase::kInput ? detect::Scope::kInput : detect::Scope::kOutput;
}

}  // namespace

bool ChainRun::WantsScores(const TextUnit& unit) const noexcept {
  if (chain_.classifier() == nullptr) return false;
  const auto entries = chain_.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const ChainEntry& entry) {
    return Active(entry, unit.phase) && entry.policy->WantsScores(unit);
  });
}

void ChainRun::NoteFailure(const Status& status, JudgedText* out) {
  out->failed = !status.ok();
  if (out->failed && failure_.empty()) failure_ = status.message();
}

void ChainRun::ReadText(const Text& text, Phase phase, JudgedText* out) {
  TextUnit unit = text.unit;
  unit.phase = phase;
  Reader::Options options;
  options.scope = ScopeOf(phase);
  out->cached = JudgedText::Cached::kNot;
  // The windows of an answer are those of its texts one by one, as in a stream.
  const bool scored = (!text.joined || phase == Phase::kInput) && WantsScores(unit);
  if (LookUp(text, phase, scored, out)) return;
  if (options_.cache != nullptr && phase == Phase::kInput) {
    options.passages = &options_.cache->passages();
    options.circumstances = {chain_.id(), options_.caller};
  }
  const uint32_t windows = windows_;
  if (scored) {
    options.classifier = chain_.classifier();
    options.windows = &windows_;
    if (unit.phase == Phase::kInput) options.views = detect::kAllViews;
  }
  NoteFailure(buffers_.reader.Read(unit.text, options, &out->reading), out);
  // Policies without rules pass it all the same.
  if (out->failed) out->cached = JudgedText::Cached::kNot;
  out->passed.windows = windows_ - windows;
}

// Requests only: answers do not come again.
bool ChainRun::LookUp(const Text& text, Phase phase, bool scored, JudgedText* out) {
  const std::string_view bytes = text.unit.text;
  const bool cached = options_.cache != nullptr && phase == Phase::kInput &&
                      selected_.size() <= 64 && bytes.size() >= VerdictCache::kMinBytes;
  if (!cached) return false;
  VerdictCache::Circumstances circumstances;
  circumstances.chain = chain_.id();
  for (size_t i = 0; i < selected_.size(); ++i) {
    circumstances.selected |= uint64_t{selected_[i]} << i;
  }
  if (scored) circumstances.windows = windows_;
  circumstances.role = static_cast<uint8_t>(text.unit.role);
  circumstances.text_class = static_cast<uint8_t>(text.unit.text_class);
  circumstances.joined = text.joined;
  if (!options_.cache->KeyOf(circumstances, options_.caller, bytes, &out->key)) return false;
  out->cached = JudgedText::Cached::kIfPassed;
  out->passed = {};
  out->spoke = 0;
  return Recall(text, out);
}

bool ChainRun::Recall(const Text& text, JudgedText* out) {
  if (const VerdictCache::Passed* passed = options_.cache->Find(out->key)) {
    out->passed = *passed;
  } else if (const VerdictCache::Found* found =
                 options_.cache->FindFound(out->key, &buffers_.found_matches)) {
    out->passed = found->passed;
    out->spoke = found->entries;
    buffers_.reader.Recall(text.unit.text, buffers_.found_matches, &out->reading);
  } else {
    return false;
  }
  out->cached = JudgedText::Cached::kKnown;
  out->failed = false;
  windows_ += out->passed.windows;
  ++cached_texts_;
  return true;
}

void ChainRun::NoteEvaluation(size_t entry, const Status& status, const Evaluation& evaluation,
                              JudgedText* text) const {
  const bool spoke = !evaluation.findings.empty();
  const bool says_it_again = !spoke || chain_.entries()[entry].policy->judges_matches_only();
  if (!status.ok() || !says_it_again || !text->passed.AddScore(entry, evaluation.score)) {
    text->cached = JudgedText::Cached::kNot;
  } else if (spoke && text->cached == JudgedText::Cached::kIfPassed) {
    text->spoke |= uint64_t{1} << entry;
  }
}

void ChainRun::Remember(std::span<const JudgedText> read) {
  for (const JudgedText& text : read) {
    if (text.cached != JudgedText::Cached::kIfPassed) continue;
    if (text.spoke == 0) {
      options_.cache->Add(text.key, text.passed);
      continue;
    }
    std::vector<detect::Match>& found = buffers_.found_matches;
    found.clear();
    for (size_t entry = 0; entry < chain_.entries().size(); ++entry) {
      if ((text.spoke >> entry & 1) == 0) continue;
      const auto matches = MatchesOf(chain_.entries()[entry], text.reading);
      found.insert(found.end(), matches.begin(), matches.end());
    }
    options_.cache->AddFound(text.key, {text.passed, text.spoke}, found);
  }
}

std::span<const ChainRun::Text> ChainRun::WithJoined(std::span<const Text> texts) {
  const auto grouped = [](const Text& text) { return text.group != 0; };
  if (std::count_if(texts.begin(), texts.end(), grouped) < 2) return texts;
  if (buffers_.joined == nullptr) buffers_.joined = std::make_unique<JoinedTexts>();
  buffers_.with_joined.assign(texts.begin(), texts.end());
  buffers_.joined->AppendTo(&buffers_.with_joined, chain_.matcher().longest_match_bytes());
  return buffers_.with_joined;
}

}  // namespace kt::policy
