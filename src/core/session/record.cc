#include <cstdio>
#include <memory>
#include <utility>

#include "core/session/impl.h"

namespace kt::session {

bool Session::recorded() const noexcept {
  const config::AuditLogger& logger = impl_->gateway.config().audit_logger;
  if (!logger.present || impl_->audit_refused) return false;
  return impl_->reached_chain || impl_->passed_on_record || logger.log_all_access;
}

audit::OpenRequest Session::Admission() const {
  const config::PolicyConfig& config = impl_->gateway.config();
  audit::OpenRequest open;
  open.ts_us = impl_->began_unix_us;
  open.request_id = impl_->head.request_id;
  open.client_request_id = impl_->head.client_request_id;
  open.pack_name = config.pack.name;
  open.pack_version = config.pack.version;
  open.pack_sha256 = config.sha256;
  const std::string_view known = openai::EndpointPath(impl_->endpoint);
  open.route = known.empty() ? impl_->head.path : known;
  open.client = impl_->head.client;
  open.user_id = impl_->head.user_id;
  open.agent_id = impl_->head.agent_id;
  open.conversation_id = impl_->head.conversation_id;
  open.stream = impl_->request.stream;
  return open;
}

const audit::Record& Session::Finish(int status, uint64_t now_ms) {
  if (impl_->record == nullptr) impl_->FillRecord(status, now_ms);
  return *impl_->record;
}

void Session::Impl::FillRecord(int status, uint64_t now_ms) {
  tries.Abandon(client_gone && asked_upstream, now_ms);
  // Filled only once it is complete: it may be asked for again when memory was out.
  auto filled = std::make_unique<audit::Record>();
  audit::Record& record = *filled;
  const config::PolicyConfig& config = gateway.config();
  record.request_digest = request_digest;
  record.ts_us = began_unix_us;
  record.request_id = head.request_id;
  record.client_request_id = head.client_request_id;
  record.pack_name = config.pack.name;
  record.pack_version = config.pack.version;
  record.pack_sha256 = config.sha256;
  record.verdict = Verdict();
  if (block) {
    record.reason_code = block->reason_code;
  } else if (!error_code.empty()) {
    record.reason_code = error_code;
  } else if (const policy::PolicyOutcome* decisive = Decisive()) {
    record.reason_code = decisive->reason_code;
  }
  record.policies.reserve(chain.outcomes().size());
  for (const policy::PolicyOutcome& outcome : chain.outcomes()) {
    record.policies.push_back({outcome.kind,
                               outcome.phase == policy::Phase::kInput ? "input" : "output",
                               policy::VerdictName(outcome.verdict), outcome.reason_code,
                               outcome.latency_ns / 1000, outcome.score});
  }
  if (config.pii_detector.include_metadata) {
    for (const auto& entry : chain.redactions()) {
      record.redactions.push_back({entry.type, entry.count});
    }
  }
  if (stream && mode == Mode::kStream) NoteUnscanned(stream->unscanned());
  record.unscanned = unscanned;
  if (block && stream) record.released_bytes = stream->release().released_text_bytes();
  if (const config::Target* target = tries.current()) {
    record.target = target->id;
    record.provider = target->provider;
  }
  record.model = Model();
  record.attempts = tries.attempts();
  const std::string_view known = openai::EndpointPath(endpoint);
  record.route = known.empty() ? head.path : known;
  record.stream = request.stream;
  record.status = client_gone ? 499 : status;
  record.latency_ms = now_ms - began_ms;
  record.ttft_ms = ttft_ms;
  record.prompt_tokens = PromptTokens();
  record.completion_tokens = CompletionTokens();
  tries.NoteUsage(record.prompt_tokens.value_or(0), record.completion_tokens.value_or(0));
  if (usage.present) record.cached_tokens = usage.cached_tokens;
  if (usage.reasoning_tokens > 0) record.reasoning_tokens = usage.reasoning_tokens;
  record.cost_usd = Cost();
  record.usage_source = usage.present ? "provider" : UsageEstimated() ? "estimated" : "none";
  record.client = head.client;
  record.user_id = head.user_id;
  record.agent_id = head.agent_id;
  record.conversation_id = head.conversation_id;
  // Of an answer that went through ungoverned nothing came by here.
  if (answer_digest && client.decided()) record.response_digest = answer_digest->Finish();
  this->record = std::move(filled);
}

Session::LogNote Session::injection_note() const {
  const config::PromptInjection& config = impl_->gateway.config().prompt_injection;
  if (config.log_level.empty()) return {};
  for (const policy::PolicyOutcome& outcome : impl_->chain.outcomes()) {
    const bool found = outcome.kind == "prompt-injection" && !outcome.reason_code.empty();
    if (!found) continue;
    char score[16] = "";
    if (outcome.score >= 0) std::snprintf(score, sizeof(score), ", score %.2f", outcome.score);
    return {config.log_level, std::string(policy::VerdictName(outcome.verdict)) + " by " +
                                  outcome.reason_code + score + ", request " +
                                  impl_->head.request_id};
  }
  return {};
}

std::string Session::failure_note() const {
  const std::string& why = impl_->chain.failure();
  return why.empty() ? why : why + ", request " + impl_->head.request_id;
}

}  // namespace kt::session
