// hipaa_audit_controls: the end of an answer waits until its record is durable.
//
// The record is written when the session has given its last byte. The buffers with that byte, and
// all behind them, are kept here, unconsumed, so that nginx waits as for a slow client, until the
// writer process has moved the ring's tail past the record. Many requests wait for one sync.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr unsigned kHeldBit = 0x08;  // of r->buffered; the bit of our filters
constexpr ngx_msec_t kLookMs = 2;
// A client rather sees a broken answer than one whose record may be lost.
constexpr ngx_msec_t kLongestMs = 10'000;

bool Waits(const Context* ctx) {
  const AuditEntry* audit = ctx->conf->audit;
  return audit != nullptr && audit->settings.hipaa_audit_controls && ctx->session->recorded();
}

bool HasLastBuffer(const ngx_chain_t* out) {
  for (; out != nullptr; out = out->next) {
    if (out->buf->last_buf != 0) return true;
  }
  return false;
}

bool HoldsEnd(const Context* ctx, const ngx_chain_t* out) {
  if (ctx->session->finished() && !ctx->session->has_output()) return true;
  return HasLastBuffer(out);
}

// Adds to what is kept. Behind the last buffer nginx may still tell filters to flush: sent in one
// chain with it, that would hide the end from filters that look for it in the chain's last buffer.
bool Keep(Context* ctx, ngx_chain_t* out) {
  if (!HasLastBuffer(ctx->held)) {
    return out == nullptr || ngx_chain_add_copy(ctx->request->pool, &ctx->held, out) == NGX_OK;
  }
  for (; out != nullptr; out = out->next) {
    out->buf->pos = out->buf->last;
    out->buf->file_pos = out->buf->file_last;
  }
  return true;
}

bool Durable(const Context* ctx) {
  return !ctx->kept || ctx->conf->audit->rings->Durable(ctx->ticket);
}

// What filters behind us send meanwhile is theirs.
ngx_int_t Send(Context* ctx, ngx_chain_t* out, ngx_http_output_body_filter_pt next) {
  ctx->sending = true;
  const ngx_int_t rc = next(ctx->request, out);
  ctx->sending = false;
  return rc;
}

void Look(ngx_event_t* event) {
  auto* ctx = static_cast<Context*>(event->data);
  ngx_connection_t* c = ctx->request->connection;
  if (Durable(ctx)) {
    ngx_post_event(c->write, &ngx_posted_events);
    return;
  }
  if (Now() < ctx->ack_until) {
    ngx_add_timer(event, kLookMs);
    return;
  }
  ngx_http_set_log_request(c->log, ctx->request);
  const std::string_view id = ctx->session->request_id();
  ngx_log_error(NGX_LOG_ERR, c->log, 0,
                "keeptrusts: answer cut before its end: its audit record is not durable after"
                " %M ms, request %*s",
                kLongestMs, id.size(), id.data());
  ctx->cut = true;
  ctx->request->keepalive = 0;
  // As nginx does for what is open when its shutdown timeout is over.
  c->close = 1;
  c->error = 1;
  ngx_post_event(c->write, &ngx_posted_events);
}

}  // namespace

ngx_int_t SendDurably(Context* ctx, ngx_chain_t* out,
                      ngx_http_output_body_filter_pt next) noexcept {
  ngx_http_request_t* r = ctx->request;
  if (ctx->cut) return NGX_ERROR;
  if (ctx->held == nullptr && (!Waits(ctx) || !HoldsEnd(ctx, out))) return Send(ctx, out, next);
  if (!Keep(ctx, out)) return NGX_ERROR;
  WriteRecord(ctx, static_cast<int>(r->headers_out.status));
  if (!Durable(ctx)) {
    if (ctx->ack_until == 0) ctx->ack_until = Now() + kLongestMs;
    ctx->ack.handler = Look;
    ctx->ack.data = ctx;
    ctx->ack.log = r->connection->log;
    if (!ctx->ack.timer_set) ngx_add_timer(&ctx->ack, kLookMs);
    r->buffered |= kHeldBit;
    return NGX_AGAIN;
  }
  r->buffered &= ~kHeldBit;
  ngx_chain_t* held = ctx->held;
  ctx->held = nullptr;
  return Send(ctx, held, next);
}

}  // namespace kt::nginx
