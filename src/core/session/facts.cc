#include <algorithm>

#include "core/session/impl.h"

namespace kt::session {
namespace {

// Where the provider has not counted: a token is about four bytes.
constexpr uint64_t kBytesPerToken = 4;
uint64_t EstimatedTokens(uint64_t text_bytes) {
  return (text_bytes + kBytesPerToken - 1) / kBytesPerToken;
}

constexpr size_t kMaxUnscanned = 64;

}  // namespace

std::string_view Session::Impl::Verdict() const noexcept {
  if (block) return block->escalate ? "escalated" : "blocked";
  if (!error_code.empty()) return "error";
  if (!reached_chain) return passed || client.decided() ? "allowed" : "";
  const auto outcomes = chain.outcomes();
  const bool redacted = std::any_of(outcomes.begin(), outcomes.end(), [](const auto& outcome) {
    return outcome.verdict == policy::Verdict::kRedacted;
  });
  return redacted ? "redacted" : "allowed";
}

// The outcome that explains the verdict of a request that was not blocked.
const policy::PolicyOutcome* Session::Impl::Decisive() const noexcept {
  const policy::PolicyOutcome* decisive = nullptr;
  const auto weight = [](const policy::PolicyOutcome& outcome) {
    switch (outcome.verdict) {
      case policy::Verdict::kRedacted:
        return 3;
      case policy::Verdict::kFailedOpen:
        return 2;
      case policy::Verdict::kFlagged:
        return 1;
      default:
        return 0;
    }
  };
  for (const policy::PolicyOutcome& outcome : chain.outcomes()) {
    const int least = decisive != nullptr ? weight(*decisive) : 0;
    if (weight(outcome) > least) decisive = &outcome;
  }
  return decisive;
}

std::string_view Session::Impl::Model() const noexcept {
  const config::Target* target = tries.current();
  if (target != nullptr && target->echo) return "echo";
  return target != nullptr && !target->model.empty() ? target->model : request.model;
}

// What the provider has written for this request, as far as it came; vectors count for nothing.
uint64_t Session::Impl::ReceivedTextBytes() const noexcept {
  if (answer_status >= 300 || endpoint == openai::Endpoint::kEmbeddings) return 0;
  if (stream) return stream->received_text_bytes();
  return answer_text_bytes ? *answer_text_bytes : answer.size();
}

// A provider counts what it did, also when nobody hears of it: a stream that is cut, an answer that
// is blocked, a client that leaves. An error or a refusal costs nothing.
bool Session::Impl::UsageEstimated() const noexcept {
  if (usage.present || passed || !asked_upstream || answer_status >= 300) return false;
  const bool embedded = endpoint == openai::Endpoint::kEmbeddings && answer_text_bytes.has_value();
  return client_gone || embedded || ReceivedTextBytes() > 0;
}

std::optional<uint64_t> Session::Impl::PromptTokens() const noexcept {
  if (usage.present) return usage.prompt_tokens;
  if (UsageEstimated()) return EstimatedTokens(request.text_bytes);
  return std::nullopt;
}

std::optional<uint64_t> Session::Impl::CompletionTokens() const noexcept {
  if (usage.present) return usage.completion_tokens;
  if (UsageEstimated()) return EstimatedTokens(ReceivedTextBytes());
  return std::nullopt;
}

std::optional<double> Session::Impl::Cost() const noexcept {
  constexpr double kPerToken = 1e-6;  // prices are per million
  const config::Target* target = tries.current();
  const auto prompt = PromptTokens(), completion = CompletionTokens();
  if (target == nullptr || !target->pricing || !prompt || !completion) return std::nullopt;
  const config::Pricing& price = *target->pricing;
  const uint64_t cached = std::min(usage.cached_tokens, *prompt);
  return kPerToken * (static_cast<double>(*prompt - cached) * price.prompt +
                      static_cast<double>(cached) * price.cached_prompt +
                      static_cast<double>(*completion) * price.completion);
}

void Session::Impl::NoteUnscanned(const std::vector<std::string>& what) {
  for (const std::string& entry : what) {
    if (unscanned.size() >= kMaxUnscanned) return;
    if (std::find(unscanned.begin(), unscanned.end(), entry) == unscanned.end()) {
      unscanned.push_back(entry);
    }
  }
}

// ---- for nginx variables -----------------------------------------------------------------------

std::string_view Session::request_id() const noexcept {
  return impl_->head.request_id;
}

std::string_view Session::verdict() const noexcept {
  return impl_->Verdict();
}

std::string_view Session::policy() const noexcept {
  if (impl_->block) return impl_->block->kind;
  const policy::PolicyOutcome* decisive = impl_->Decisive();
  return decisive != nullptr ? decisive->kind : std::string_view();
}

std::string_view Session::reason() const noexcept {
  if (impl_->block) return impl_->block->reason_code;
  if (!impl_->error_code.empty()) return impl_->error_code;
  const policy::PolicyOutcome* decisive = impl_->Decisive();
  return decisive != nullptr ? std::string_view(decisive->reason_code) : std::string_view();
}

std::string_view Session::target() const noexcept {
  const config::Target* target = impl_->tries.current();
  return target != nullptr ? std::string_view(target->id) : std::string_view();
}

std::string_view Session::provider() const noexcept {
  const config::Target* target = impl_->tries.current();
  return target != nullptr ? std::string_view(target->provider) : std::string_view();
}

std::string_view Session::model() const noexcept {
  return impl_->Model();
}

std::string Session::attempts() const {
  return impl_->tries.Summary();
}

uint64_t Session::redactions() const noexcept {
  uint64_t total = 0;
  for (const auto& entry : impl_->chain.redactions()) total += entry.count;
  return total;
}

uint32_t Session::cached_texts() const noexcept {
  return impl_->chain.cached_texts();
}

double Session::injection_score() const noexcept {
  for (const policy::PolicyOutcome& outcome : impl_->chain.outcomes()) {
    const bool asked = outcome.kind == "prompt-injection" && outcome.phase == policy::Phase::kInput;
    if (asked) return outcome.score;
  }
  return -1;
}

std::optional<uint64_t> Session::prompt_tokens() const noexcept {
  return impl_->PromptTokens();
}

std::optional<uint64_t> Session::completion_tokens() const noexcept {
  return impl_->CompletionTokens();
}

std::optional<uint64_t> Session::ttft_ms() const noexcept {
  return impl_->ttft_ms;
}

std::optional<double> Session::cost_usd() const noexcept {
  return impl_->Cost();
}

void Session::Impl::NoteJudged(policy::Phase phase, uint64_t text_bytes) {
  uint64_t ns = 0;
  for (const policy::PolicyOutcome& outcome : chain.outcomes()) {
    if (outcome.phase == phase) ns += outcome.latency_ns;
  }
  NoteLongJudgement(phase == policy::Phase::kInput ? "request" : "answer", text_bytes, ns,
                    head.request_id, &notices);
}

}  // namespace kt::session
