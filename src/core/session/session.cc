#include "core/session/session.h"

#include <array>
#include <utility>

#include "core/session/impl.h"

namespace kt::session {
namespace {

// All that a client shows for itself, and where it is: a key that many share, or that nobody looks
// at, does not make them one. Empty where nobody asks for it.
std::string CallerOf(const RequestHead& head, const SessionOptions& options) {
  std::string caller;
  if (options.verdicts == nullptr) return caller;
  std::array<std::string_view, 6> shown;
  std::array<uint32_t, 6> sizes;
  size_t bytes = sizeof sizes, count = 0;
  const auto note = [&](std::string_view value) {
    shown[count] = value;
    sizes[count++] = static_cast<uint32_t>(value.size());
    bytes += value.size();
  };
  for (const char* name : {"authorization", "x-api-key", "api-key", "cookie"}) {
    note(head.header == nullptr ? "" : head.header(name).value_or(""));
  }
  note(head.user_id);
  note(head.client);
  caller.reserve(bytes);
  caller.append(reinterpret_cast<const char*>(sizes.data()), sizeof sizes);
  for (const std::string_view value : shown) caller.append(value);
  return caller;
}

}  // namespace

Session::Impl::Impl(const Gateway& the_gateway, const SessionOptions& the_options,
                    RequestHead the_head, uint64_t now_ms, int64_t now_unix_us)
    : gateway(the_gateway),
      options(the_options),
      head(std::move(the_head)),
      began_ms(now_ms),
      began_unix_us(now_unix_us),
      own_workspace(options.workspace == nullptr ? std::make_unique<Workspace>() : nullptr),
      work(options.workspace == nullptr ? *own_workspace : *options.workspace),
      endpoint(openai::ParseEndpoint(head.path)),
      caller(CallerOf(head, options)),
      chain(gateway.chain(),
            {options.fail_mode, options.enforce, options.verdicts, caller, &work.chain}),
      tries(gateway.config().providers, gateway.targets(), options.board,
            std::hash<std::string_view>{}(head.request_id)) {
  if (options.digest_key != nullptr) answer_digest.emplace(*options.digest_key);
}

// ---- answers of our own ------------------------------------------------------------------------

void Session::Impl::Refuse(Error error, std::string_view detail) {
  error_code = MakeErrorInfo(error, {}).code;
  Answer(MakeReply(error, head.request_id, detail));
}

void Session::Impl::Answer(Reply reply) {
  if (client.decided()) return;
  ClientHead out;
  out.status = reply.status;
  out.content_type = std::move(reply.content_type);
  out.headers = std::move(reply.headers);
  out.content_length = reply.body.size();
  AddOurHeaders(&out);
  client.Begin(std::move(out));
  client.Append(std::move(reply.body));
  client.End();
}

// A status while the head is not out yet, an error event afterwards.
void Session::Impl::AnswerOrInterrupt(Reply reply, const openai::ErrorInfo& info) {
  if (!client.decided()) return Answer(std::move(reply));
  const uint64_t sequence_number = stream ? stream->release().last_sequence_number() + 1 : 0;
  client.Append(openai::ErrorEvent(info, endpoint, sequence_number));
  client.End();
}

void Session::Impl::AddOurHeaders(ClientHead* out) const {
  auto& [id, verdict, target] = out->own_headers;
  id = {"x-request-id", head.request_id};
  if (!Verdict().empty()) verdict = {"x-keeptrusts-verdict", Verdict()};
  if (tries.current() != nullptr) target = {"x-keeptrusts-target", tries.current()->id};
}

// ---- the adapter's view ------------------------------------------------------------------------

Session::Session(const Gateway& gateway, const SessionOptions& options, RequestHead head,
                 uint64_t now_ms, int64_t now_unix_us)
    : impl_(std::make_unique<Impl>(gateway, options, std::move(head), now_ms, now_unix_us)) {}

Session::~Session() = default;

void Session::OnHead() {
  impl_->OnHead();
}

void Session::OnRequest(std::string_view body, size_t padding, uint64_t now_ms) {
  if (const audit::DigestKey* key = impl_->options.digest_key) {
    impl_->request_digest = key->Of(body);
  }
  impl_->OnRequest(body, padding, now_ms);
}

void Session::RefuseForAudit() {
  // Also in place of a block that is decided but not sent: it could not be recorded either.
  impl_->audit_refused = true;
  impl_->block.reset();
  impl_->client = {};
  impl_->Refuse(Error::kAuditUnavailable);
}

void Session::RefuseStatus(int status) {
  if (impl_->client.decided()) return;
  constexpr std::pair<int, Error> kErrors[] = {
      {404, Error::kUnsupportedEndpoint}, {405, Error::kMethodNotAllowed},
      {408, Error::kRequestTimeout},      {413, Error::kBodyTooLarge},
      {429, Error::kRateLimited},         {500, Error::kInternal},
      {502, Error::kUpstreamFailed},      {503, Error::kUnavailable},
      {504, Error::kUpstreamTimeout},
  };
  for (const auto& [known, error] : kErrors) {
    if (known != status) continue;
    // Our own limits are named as well.
    constexpr std::string_view kNginxs =
        "The body is over the limit of this gateway (client_max_body_size).";
    return impl_->Refuse(error, status == 413 ? kNginxs : std::string_view());
  }
  openai::ErrorInfo info = MakeErrorInfo(Error::kBadRequest, impl_->head.request_id);
  if (status == 401) {
    info.code = "invalid_api_key";
    info.message = "The API key is missing or not valid.";
  } else if (status >= 500) {
    info = MakeErrorInfo(Error::kInternal, impl_->head.request_id);
  } else if (status != 400) {
    info.message = "The request was refused.";
  }
  impl_->error_code = info.code;
  Reply reply;
  reply.status = status;
  reply.body = openai::ErrorBody(info);
  impl_->Answer(std::move(reply));
}

std::string_view Session::forwarded_body() const noexcept {
  return body_edited() ? std::string_view(impl_->forwarded) : impl_->body;
}
void Session::ForgetRequest(bool keep_forwarded) {
  impl_->body = {};
  impl_->client.ForgetHead();
  std::string().swap(impl_->try_body);
  if (!keep_forwarded) std::string().swap(impl_->forwarded);
}
bool Session::body_edited() const noexcept {
  return !impl_->request_edits.empty();
}

std::optional<size_t> Session::NextTarget(uint64_t now_ms) {
  return impl_->NextTarget(now_ms);
}
bool Session::has_more_targets() const noexcept {
  return !impl_->committed && impl_->tries.HasMore();
}
Session::UpstreamRequest Session::BuildRequest(size_t target) {
  return impl_->BuildRequest(target);
}
uint64_t Session::NextDelayMs(uint64_t now_ms) const noexcept {
  return impl_->tries.DelayMs(now_ms);
}
std::vector<Notice> Session::TakeNotices() {
  std::vector<Notice> notices = std::exchange(impl_->notices, {});
  for (Notice& notice : impl_->tries.TakeNotices()) notices.push_back(std::move(notice));
  return notices;
}
uint64_t Session::TryTimeoutMs(size_t target) const noexcept {
  return impl_->tries.TimeoutMs(target);
}
bool Session::stream() const noexcept {
  return impl_->request.stream;
}
openai::Endpoint Session::endpoint() const noexcept {
  return impl_->endpoint;
}
bool Session::IsEcho(size_t target) const noexcept {
  return impl_->gateway.targets()[target].config->echo;
}

Step Session::OnUpstreamHeader(const UpstreamHead& head, uint64_t now_ms) {
  return impl_->OnUpstreamHeader(head, now_ms);
}
Step Session::OnUpstreamBody(std::string_view bytes, uint64_t now_ms) {
  return impl_->OnUpstreamBody(bytes, now_ms);
}
Step Session::OnUpstreamEnd(UpstreamEnd end, uint64_t now_ms) {
  return impl_->OnUpstreamEnd(end, now_ms);
}
bool Session::answer_complete() const noexcept {
  return impl_->answer_complete;
}
bool Session::committed() const noexcept {
  return impl_->committed;
}
bool Session::governs_answer() const noexcept {
  return !impl_->passed;
}
bool Session::may_switch_protocols() const noexcept {
  return impl_->passed && impl_->endpoint == openai::Endpoint::kUnknown;
}

bool Session::head_ready() const noexcept {
  return impl_->client.decided();
}
const ClientHead& Session::head() const noexcept {
  return impl_->client.head();
}
std::string Session::TakeOutput() {
  std::string bytes = impl_->client.Take();
  if (impl_->answer_digest) impl_->answer_digest->Add(bytes);
  return bytes;
}
bool Session::has_output() const noexcept {
  return impl_->client.has_output();
}
bool Session::finished() const noexcept {
  return impl_->client.finished();
}

void Session::OnClientGone(uint64_t now_ms) {
  if (impl_->client.finished() && !impl_->client.has_output()) return;
  impl_->client_gone = true;
  impl_->tries.Abandon(impl_->asked_upstream, now_ms);
}

}  // namespace kt::session
