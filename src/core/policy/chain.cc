#include "core/policy/chain.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "core/policy/chain_buffers.h"
#include "core/policy/joined.h"
#include "core/policy/merge.h"

namespace kt::policy {
namespace {

constexpr std::string_view kFailedMessage = "The content could not be checked.";

// "pii-detector" + "failed" -> "pii_detector.failed"
std::string ReasonCode(std::string_view kind, std::string_view what) {
  std::string out(kind);
  std::replace(out.begin(), out.end(), '-', '_');
  return out.append(".").append(what);
}

// A recorded flag must not read as if something had been done.
std::string FlaggedCode(std::string_view code) {
  const size_t dot = code.rfind('.');
  const std::string_view what = code.substr(dot + 1);
  if (dot == std::string_view::npos || (what != "redacted" && what != "blocked")) {
    return std::string(code);
  }
  return std::string(code.substr(0, dot)) + ".flagged";
}

int Rank(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::kAllowed:
      return 0;
    case Verdict::kFlagged:
      return 1;
    case Verdict::kRedacted:
      return 2;
    case Verdict::kFailedOpen:
      return 3;
    case Verdict::kBlocked:
    case Verdict::kEscalated:
    case Verdict::kError:
      return 4;
  }
  return 0;
}

void Raise(PolicyOutcome* outcome, Verdict verdict, std::string reason_code) {
  if (Rank(verdict) <= Rank(outcome->verdict)) return;
  outcome->verdict = verdict;
  outcome->reason_code = std::move(reason_code);
}

bool Holds(const Condition& when, const RequestFacts& facts) {
  if (!facts.path().starts_with(when.path_prefix)) return false;
  const auto equal = [&](const auto& header) {
    return facts.HeaderEquals(header.first, header.second);
  };
  if (!std::all_of(when.headers.begin(), when.headers.end(), equal)) return false;
  return when.models.empty() ||
         std::find(when.models.begin(), when.models.end(), facts.model()) != when.models.end();
}

uint64_t NextChainId() noexcept {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

}  // namespace

std::string_view VerdictName(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::kAllowed:
      return "allowed";
    case Verdict::kFlagged:
      return "flagged";
    case Verdict::kRedacted:
      return "redacted";
    case Verdict::kBlocked:
      return "blocked";
    case Verdict::kEscalated:
      return "escalated";
    case Verdict::kFailedOpen:
      return "failed_open";
    case Verdict::kError:
      return "error";
  }
  return "error";
}

Chain::Chain(std::vector<ChainEntry> entries, std::unique_ptr<const detect::Matcher> matcher,
             std::unique_ptr<const detect::Classifier> classifier)
    : id_(NextChainId()),
      entries_(std::move(entries)),
      matcher_(std::move(matcher)),
      classifier_(std::move(classifier)) {
  for (ChainEntry& entry : entries_) {
    entry.input = entry.input && entry.policy->RunsIn(Phase::kInput);
    entry.output = entry.output && entry.policy->RunsIn(Phase::kOutput);
  }
}

ChainRun::ChainRun(const Chain& chain, RunOptions options)
    : chain_(chain),
      options_(options),
      own_buffers_(options.buffers == nullptr ? std::make_unique<ChainBuffers>() : nullptr),
      buffers_(options.buffers == nullptr ? *own_buffers_ : *options.buffers),
      selected_(chain.entries().size(), true),
      outcome_index_(chain.entries().size() * 2, kNotRun) {}

ChainRun::~ChainRun() = default;

uint64_t ChainRun::NowNs() noexcept {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

void ChainRun::Select(const RequestFacts& facts) {
  for (size_t i = 0; i < selected_.size(); ++i) {
    selected_[i] = Holds(chain_.entries()[i].when, facts);
  }
}

bool ChainRun::Active(const ChainEntry& entry, Phase phase) const noexcept {
  const auto index = static_cast<size_t>(&entry - chain_.entries().data());
  return (phase == Phase::kInput ? entry.input : entry.output) && selected_[index];
}

bool ChainRun::RunsIn(Phase phase) const noexcept {
  const auto entries = chain_.entries();
  return std::any_of(entries.begin(), entries.end(),
                     [&](const ChainEntry& entry) { return Active(entry, phase); });
}

bool ChainRun::needs_whole_answer() const noexcept {
  // One matcher serves all: a rule without bound makes every hold endless.
  if (!chain_.matcher().streamable() && has_output_phase()) return true;
  const auto entries = chain_.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const ChainEntry& entry) {
    return Active(entry, Phase::kOutput) && (entry.buffered || entry.policy->needs_whole_answer());
  });
}

