#include "core/session/tries.h"

#include <algorithm>
#include <utility>

#include "core/routing/retry.h"

namespace kt::session {
namespace {

using routing::TryError;

// A half-open probe is given up this long after its deadline.
constexpr uint64_t kProbeGraceMs = 1000;
constexpr uint64_t kUnknownReturnMs = 30'000;

uint64_t Milliseconds(double seconds) {
  return seconds > 0 ? static_cast<uint64_t>(seconds * 1000) : 0;
}

uint64_t OwnTimeoutMs(const config::Target& target, bool stream) {
  return std::max<uint64_t>(
      1, Milliseconds(stream ? target.stream_timeout_seconds : target.timeout_seconds));
}

}  // namespace

void Tries::Plan(openai::Endpoint endpoint, std::string_view model, bool stream, bool pinned,
                 uint64_t now_ms) {
  planned_ = true;
  stream_ = stream;
  began_ms_ = now_ms;
  candidates_ = routing::PlanTargets(providers_, targets_, endpoint, model);
  if (pinned && candidates_.size() > 1) candidates_.resize(1);
  left_ = candidates_;
  if (board_ != nullptr) routing::NoteRequest(&board_->budget(), now_ms);
}

// ---- time and chance ---------------------------------------------------------------------------

uint64_t Tries::TotalMs() const noexcept {
  const auto& total = providers_.fallback.total_timeout_seconds;
  if (total) return Milliseconds(*total);
  uint64_t largest = 0;
  for (const routing::Target& target : targets_) {
    largest = std::max(largest, OwnTimeoutMs(*target.config, stream_));
  }
  return 2 * largest;
}

uint64_t Tries::TimeoutMs(size_t target) const noexcept {
  const uint64_t own = OwnTimeoutMs(*targets_[target].config, stream_);
  const uint64_t total = TotalMs();
  const uint64_t spent = try_began_ms_ - began_ms_;
  return std::min(own, total > spent ? total - spent : 1);
}

uint64_t Tries::DelayMs(uint64_t now_ms) const noexcept {
  return follow_up_ == FollowUp::kAgain && not_before_ms_ > now_ms ? not_before_ms_ - now_ms : 0;
}

// SplitMix64: enough for jitter and for a fair choice, and the same for the same request.
uint64_t Tries::Random() noexcept {
  uint64_t z = (random_ += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// ---- the next try ------------------------------------------------------------------------------

std::optional<size_t> Tries::Next(uint64_t now_ms) {
  const bool first = !target_.has_value();
  if (open_ || (!first && !more())) return std::nullopt;
  try_began_ms_ = now_ms;
  const bool other = first || AnotherMayBeAsked(now_ms);
  std::optional<routing::Pick> pick;
  if (other) {
    uint64_t longest = 0;
    for (const size_t i : left_) longest = std::max(longest, TimeoutMs(i));
    routing::PickOptions options;
    options.kind = stream_ ? routing::LatencyKind::kStream : routing::LatencyKind::kWhole;
    options.now_ms = now_ms;
    options.probe_until_ms = now_ms + longest + kProbeGraceMs;
    options.random = Random();
    pick = routing::PickTarget(board_, providers_, targets_, candidates_, left_, options);
    if (pick && !first) fallbacks_++;
  }
  const bool again = !pick && follow_up_ == FollowUp::kAgain;
  if (again) pick = PickAgain(now_ms);
  follow_up_ = FollowUp::kUndecided;
  if (!pick) return std::nullopt;
  if (board_ != nullptr && !first) {
    routing::TargetState& state = board_->target(pick->target);
    (again ? state.retries : state.fallbacks).add(1);
  }
  return Begin(*pick);
}

std::optional<routing::Pick> Tries::PickAgain(uint64_t now_ms) {
  routing::Pick pick{again_, {true, false, 0}, false};
  if (board_ == nullptr) return pick;
  if (routing::StandingOf(board_, again_, now_ms).out != routing::Out::kNo) return std::nullopt;
  pick.permit = routing::EnterBreaker(&board_->target(again_), providers_.circuit_breaker, now_ms,
                                      now_ms + TimeoutMs(again_) + kProbeGraceMs);
  return pick.permit.granted ? std::optional(pick) : std::nullopt;
}

size_t Tries::Begin(const routing::Pick& pick) {
  target_ = pick.target;
  permit_ = pick.permit;
  std::erase(left_, pick.target);
  retry_after_ms_.reset();
  first_token_ms_.reset();
  open_ = true;
  timeout_cut_ = TimeoutMs(pick.target) < OwnTimeoutMs(*targets_[pick.target].config, stream_);
  const config::Target& config = *targets_[pick.target].config;
  if (board_ != nullptr) board_->target(pick.target).requests.add(1);
  if (pick.returned) Say(false, "target \"" + config.id + "\" is asked again, its time is over");
  audit::AttemptEntry attempt;
  attempt.target = config.id;
  attempts_.push_back(std::move(attempt));
  return pick.target;
}

bool Tries::HasMore() const noexcept {
  const config::Fallback& fallback = providers_.fallback;
  if (!target_) return !left_.empty();
  return !left_.empty() && fallback.enabled && fallbacks_ < fallback.max_fallback_attempts &&
         providers_.strategy != config::Strategy::kSingle;
}

bool Tries::AnotherMayBeAsked(uint64_t now_ms) const {
  return HasMore() && std::any_of(left_.begin(), left_.end(), [&](size_t target) {
           return routing::StandingOf(board_, target, now_ms).out == routing::Out::kNo;
         });
}

bool Tries::Follows(const TryEnd& end, uint64_t now_ms) {
  if (follow_up_ == FollowUp::kUndecided) follow_up_ = Decide(end, now_ms);
  return more();
}

Tries::FollowUp Tries::Decide(const TryEnd& end, uint64_t now_ms) {
  if (!target_ || now_ms - began_ms_ >= TotalMs()) return FollowUp::kNone;
  NoteAsked(end, now_ms);
  const bool may_leave = routing::MayFailOver(providers_, end.error);
  if (may_leave && AnotherMayBeAsked(now_ms)) return FollowUp::kOther;
  return DecideRetry(may_leave, now_ms);
}

void Tries::NoteAsked(const TryEnd& end, uint64_t now_ms) {
  std::erase_if(asked_, [&](const Asked& asked) { return asked.target == *target_; });
  asked_.push_back({*target_, routing::MayAskAgain(providers_.retry, end.error, end.status), now_ms,
                    retry_after_ms_.value_or(0)});
}

// Of those that were asked and may be asked again, the one that may be soonest. `any_target`: not
// only the last one, whose end lets the request go elsewhere.
Tries::FollowUp Tries::DecideRetry(bool any_target, uint64_t now_ms) {
  const config::Retry& retry = providers_.retry;
  if (retries_ >= retry.max_retries) return FollowUp::kNone;
  const uint64_t backoff_ms = routing::BackoffMs(retry, retries_, Random());
  const uint64_t end_ms = began_ms_ + TotalMs();
  uint64_t soonest_ms = end_ms;
  for (const Asked& asked : asked_) {
    if (!asked.may_again || (!any_target && asked.target != *target_)) continue;
    if (asked.retry_after_ms > retry.max_backoff_ms) continue;
    const uint64_t at_ms =
        std::max(now_ms, asked.ended_ms + std::max(backoff_ms, asked.retry_after_ms));
    if (at_ms >= soonest_ms) continue;
    if (routing::StandingOf(board_, asked.target, at_ms).out != routing::Out::kNo) continue;
    soonest_ms = at_ms;
    again_ = asked.target;
  }
  if (soonest_ms == end_ms) return FollowUp::kNone;
  if (board_ != nullptr && !routing::TakeRetry(&board_->budget(), now_ms)) return FollowUp::kNone;
  retries_++;
  not_before_ms_ = soonest_ms;
  return FollowUp::kAgain;
}

// ---- when nobody is left -----------------------------------------------------------------------

bool Tries::AllRefused(uint64_t now_ms) const {
  return !candidates_.empty() &&
         std::all_of(candidates_.begin(), candidates_.end(), [&](size_t target) {
           const routing::Standing standing = routing::StandingOf(board_, target, now_ms);
           return standing.reason == routing::AsideReason::kAuth ||
                  standing.reason == routing::AsideReason::kModel;
         });
}

uint64_t Tries::SoonestMs(uint64_t now_ms) const {
  uint64_t soonest = kUnknownReturnMs;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const routing::Standing standing = routing::StandingOf(board_, candidates_[i], now_ms);
    const uint64_t wait_ms = standing.back_ms > now_ms ? standing.back_ms - now_ms : 0;
    soonest = i == 0 ? wait_ms : std::min(soonest, wait_ms);
  }
  return soonest;
}

// ---- what is known of a try --------------------------------------------------------------------

const config::Target* Tries::current() const noexcept {
  return target_ ? targets_[*target_].config : nullptr;
}

std::string Tries::Summary() const {
  std::string summary;
  for (const audit::AttemptEntry& attempt : attempts_) {
    if (!summary.empty()) summary += ',';
    summary.append(attempt.target).append(":").append(std::to_string(attempt.status));
  }
  return summary;
}

std::vector<Notice> Tries::TakeNotices() {
  return std::exchange(notices_, {});
}

void Tries::Say(bool warn, std::string text) {
  notices_.push_back({warn, std::move(text)});
}

}  // namespace kt::session
