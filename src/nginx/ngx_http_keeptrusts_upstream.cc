// keeptrusts_pass: the upstream callbacks. nginx's process_header phase is stretched over the
// beginning of the body, until the session knows what the client gets: until then another target
// may still answer. After it, the unbuffered input filter moves bytes.
#include <algorithm>

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

using session::Step;
using session::UpstreamEnd;

ngx_int_t CreateRequest(ngx_http_request_t*) {
  return NGX_OK;
}  // made by the meta peer, per try
ngx_int_t ReinitRequest(ngx_http_request_t*) {
  return NGX_OK;
}
void AbortRequest(ngx_http_request_t*) {}

// How long the end of the framing may take once the answer itself is complete.
constexpr uint64_t kDrainMs = 200;

// The connection may be used again when its answer was read to its end and nothing follows. A
// stream is complete with [DONE], while its last chunk may still be on the way.
void SettleConnection(Context* ctx) {
  ngx_http_upstream_t* u = ctx->request->upstream;
  if (!ctx->body_done && !ctx->session->finished()) return;
  if (!ctx->body_done && ctx->chunked && ctx->session->answer_complete()) {
    if (ctx->draining) return;
    ctx->draining = true;
    ctx->deadline_at = std::min(ctx->deadline_at, Now() + kDrainMs);
    DisarmDeadline(ctx);
    ArmDeadline(ctx);
    return;
  }
  u->length = 0;
  u->keepalive = ctx->body_done && !ctx->close_after ? 1 : 0;
}

// ---- process_header ----------------------------------------------------------------------------

// What process_header returns for what the session said.
ngx_int_t Answer(Context* ctx, Step step) {
  ngx_http_upstream_t* u = ctx->request->upstream;
  if (step == Step::kNextTarget) {
    ctx->try_open = false;
    LogFailedTry(ctx, "answer not usable", true);
    return NGX_HTTP_UPSTREAM_INVALID_HEADER;
  }
  if (!ctx->session->head_ready()) return NGX_AGAIN;
  if (SetResponseHead(ctx) != NGX_OK) return NGX_ERROR;
  const session::ClientHead& head = ctx->session->head();
  if (head.status >= NGX_HTTP_INTERNAL_SERVER_ERROR) LogFailedTry(ctx, "answer not usable", false);
  u->headers_in.status_n = static_cast<ngx_uint_t>(head.status);
  u->headers_in.content_length_n =
      head.content_length ? static_cast<off_t>(*head.content_length) : -1;
  return NGX_OK;
}

ngx_int_t ProcessHeaderBody(Context* ctx) {
  ngx_buf_t* b = &ctx->request->upstream->buffer;
  ctx->answer_started = true;
  Step step = Step::kContinue;
  if (!ctx->head_parsed) {
    const ngx_int_t rc = ParseUpstreamHead(ctx, &step);
    if (rc == NGX_AGAIN) return NGX_AGAIN;
    if (rc != NGX_OK) {
      ctx->try_open = false;
      return Answer(ctx, ctx->session->OnUpstreamEnd(UpstreamEnd::kInvalid, Now()));
    }
  }
  if (step == Step::kContinue) {
    step = FeedUpstreamBody(ctx, b->pos, b->last);
  } else if (b->pos != b->last) {
    ctx->close_after = true;  // a body that nobody took
  }
  const ngx_int_t rc = Answer(ctx, step);
  if (rc == NGX_AGAIN) {
    // Everything in the buffer was taken: make room, or a long gate would look like a head that is
    // too large.
    b->pos = b->last = b->start;
  } else if (rc == NGX_OK) {
    ctx->prefed = b->pos != b->last;  // the input filter sees the same bytes once more
  }
  return rc;
}