PolicyOutcome& ChainRun::OutcomeOf(size_t entry, Phase phase) {
  size_t& index = outcome_index_[entry * 2 + static_cast<size_t>(phase)];
  if (index == kNotRun) {
    if (outcomes_.empty()) outcomes_.reserve(outcome_index_.size());
    index = outcomes_.size();
    PolicyOutcome& fresh = outcomes_.emplace_back();
    fresh.kind = chain_.entries()[entry].policy->kind();
    fresh.phase = phase;
  }
  return outcomes_[index];
}

std::span<const detect::Match> ChainRun::MatchesOf(const ChainEntry& entry,
                                                   const Reading& reading) {
  buffers_.own_matches.clear();
  for (const detect::Match& match : reading.matches()) {
    if (match.rule >= entry.first_rule && match.rule < entry.end_rule) {
      buffers_.own_matches.push_back(match);
    }
  }
  return buffers_.own_matches;
}

std::optional<Block> ChainRun::Failed(const ChainEntry& entry, size_t text_index,
                                      PolicyOutcome* outcome) {
  const bool open = options_.fail_mode == FailMode::kAllow || !options_.enforce;
  std::string code = ReasonCode(entry.policy->kind(), "failed");
  Raise(outcome, open ? Verdict::kFailedOpen : Verdict::kError, code);
  if (open) return std::nullopt;
  return Block{entry.policy->kind(), std::move(code), kFailedMessage, false, text_index, 0, 0};
}

std::optional<Block> ChainRun::Refuse(size_t entry, Phase phase, std::string_view why) {
  const std::string_view kind = chain_.entries()[entry].policy->kind();
  std::string code = ReasonCode(kind, why);
  Raise(&OutcomeOf(entry, phase), options_.enforce ? Verdict::kError : Verdict::kFlagged, code);
  if (!options_.enforce) return std::nullopt;
  return Block{kind, std::move(code), kFailedMessage, false, 0, 0, 0};
}

// What one finding does to its text.
std::optional<Block> ChainRun::Apply(const ChainEntry& entry, const Text& text, size_t text_index,
                                     Finding&& finding, PolicyOutcome* outcome,
                                     std::vector<TextEdit>* added) const {
  const bool in_identifier = finding.effect == Effect::kRedact && !text.replaceable &&
                             text.unit.text_class == openai::TextClass::kIdentifier;
  std::string code = in_identifier ? ReasonCode(entry.policy->kind(), "in_identifier")
                                   : std::string(finding.reason_code);
  if (finding.effect == Effect::kFlag || !options_.enforce) {
    Raise(outcome, Verdict::kFlagged, FlaggedCode(code));
    return std::nullopt;
  }
  if (finding.effect == Effect::kRedact && !in_identifier) {
    Raise(outcome, Verdict::kRedacted, std::move(code));
    TextEdit& edit = added->emplace_back();
    edit = {finding.begin, finding.end, std::move(finding.replacement), finding.type,
            finding.restorable};
    edit.shown = finding.shown;
    return std::nullopt;
  }
  const bool escalate = finding.effect == Effect::kEscalate;
  Raise(outcome, escalate ? Verdict::kEscalated : Verdict::kBlocked, code);
  return Block{
      entry.policy->kind(), std::move(code), entry.policy->block_message(), escalate, text_index,
      finding.begin,        finding.end};
}

