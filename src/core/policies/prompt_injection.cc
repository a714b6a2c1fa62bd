#include "core/policies/prompt_injection.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/detect/utf8.h"
#include "core/policies/other_spellings.h"
#include "core/policies/score_mix.h"

namespace kt::policies {
namespace {

constexpr std::string_view kPackName = "prompt-injection.yaml";
constexpr std::string_view kPath = "policy.prompt-injection.attack_patterns";
constexpr std::string_view kDefaultMessage =
    "The request was refused: it holds instructions that try to take over the model.";

// How near a phrase must be to the words that speak about it.
constexpr size_t kMentionBytes = 100;
constexpr size_t kReachBytes = 2 * kMentionBytes;  // with the longest words themselves
constexpr double kQuotedShare = 0.25;

bool IsQuote(std::string_view text) noexcept {
  for (const std::string_view quote :
       {"\"", "'", "`", "“", "”", "‘", "’", "«", "»", "„", "「", "」", "『", "』", "《", "》"}) {
    if (text == quote) return true;
  }
  return false;
}

// `holds_quote`: the match may begin with the quote in front of the phrase.
bool IsQuoted(std::string_view text, size_t begin, size_t end, bool holds_quote) noexcept {
  const auto before = [&](size_t n) { return begin >= n && IsQuote(text.substr(begin - n, n)); };
  bool closed = false;
  // The quote may go on for a few words behind the phrase.
  for (size_t i = end; i < text.size() && i < end + 40 && text[i] != '\n' && !closed; ++i) {
    closed = IsQuote(text.substr(i, 1)) || IsQuote(text.substr(i, 3)) || IsQuote(text.substr(i, 2));
  }
  for (size_t n = 1; n <= 3 && holds_quote && closed; ++n) {
    if (IsQuote(text.substr(begin, n))) return true;
  }
  // French quotes stand apart.
  if (begin > 0 && text[begin - 1] == ' ') --begin;
  return closed && (before(1) || before(2) || before(3));
}

}  // namespace

PromptInjection::PromptInjection(const config::PromptInjection& config)
    : threshold_(config.threshold),
      action_(config.action),
      decode_base64_(config.decode_base64),
      normalize_unicode_(config.normalize_unicode),
      detect_homoglyphs_(config.detect_homoglyphs),
      scan_roles_(config.scan_roles.begin(), config.scan_roles.end()),
      message_(config.message.empty() ? std::string(kDefaultMessage) : config.message) {}

void PromptInjection::Add(detect::Rule rule, RuleInfo info, const BuildContext& context) {
  rule.ignore_case = true;
  const detect::RuleId id = context.rules->Add(std::move(rule));
  if (rules_.empty()) first_rule_ = id;
  rules_.push_back(info);
}

Status PromptInjection::AddPack(const std::vector<PhraseRule>& pack,
                                const config::PromptInjection& config,
                                const BuildContext& context) {
  detect::Matcher::Builder hidden, mentions(context.options.facts);
  for (const PhraseRule& phrase : pack) {
    detect::Rule rule;
    rule.trusted = AreShipped(context.options.packs);
    rule.id = "injection." + phrase.id;
    rule.pattern = phrase.pattern;
    switch (phrase.kind) {
      case PhraseKind::kHidden:
        rule.trusted = false;
        hidden.Add(std::move(rule));
        hidden_weights_.push_back(phrase.weight);
        break;
      case PhraseKind::kMention:
        rule.ignore_case = true;
        rule.pattern = FoldPattern(rule.pattern);
        mentions.Add(std::move(rule));
        mention_weights_.push_back(phrase.weight);
        break;
      case PhraseKind::kPhrase:
        Add(std::move(rule), {RuleKind::kPhrase, phrase.weight, phrase.common, phrase.of_family},
            context);
        break;
      case PhraseKind::kBoundary:
      case PhraseKind::kDelimiter:
        if (phrase.kind == PhraseKind::kBoundary ? config.reject_fake_boundaries
                                                 : config.enforce_delimiters) {
          Add(std::move(rule), {RuleKind::kBoundary, phrase.weight, phrase.common, false}, context);
        }
        break;
    }
  }
  for (auto [rules, matcher] : {std::pair(&hidden, &hidden_), {&mentions, &mentions_}}) {
    if (rules->size() == 0) continue;
    auto built = std::move(*rules).Build();
    if (!built.ok()) return built.status();
    *matcher = std::move(built).value();
  }
  short_mentions_ = mentions_ != nullptr && mentions_->IsWithin(kReachBytes, detect::Scope::kInput);
  return Status::Ok();
}

Result<std::unique_ptr<PromptInjection>> PromptInjection::Build(
    const config::PromptInjection& config, const BuildContext& context) {
  std::unique_ptr<PromptInjection> policy(new PromptInjection(config));
  Result<std::vector<PhraseRule>> pack = ReadInjectionPack(context.options.packs, kPackName);
  if (!pack.ok()) return pack.status();
  if (Status status = policy->AddPack(pack.value(), config, context); !status.ok()) return status;
  for (size_t i = 0; i < config.attack_patterns.size(); ++i) {
    detect::Rule rule;
    rule.id = std::string(kPath) + "[" + std::to_string(i) + "]";
    rule.pattern = config.attack_patterns[i];
    for (detect::Rule& spelling : WithOtherSpellings(std::move(rule))) {
      policy->Add(std::move(spelling), {RuleKind::kUser, 1, false, false}, context);
    }
  }
  return policy;
}

PromptInjection::Heard PromptInjection::HeardOf(openai::Role role) const noexcept {
  // Names the marks between turns, so that the server stops at them.
  if (role == openai::Role::kParameter) return Heard::kOwn;
  return ScansPhrases(role) ? Heard::kAll : Heard::kBoundaries;
}

bool PromptInjection::ScansPhrases(openai::Role role) const noexcept {
  switch (role) {
    case openai::Role::kUser:
      return scan_roles_.contains(std::string_view("user"));
    case openai::Role::kTool:
      return scan_roles_.contains(std::string_view("tool"));
    case openai::Role::kAssistant:
      return scan_roles_.contains(std::string_view("assistant"));
    case openai::Role::kSystem:
      return scan_roles_.contains(std::string_view("system"));
    case openai::Role::kDeveloper:
      return scan_roles_.contains(std::string_view("developer"));
    case openai::Role::kToolDefinition:
    case openai::Role::kParameter:
      return false;
  }
  return true;
}

// How much of its weight a phrase keeps: less where it is spoken about.
double PromptInjection::ShareOf(std::string_view text, const RuleHit& hit,
                                const Mentions& known) const {
  if (mentions_ == nullptr) return 1;
  size_t from = hit.begin - std::min(hit.begin, kReachBytes);
  while (from > 0 && detect::IsContinuation(text[from])) --from;
  const std::string_view near = text.substr(0, hit.end + kMentionBytes + kReachBytes);
  if (known) {
    // What begins behind `from` but was not found is hidden by what begins before.
    const size_t first = from - std::min(from, kReachBytes);
    const auto next = std::lower_bound(known->begin(), known->end(), first);
    if (next == known->end() || *next >= near.size()) return 1;
  }
  std::vector<detect::Match> mentions;
  if (!mentions_->FindAll(near, from, detect::Scope::kInput, &mentions).ok()) return 1;
  bool mentioned = false;
  double taken = 0;
  for (const detect::Match& mention : mentions) {
    if (mention.begin >= hit.end + kMentionBytes || mention.end + kMentionBytes < hit.begin) {
      continue;
    }
    mentioned = true;
    taken = std::max(taken, mention_weights_[mention.rule]);
  }
  if (!mentioned) return 1;
  const bool of_family = rules_[hit.rule].of_family;
  return IsQuoted(text, hit.begin, hit.end, of_family) ? kQuotedShare : 1 - taken;
}

// Where mentions begin in a text with so many phrases that one look at all of it costs less than
// one around each of them.
PromptInjection::Mentions PromptInjection::MentionsOf(
    std::string_view text, std::span<const detect::Match> matches) const {
  if (mentions_ == nullptr || !short_mentions_) return std::nullopt;
  const auto phrases = static_cast<size_t>(
      std::count_if(matches.begin(), matches.end(), [&](const detect::Match& match) {
        return Owns(match.rule) && rules_[match.rule - first_rule_].kind == RuleKind::kPhrase;
      }));
  if (phrases * 2 * (kMentionBytes + kReachBytes) < text.size() || phrases < 2) return std::nullopt;
  std::vector<detect::Match> mentions;
  if (!mentions_->FindAll(text, 0, detect::Scope::kInput, &mentions).ok()) return std::nullopt;
  std::vector<size_t> begins;
  for (const detect::Match& mention : mentions) begins.push_back(mention.begin);
  return begins;
}

// Of one text, plain or decoded; `matches` are spans of it, of all policies.
Clues PromptInjection::Find(std::string_view text, std::span<const detect::Match> matches,
                            Heard heard) const {
  const bool phrases = heard == Heard::kAll;
  std::vector<RuleHit> hits;
  const Mentions mentions = phrases ? MentionsOf(text, matches) : std::nullopt;
  for (const detect::Match& match : matches) {
    if (!Owns(match.rule)) continue;
    const size_t rule = match.rule - first_rule_;
    const RuleInfo& info = rules_[rule];
    if (info.kind == RuleKind::kUser) {
      const Evidence certain{1, 1, 1, match.begin, match.end};
      return {certain, certain};
    }
    if (heard == Heard::kOwn || (!phrases && info.kind != RuleKind::kBoundary)) continue;
    RuleHit& hit =
        hits.emplace_back(RuleHit{match.begin, match.end, rule, info.weight, info.common});
    if (info.kind == RuleKind::kPhrase) hit.weight *= ShareOf(text, hit, mentions);
  }
  if (hits.empty()) return {};
  return FindClues(hits, rules_.size());
}

// `encoding`: a raw text, folded as far as that is wanted where not all of it is.
std::string_view PromptInjection::Unfolded(std::string_view raw,
                                           detect::NormalizedText* buffer) const {
  detect::NormalizeOptions options;
  options.look_alikes = detect_homoglyphs_;
  if (!normalize_unicode_ || !detect::Normalize(raw, options, buffer).ok()) return raw;
  return buffer->text();
}

// What only folding has brought about counts where folding is wanted.
bool PromptInjection::Counts(const policy::Reading& reading, const detect::Match& match) const {
  const std::string_view plain = reading.plain().substr(match.begin, match.end - match.begin);
  const detect::ByteSpan span = reading.Raw(match.begin, match.end);
  const std::string_view raw = reading.raw().substr(span.begin, span.end - span.begin);
  detect::NormalizedText buffer;
  return plain == raw || Unfolded(raw, &buffer) == plain;
}

Clues PromptInjection::FindPlain(const policy::Reading& reading, Heard heard) const {
  if (CountsAll(reading)) return Find(reading.plain(), reading.plain_matches(), heard);
  std::vector<detect::Match> counted;
  for (const detect::Match& match : reading.plain_matches()) {
    if (Owns(match.rule) && Counts(reading, match)) counted.push_back(match);
  }
  return Find(reading.plain(), counted, heard);
}

// The head's score of a text joined with what the rules found.
double PromptInjection::Hear(const policy::Reading& reading, std::string_view text, double head,
                             const Clues& clues) const {
  double score = MixInjection({}, head, text.size());
  if (clues.best.together == 0) return score;
  score = std::max(score, HearPart(reading, text, head, clues.best));
  const bool other = IsRare(clues.rare) && clues.rare.begin != clues.best.begin;
  return other ? std::max(score, HearPart(reading, text, head, clues.rare)) : score;
}

// By the head's score of the parts with the evidence.
double PromptInjection::HearPart(const policy::Reading& reading, std::string_view text, double head,
                                 const Evidence& rules) const {
  const uint32_t rivals = RivalWindows(IsRare(rules), reading.windows());
  const std::string_view around = Around(text, rules);
  if (around.size() < text.size() || rivals < reading.windows()) {
    head = reading.ScorePart(around, rivals).injection;
  }
  const double score = MixInjection(rules, head, text.size());
  const std::string_view line = LineOf(text, rules);
  if (line.size() == around.size()) return score;
  head = reading.ScorePart(line, rivals).injection;
  return std::max(score, MixInjection(rules, head, line.size()));
}

// The same for a text of which not all folding is wanted: the head hears it as far as it is.
double PromptInjection::HearUnfolded(const policy::Reading& reading, const Evidence& rules) const {
  detect::NormalizedText buffer;
  const std::string_view text = Unfolded(reading.raw(), &buffer);
  const uint32_t windows = reading.windows(), rivals = RivalWindows(IsRare(rules), windows);
  double head = reading.ScorePart(text, windows).injection;
  if (!HasWords(text, head)) return rules.together;
  const double alone = MixInjection({}, head, text.size());
  if (rules.together == 0) return alone;
  const detect::ByteSpan span = reading.Raw(rules.begin, rules.end);
  const Evidence found{rules.strongest, rules.together, rules.rare, span.begin, span.end};
  const std::string_view part = Around(reading.raw(), found);
  if (part.size() < reading.raw().size() || rivals < windows) {
    head = reading.ScorePart(Unfolded(part, &buffer), rivals).injection;
  }
  return std::max(alone, MixInjection(rules, head, text.size()));
}

double PromptInjection::ScorePlain(const policy::Reading& reading, bool phrases,
                                   const Clues& clues) const {
  // Of what is not written plainly the head makes nothing but noise: the view has its own score.
  const bool plain = phrases && reading.scores() && reading.main_view() == nullptr;
  if (!plain) return clues.best.together;
  if (!CountsAll(reading)) return HearUnfolded(reading, clues.best);
  const double head = reading.scores()->injection;
  if (!HasWords(reading.plain(), head)) return clues.best.together;
  return Hear(reading, reading.plain(), head, clues);
}

double PromptInjection::ScoreViews(const policy::Reading& reading, Heard heard) const {
  const bool phrases = heard == Heard::kAll;
  double best = 0;
  const policy::ViewReading* main = reading.main_view();
  for (const policy::ViewReading& view : reading.views()) {
    const bool token = (detect::ViewBit(view.kind) & detect::kTokenViews) != 0;
    if (!token && !phrases) continue;
    const Clues clues = Find(view.text, view.matches, heard);
    const Evidence& rules = clues.best;
    double score = rules.together;
    const bool words = phrases && reading.scores() && HasWords(view.text, view.scores.injection);
    if (words && &view == main) {
      score = Hear(reading, view.text, view.scores.injection, clues);
    } else if (words) {
      score =
          MixInjectionPart(ViewSpeaks(view.kinds), rules, view.scores.injection, view.text.size());
    }
    best = std::max(best, score);
  }
  return best;
}

Clues PromptInjection::CluesOf(const policy::Reading& reading) const {
  const policy::ViewReading* main = reading.main_view();
  if (main == nullptr) return FindPlain(reading, Heard::kAll);
  return Find(main->text, main->matches, Heard::kAll);
}

// Characters that nobody sees: where they are certain they decide, else they only bear out what the
// rules say, since copied and watermarked texts are full of them.
Status PromptInjection::AddHidden(const policy::Reading& reading, Evidence* rules) const {
  if (hidden_ == nullptr || !reading.folded()) return Status::Ok();
  std::vector<detect::Match> matches;
  const Status status = hidden_->FindAll(reading.raw(), 0, detect::Scope::kInput, &matches);
  std::vector<bool> seen(hidden_weights_.size(), false);
  double missed = 1;
  Evidence hidden;
  for (const detect::Match& match : matches) {
    const double weight = hidden_weights_[match.rule];
    if (seen[match.rule]) continue;
    seen[match.rule] = true;
    missed *= 1 - weight;
    if (weight <= hidden.strongest) continue;
    hidden = {weight, 0, 0, reading.PlainOf(match.begin), reading.PlainOf(match.end)};
  }
  if (hidden.strongest == 0) return status;
  if (rules->together == 0 && hidden.strongest < kCertainRule) return status;
  if (rules->together == 0) std::tie(rules->begin, rules->end) = std::tie(hidden.begin, hidden.end);
  rules->together = 1 - (1 - rules->together) * missed;
  rules->strongest = std::max(rules->strongest, hidden.strongest);
  return status;
}

Status PromptInjection::Evaluate(const policy::TextUnit& unit, std::span<const detect::Match>,
                                 policy::Evaluation* out) const {
  const Heard heard = HeardOf(unit.role);
  const policy::Reading& reading = *unit.reading;
  Clues clues = FindPlain(reading, heard);
  if (Status status = AddHidden(reading, &clues.best); !status.ok()) return status;
  double score = ScorePlain(reading, heard == Heard::kAll, clues);
  if (decode_base64_) score = std::max(score, ScoreViews(reading, heard));
  out->score = std::max(out->score, score);
  if (score < threshold_) return Status::Ok();
  policy::Finding finding;
  finding.type = "prompt_injection";
  finding.reason_code = "prompt_injection.detected";
  finding.effect = action_ == config::Action::kLog        ? policy::Effect::kFlag
                   : action_ == config::Action::kEscalate ? policy::Effect::kEscalate
                                                          : policy::Effect::kBlock;
  out->findings.push_back(std::move(finding));
  return Status::Ok();
}

}  // namespace kt::policies
