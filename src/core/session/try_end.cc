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

AsideReason ReasonOf(TryError error) noexcept {
  switch (error) {
    case TryError::kAuth:
      return AsideReason::kAuth;
    case TryError::kModel:
      return AsideReason::kModel;
    default:
      return AsideReason::kNone;
  }
}

// A request cannot make its provider say 401. The others it can at some: 402 by asking for more
// tokens than are left, 403 by its content, 404 by an endpoint that the provider does not have.
bool IsOfTheKeyAlone(int status) noexcept {
  return status == 401;
}

std::string WhatToCheck(AsideReason reason) {
  switch (reason) {
    case AsideReason::kAuth:
      return "; check its key and account";
    case AsideReason::kModel:
      return "; check its model and base_url";
    default:
      return "";
  }
}

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
  if (!open_ || first_token_ms_) return;
  first_token_ms_ = now_ms - try_began_ms_;
  ConfirmRefusals(now_ms);
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

void Tries::JudgeRefusal(const TryEnd& end, uint64_t now_ms) {
  if (end.error == TryError::kNone) return;
  if (retry_after_ms_ && *retry_after_ms_ > providers_.retry.max_backoff_ms) {
    PutAside(*target_, AsideReason::kRetryAfter, *retry_after_ms_, end.status, now_ms);
  }
  if (ReasonOf(end.error) == AsideReason::kNone) return;
  if (IsOfTheKeyAlone(end.status)) {
    PutAside(*target_, ReasonOf(end.error), kRefusedMs, end.status, now_ms);
  } else {
    refused_.push_back({*target_, end});
  }
}

// The present target answers what others have refused: it was not the request's fault. Without that
// proof one request could take away a target that serves all others.
void Tries::ConfirmRefusals(uint64_t now_ms) {
  for (const Refused& refused : std::exchange(refused_, {})) {
    if (refused.target == *target_) continue;
    PutAside(refused.target, ReasonOf(refused.end.error), kRefusedMs, refused.end.status, now_ms);
  }
}

void Tries::PutAside(size_t target, AsideReason reason, uint64_t ms, int status, uint64_t now_ms) {
  if (board_ == nullptr) return;
  if (!routing::PutAside(&board_->target(target), reason, now_ms, now_ms + ms)) return;
  Say(true, "target \"" + targets_[target].config->id + "\" is put aside for " + Seconds(ms) +
                ": " + std::string(routing::AsideReasonName(reason)) + ", status " +
                std::to_string(status) + WhatToCheck(reason));
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
    ConfirmRefusals(now_ms);
  }
  JudgeRefusal(end, now_ms);
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
