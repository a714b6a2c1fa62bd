// The end of a try: what it says of the target, to this request's record and to all others.
#include <algorithm>
#include <utility>

#include "core/routing/retry.h"
#include "core/session/tries.h"

namespace kt::session {
namespace {

using routing::AsideReason;
using routing::Outcome;
using routing::TryError;

// A refused key, an empty account or a missing model do not mend themselves.
constexpr uint64_t kRefusedMs = 60'000;

std::string Seconds(uint64_t ms) {
  return std::to_string((ms + 999) / 1000) + " s";
}

}  // namespace

void Tries::NoteAnswer(int status, std::string upstream_request_id,
                       std::optional<uint64_t> retry_after_ms) {
  if (!open_) return;
  attempts_.back().status = status;
  attempts_.back().upstream_request_id = std::move(upstream_request_id);
  retry_after_ms_ = retry_after_ms;
}

void Tries::NoteFirstToken(uint64_t now_ms) {
  if (open_ && !first_token_ms_) first_token_ms_ = now_ms - try_began_ms_;
}

void Tries::NoteUsage(uint64_t prompt_tokens, uint64_t completion_tokens) {
  if (board_ == nullptr || !target_) return;
  routing::TargetState& state = board_->target(*target_);
  state.prompt_tokens.add(prompt_tokens);
  state.completion_tokens.add(completion_tokens);
}

Outcome Tries::OutcomeOf(const TryEnd& end) const noexcept {
  switch (end.error) {
    case TryError::kNone:
      // An error that is the client's own says nothing of the target.
      return end.status >= 400 ? Outcome::kNeutral : Outcome::kSuccess;
    case TryError::kRateLimit:
    case TryError::kAuth:
    case TryError::kModel:
      return Outcome::kNeutral;
    case TryError::kTimeout:
      // Other tries had used up its time.
      return timeout_cut_ ? Outcome::kNeutral : Outcome::kFailure;
    default:
      return Outcome::kFailure;
  }
}

void Tries::PutAside(const TryEnd& end, uint64_t now_ms) {
  AsideReason reason = AsideReason::kNone;
  uint64_t ms = kRefusedMs;
  if (end.error == TryError::kAuth) {
    reason = AsideReason::kAuth;
  } else if (end.error == TryError::kModel) {
    reason = AsideReason::kModel;
  } else if (end.error != TryError::kNone && retry_after_ms_ &&
             *retry_after_ms_ > providers_.retry.max_backoff_ms) {
    reason = AsideReason::kRetryAfter;
    ms = *retry_after_ms_;
  }
  if (reason == AsideReason::kNone) return;
  if (!routing::PutAside(&board_->target(*target_), reason, now_ms, now_ms + ms)) return;
  Say(true, "target \"" + current()->id + "\" is put aside for " + Seconds(ms) + ": " +
                std::string(routing::AsideReasonName(reason)) + ", status " +
                std::to_string(end.status));
}

void Tries::Close(const TryEnd& end, uint64_t now_ms) {
  open_ = false;
  audit::AttemptEntry& attempt = attempts_.back();
  attempt.error = routing::TryErrorName(end.error);
  attempt.maybe_billed = end.maybe_billed;
  attempt.latency_ms = now_ms - try_began_ms_;
}

void Tries::End(const TryEnd& end, uint64_t now_ms) {
  if (!open_) return;
  Close(end, now_ms);
  if (board_ == nullptr) return;
  routing::TargetState& state = board_->target(*target_);
  const Outcome outcome = OutcomeOf(end);
  if (end.error != TryError::kNone) state.failures.add(1);
  if (outcome == Outcome::kSuccess) {
    const uint64_t ms = first_token_ms_.value_or(now_ms - try_began_ms_);
    const auto kind = stream_ ? routing::LatencyKind::kStream : routing::LatencyKind::kWhole;
    routing::NoteLatency(&state, kind, ms * 1000, now_ms);
  }
  PutAside(end, now_ms);
  switch (routing::LeaveBreaker(&state, providers_.circuit_breaker, permit_, outcome, now_ms)) {
    case routing::BreakerChange::kOpened:
      Say(true, "breaker of target \"" + current()->id + "\" opened for " +
                    Seconds(uint64_t{providers_.circuit_breaker.cooldown_seconds} * 1000) +
                    ", last failure: " + std::string(routing::TryErrorName(end.error)) +
                    ", status " + std::to_string(end.status));
      break;
    case routing::BreakerChange::kClosed:
      Say(false, "breaker of target \"" + current()->id + "\" closed");
      break;
    case routing::BreakerChange::kNone:
      break;
  }
}

void Tries::Abandon(bool maybe_billed, uint64_t now_ms) {
  if (!open_) return;
  Close({TryError::kNone, 0, maybe_billed}, now_ms);
  if (board_ == nullptr) return;
  (void)routing::LeaveBreaker(&board_->target(*target_), providers_.circuit_breaker, permit_,
                              Outcome::kNeutral, now_ms);
}

}  // namespace kt::session