std::optional<Block> ChainRun::RunEntry(size_t entry_index, Phase phase,
                                        std::span<const Text> texts, std::span<JudgedText> read,
                                        std::vector<std::vector<TextEdit>>* edits) {
  const ChainEntry& entry = chain_.entries()[entry_index];
  PolicyOutcome& outcome = OutcomeOf(entry_index, phase);
  std::vector<TextEdit> added;
  for (size_t i = 0; i < texts.size(); ++i) {
    const bool known = read[i].cached == JudgedText::Cached::kKnown;
    if (known && (read[i].spoke >> entry_index & 1) == 0) {
      outcome.score = std::max(outcome.score, read[i].passed.ScoreOf(entry_index));
      continue;
    }
    Evaluation evaluation;
    TextUnit unit = texts[i].unit;
    unit.reading = &read[i].reading;
    const bool unread = read[i].failed && entry.first_rule != entry.end_rule;
    const Status status =
        unread ? Status::ResourceExhausted("the text could not be read")
               : entry.policy->Evaluate(unit, MatchesOf(entry, read[i].reading), &evaluation);
    if (!known) NoteEvaluation(entry_index, status, evaluation, &read[i]);
    if (!status.ok()) {
      if (auto block = Failed(entry, i, &outcome)) return block;
      continue;
    }
    outcome.score = std::max(outcome.score, evaluation.score);
    std::vector<TextEdit>& merged = (*edits)[i];
    added.clear();
    for (Finding& finding : evaluation.findings) {
      const bool hidden = finding.begin < finding.end && Hides(merged, finding.begin, finding.end);
      if (hidden) continue;
      if (auto block = Apply(entry, texts[i], i, std::move(finding), &outcome, &added)) {
        return block;
      }
    }
    if (added.empty()) continue;
    if (merged.empty()) {
      merged.swap(added);
    } else {
      merged.insert(merged.end(), std::make_move_iterator(added.begin()),
                    std::make_move_iterator(added.end()));
    }
    MergeEdits(&merged);
  }
  return std::nullopt;
}

std::optional<Block> ChainRun::RunEntries(Phase phase, std::span<const Text> texts,
                                          std::span<JudgedText> read,
                                          std::vector<std::vector<TextEdit>>* edits) {
  for (size_t entry = 0; entry < chain_.entries().size(); ++entry) {
    if (!Active(chain_.entries()[entry], phase)) continue;
    std::optional<Block> block = RunEntry(entry, phase, texts, read, edits);
    const uint64_t now = NowNs();
    OutcomeOf(entry, phase).latency_ns +=
        now - std::exchange(last_ns_, now) + std::exchange(matching_ns_, 0);
    if (block) {
      for (std::vector<TextEdit>& list : *edits) list.clear();
      return block;
    }
  }
  return std::nullopt;
}

std::optional<Block> ChainRun::Judge(Phase phase, std::span<const Text> given,
                                     std::vector<std::vector<TextEdit>>* edits) {
  edits->assign(given.size(), {});
  if (!RunsIn(phase)) return std::nullopt;  // nobody looks: reading is what costs
  const uint64_t start = NowNs();
  const std::span<const Text> texts = WithJoined(given);
  edits->resize(texts.size());
  const TrimAfter trim(&buffers_, texts.size());
  buffers_.reader.Use(chain_.matcher());
  if (buffers_.judged.size() < texts.size()) buffers_.judged.resize(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    ReadText(texts[i], phase, &buffers_.judged[i]);
  }
  last_ns_ = NowNs();
  matching_ns_ = last_ns_ - start;
  auto block = RunEntries(phase, texts, {buffers_.judged.data(), texts.size()}, edits);
  if (!block) Remember({buffers_.judged.data(), texts.size()});
  if (texts.size() > given.size()) {
    if (block) {
      const size_t length = block->end - block->begin;
      block->text_index = buffers_.joined->Origin(block->text_index, &block->begin);
      block->end = block->begin + length;
    }
    buffers_.joined->Fold(edits);
  }
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i].counted) CountRedactions((*edits)[i], given[i].saying);
  }
  return block;
}

void ChainRun::CountRedactions(std::span<const TextEdit> edits, openai::Saying saying) {
  for (const TextEdit& edit : edits) {
    if (edit.continues) continue;
    auto known = std::find_if(redactions_.begin(), redactions_.end(),
                              [&](const Count& count) { return count.type == edit.type; });
    if (known == redactions_.end()) known = redactions_.insert(known, Count{edit.type});
    if (saying != 0) {
      const uint64_t most = *std::max_element(known->said.begin(), known->said.end());
      if (++known->said[saying] <= most) continue;
    }
    ++known->count;
  }
}

}  // namespace kt::policy