ngx_int_t ProcessHeader(ngx_http_request_t* r) {
  Context* ctx = FindContext(r);
  if (ctx == nullptr) return NGX_ERROR;
  const ngx_int_t rc = Guard(r->connection->log, static_cast<ngx_int_t>(NGX_ERROR),
                             [&] { return ProcessHeaderBody(ctx); });
  // From the head on a stream may also be silent for too long.
  if (ctx->head_parsed && ctx->try_open && (rc == NGX_OK || rc == NGX_AGAIN)) ArmDeadline(ctx);
  return rc;
}

// ---- after the head ----------------------------------------------------------------------------

// Moves the session's output to the end of u->out_bufs. What ends the answer carries its end with
// it, which is one write less than nginx's own; that one is dropped in the body filter.
ngx_int_t QueueOutput(Context* ctx) {
  ngx_http_upstream_t* u = ctx->request->upstream;
  const session::Session& session = *ctx->session;
  const bool last =
      session.has_output() && session.finished() && ctx->request == ctx->request->main;
  bool error = false;
  ngx_chain_t* out = TakeOutput(ctx, last, &u->free_bufs, &error);
  if (error) return NGX_ERROR;
  ctx->last_sent = ctx->last_sent || last;
  ngx_chain_t** tail = &u->out_bufs;
  while (*tail != nullptr) tail = &(*tail)->next;
  *tail = out;
  return NGX_OK;
}

// A timeout after commit: the session ends the stream with an in-band error; the rest is nginx's
// normal end of an answer, which also serves a slow client.
void ReadUpstream(ngx_http_request_t* r, ngx_http_upstream_t* u) {
  Context* ctx = FindContext(r);
  ngx_connection_t* c = u->peer.connection;
  if (ctx != nullptr && c->read->timedout) {
    c->read->timedout = 0;
    Guard(c->log, 0, [&] {
      if (!ctx->draining) LogFailedTry(ctx, "timed out", false);
      if (ctx->try_open) ctx->session->OnUpstreamEnd(UpstreamEnd::kTimedOut, Now());
      ctx->try_open = false;
      return 0;
    });
    if (QueueOutput(ctx) != NGX_OK) u->error = 1;
    u->length = 0;
    u->keepalive = 0;
  }
  if (ctx != nullptr) {
    ctx->read_upstream(r, u);
  }
}

ngx_int_t InitInputFilter(void* data) {
  auto* r = static_cast<ngx_http_request_t*>(data);
  Context* ctx = FindContext(r);
  if (ctx == nullptr) return NGX_ERROR;
  r->upstream->length = -1;  // until we say 0: nginx has put the client's length there
  Guard(r->connection->log, 0, [&] { return SettleConnection(ctx), 0; });
  ForgetRequestBody(ctx);
  ctx->read_upstream = r->upstream->read_event_handler;
  r->upstream->read_event_handler = ReadUpstream;
  return QueueOutput(ctx);
}

ngx_int_t InputFilter(void* data, ssize_t bytes) {
  auto* r = static_cast<ngx_http_request_t*>(data);
  Context* ctx = FindContext(r);
  if (ctx == nullptr) return NGX_ERROR;
  ngx_buf_t* b = &r->upstream->buffer;
  u_char* const pos = b->last;
  // Taken, but left standing until the client has taken what came of it: that is the backpressure.
  b->last += bytes;
  if (ctx->prefed) {
    ctx->prefed = false;
    return QueueOutput(ctx);
  }
  const bool ok = Guard(r->connection->log, false, [&] {
    if (ctx->try_open) FeedUpstreamBody(ctx, pos, pos + bytes);
    SettleConnection(ctx);
    return true;
  });
  if (!ok) return NGX_ERROR;
  ForgetRequestBody(ctx);
  ArmDeadline(ctx);
  return QueueOutput(ctx);
}

UpstreamEnd EndOf(const Context* ctx, ngx_int_t rc) {
  if (rc == NGX_HTTP_GATEWAY_TIME_OUT) return UpstreamEnd::kTimedOut;
  if (rc == NGX_HTTP_BAD_GATEWAY) return UpstreamEnd::kReset;
  return ctx->close_delimited ? UpstreamEnd::kClosed : UpstreamEnd::kTruncated;
}

