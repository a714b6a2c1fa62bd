#include "core/session/tries.h"

#include <algorithm>

namespace kt::session {
namespace {

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
  plan_ = routing::PlanTargets(providers_, targets_, endpoint, model);
  size_t most = 1;
  if (!pinned && providers_.fallback.enabled) most += providers_.fallback.max_fallback_attempts;
  if (plan_.size() > most) plan_.resize(most);
}

uint64_t Tries::TotalMs() const noexcept {
  const auto& total = providers_.fallback.total_timeout_seconds;
  if (total) return Milliseconds(*total);
  uint64_t largest = 0;
  for (const routing::Target& target : targets_) {
    largest = std::max(largest, OwnTimeoutMs(*target.config, stream_));
  }
  return 2 * largest;
}

std::optional<size_t> Tries::Next(uint64_t now_ms) {
  if (!HasMore()) return std::nullopt;
  const size_t target = plan_[next_++];
  audit::AttemptEntry attempt;
  attempt.target = targets_[target].config->id;
  attempts_.push_back(std::move(attempt));
  open_ = true;
  try_began_ms_ = now_ms;
  return target;
}

bool Tries::HasMore() const noexcept {
  return next_ < plan_.size();
}

bool Tries::MayRetry(routing::TryError error, uint64_t now_ms) const noexcept {
  return HasMore() && routing::MayFailOver(providers_, error) && now_ms - began_ms_ < TotalMs();
}

const config::Target* Tries::current() const noexcept {
  return next_ == 0 ? nullptr : targets_[plan_[next_ - 1]].config;
}

uint64_t Tries::TimeoutMs(size_t target) const noexcept {
  const uint64_t own = OwnTimeoutMs(*targets_[target].config, stream_);
  const uint64_t total = TotalMs();
  const uint64_t spent = try_began_ms_ - began_ms_;
  return std::min(own, total > spent ? total - spent : 1);
}

void Tries::NoteAnswer(int status, std::string upstream_request_id) {
  if (!open_) return;
  attempts_.back().status = status;
  attempts_.back().upstream_request_id = std::move(upstream_request_id);
}

void Tries::End(routing::TryError error, bool maybe_billed, uint64_t now_ms) {
  if (!open_) return;
  open_ = false;
  audit::AttemptEntry& attempt = attempts_.back();
  attempt.error = routing::TryErrorName(error);
  attempt.maybe_billed = maybe_billed;
  attempt.latency_ms = now_ms - try_began_ms_;
}

std::string Tries::Summary() const {
  std::string summary;
  for (const audit::AttemptEntry& attempt : attempts_) {
    if (!summary.empty()) summary += ',';
    summary += attempt.target + ":" + std::to_string(attempt.status);
  }
  return summary;
}

}  // namespace kt::session