// An answer that has begun and is not finished gets its in-band error here, before nginx ends it.
void FinalizeRequest(ngx_http_request_t* r, ngx_int_t rc) {
  Context* ctx = FindContext(r);
  if (ctx == nullptr) return;
  DisarmDeadline(ctx);
  ngx_log_t* log = r->connection->log;
  if (rc == NGX_HTTP_CLIENT_CLOSED_REQUEST || r->connection->error) {
    Guard(log, 0, [&] { return ctx->session->OnClientGone(Now()), 0; });
    return;
  }
  const bool nginx_ends = rc == 0;  // otherwise it only flushes, and the last chunk is ours to send
  if (!r->upstream->header_sent || (!nginx_ends && rc < NGX_HTTP_SPECIAL_RESPONSE)) return;
  Guard(log, 0, [&] {
    const bool cut = ctx->try_open && !ctx->session->finished();
    if (ctx->try_open) ctx->session->OnUpstreamEnd(EndOf(ctx, rc), Now());
    if (cut && EndOf(ctx, rc) != UpstreamEnd::kClosed) LogFailedTry(ctx, "answer cut short", false);
    ctx->try_open = false;
    return 0;
  });
  if (ctx->last_sent) return;
  bool error = false;
  ngx_chain_t* out = TakeOutput(ctx, !nginx_ends, &r->upstream->free_bufs, &error);
  if (out != nullptr) (void)ngx_http_output_filter(r, out);
}

void OnDeadline(ngx_event_t* event) {
  auto* ctx = static_cast<Context*>(event->data);
  ngx_http_request_t* r = ctx->request;
  ngx_http_upstream_t* u = r->upstream;
  ngx_connection_t* client = r->connection;
  ngx_connection_t* c = u->peer.connection;
  if (c == nullptr) return;
  if (u->header_sent && u->busy_bufs != nullptr && Now() < ctx->deadline_at) {
    ArmDeadline(ctx);  // silent because a slow client keeps us from reading
    return;
  }
  ngx_http_set_log_request(client->log, r);
  if (u->header_sent || (u->request_sent && u->request_body_sent)) {
    c->read->timedout = 1;
    u->read_event_handler(r, u);
  } else {
    c->write->timedout = 1;
    u->write_event_handler(r, u);
  }
  ngx_http_run_posted_requests(client);
}

}  // namespace

void LogFailedTry(Context* ctx, const char* why, bool more) {
  const session::Session& s = *ctx->session;
  // Until it is over, the only reason there may be is a policy's: no cause of this failure.
  const std::string target(s.target()), reason(more ? "" : s.reason()), id(s.request_id());
  const ngx_uint_t level = more ? NGX_LOG_WARN : NGX_LOG_ERR;
  const uint64_t delay_ms = s.NextDelayMs(Now());
  std::string next = more ? "trying the next target" : "no further target";
  if (delay_ms > 0) next = "asking again in " + std::to_string(delay_ms) + " ms";
  ngx_log_error(
      level, ctx->request->connection->log, 0,
      "keeptrusts: target \"%s\" failed: %s, status %ui%s%s, attempts: %s, %s, request %s",
      target.c_str(), why, ctx->status.code, reason.empty() ? "" : ", reason ", reason.c_str(),
      s.attempts().c_str(), next.c_str(), id.c_str());
  ctx->failure_logged = !more;
  LogNotices(ctx);
}

void LogFailedAnswer(Context* ctx, int status) {
  const session::Session& s = *ctx->session;
  const std::string target(s.target()), reason(s.reason()), id(s.request_id());
  if (ctx->failure_logged || s.verdict() != "error" || !reason.starts_with("upstream_")) return;
  ngx_log_error(NGX_LOG_ERR, ctx->request->connection->log, 0,
                "keeptrusts: answer failed: reason %s, status %d%s%s%s, request %s", reason.c_str(),
                status, target.empty() ? "" : ", target \"", target.c_str(),
                target.empty() ? "" : "\"", id.c_str());
}

void LogNotices(Context* ctx) {
  for (const session::Notice& notice : ctx->session->TakeNotices()) {
    const ngx_uint_t level = notice.warn ? NGX_LOG_WARN : NGX_LOG_NOTICE;
    ngx_log_error(level, ctx->request->connection->log, 0, "keeptrusts: %s", notice.text.c_str());
  }
}

void ResetTry(Context* ctx) noexcept {
  ctx->try_open = true;
  ctx->answer_started = ctx->head_parsed = ctx->chunked = ctx->close_delimited = false;
  ctx->close_after = ctx->has_length = ctx->body_done = ctx->prefed = false;
  ctx->status_parsed = ctx->draining = false;
  ctx->body_left = 0;
  ctx->status = {};
  ctx->chunk_state = {};
  ctx->upstream_headers.clear();
  ctx->deadline_at = 0;
  ctx->request->state = 0;
}

// The try's total deadline; within a stream also the longest silence, when one is set.
void ArmDeadline(Context* ctx) noexcept {
  ngx_event_t* event = &ctx->deadline;
  const uint64_t now = Now();
  if (ctx->deadline_at == 0) ctx->deadline_at = now + ctx->session->TryTimeoutMs(ctx->target);
  uint64_t at = ctx->deadline_at;
  const auto& idle =
      ctx->conf->gateway->gateway->targets()[ctx->target].config->stream_idle_timeout_seconds;
  if (idle && ctx->session->stream() && ctx->head_parsed) {
    at = std::min(at, now + static_cast<uint64_t>(*idle * 1000));
  } else if (event->timer_set) {
    return;
  }
  event->handler = OnDeadline;
  event->data = ctx;
  event->log = ctx->request->connection->log;
  ngx_add_timer(event, static_cast<ngx_msec_t>(at > now ? at - now : 1));
}

void DisarmDeadline(Context* ctx) noexcept {
  if (ctx->deadline.timer_set) ngx_del_timer(&ctx->deadline);
}

ngx_int_t StartUpstream(Context* ctx) noexcept {
  ngx_http_request_t* r = ctx->request;
  if (ngx_http_upstream_create(r) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  ngx_http_upstream_t* u = r->upstream;
  u->conf = &ctx->conf->gateway->upstreams[ctx->target]->entry_conf;
  ngx_str_set(&u->schema, "keeptrusts://");
  u->output.tag = static_cast<ngx_buf_tag_t>(&ngx_http_keeptrusts_module);
  u->buffering = 0;
  u->create_request = CreateRequest;
  u->reinit_request = ReinitRequest;
  u->process_header = ProcessHeader;
  u->abort_request = AbortRequest;
  u->finalize_request = FinalizeRequest;
  u->input_filter_init = InitInputFilter;
  u->input_filter = InputFilter;
  u->input_filter_ctx = r;
  Name* name = ctx->conf->gateway->upstreams[ctx->target]->name;
  if (name == nullptr || !AwaitsAddress(*name)) {
    ngx_http_upstream_init(r);
    return NGX_DONE;
  }
  if (!Guard(r->connection->log, false, [&] { return name->waiting.push_back(ctx), true; })) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  ctx->awaited = name;
  r->read_event_handler = ngx_http_test_reading;  // the client may leave
  r->write_event_handler = ngx_http_request_empty_handler;
  return NGX_DONE;
}

void ContinueUpstream(Context* ctx) noexcept {
  ngx_http_request_t* r = ctx->request;
  ngx_connection_t* c = r->connection;
  ngx_http_set_log_request(c->log, r);
  ngx_http_upstream_init(r);
  ngx_http_run_posted_requests(c);
}

}  // namespace kt::nginx
