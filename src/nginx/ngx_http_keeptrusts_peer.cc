// The meta peer: nginx's upstream machinery believes in one balancer; each try delegates to the
// stock balancer of the chosen target's own upstream{}.
//
// It rests on an order inside nginx that tests guard on every version: ngx_http_upstream_connect
// calls peer.get before it reads u->conf, u->ssl and u->request_bufs.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

using session::UpstreamEnd;

// A connection that its peer has closed says so when it is next written to. One that ends later
// ends with a request that was being worked on.
constexpr uint64_t kStaleMs = 1000;

// The next target of this try into ctx->target. False: none is left.
bool SelectTarget(Context* ctx) {
  if (ctx->first_get || ctx->same_target) {
    ctx->first_get = ctx->same_target = false;
    return true;
  }
  return Guard(ctx->request->connection->log, false, [&] {
    const std::optional<size_t> next = ctx->session->NextTarget(Now());
    if (next) ctx->target = *next;
    return next.has_value();
  });
}

// How long the next try is to be put off.
uint64_t DelayOfNext(const Context* ctx) {
  return ctx->first_get || ctx->same_target ? 0 : ctx->session->NextDelayMs(Now());
}

// The request of this try, as a chain whose bytes the context and the session own. nginx rewinds
// each buffer to `start` when it sends the chain again.
ngx_chain_t* BuildRequestChain(Context* ctx) {
  ngx_http_request_t* r = ctx->request;
  session::Session::UpstreamRequest request = ctx->session->BuildRequest(ctx->target);
  ctx->request_bytes = std::move(request.head);
  ngx_chain_t* first = nullptr;
  ngx_chain_t** tail = &first;
  ngx_buf_t* last = nullptr;
  for (const std::string_view part : {std::string_view(ctx->request_bytes), request.body}) {
    if (part.empty()) continue;
    ngx_buf_t* b = NewBuffer(r->pool);
    ngx_chain_t* link = ngx_alloc_chain_link(r->pool);
    if (b == nullptr || link == nullptr) return nullptr;
    b->start = b->pos = reinterpret_cast<u_char*>(const_cast<char*>(part.data()));
    b->end = b->last = b->pos + part.size();
    b->memory = 1;
    link->buf = b;
    link->next = nullptr;
    *tail = link;
    tail = &link->next;
    last = b;
  }
  // Without it nginx's TLS output buffer waits for more, for ever on a connection that is reused.
  if (last != nullptr) last->flush = 1;
  return first;
}

ngx_int_t GetPeer(ngx_peer_connection_t* pc, void* data);
void FreePeer(ngx_peer_connection_t* pc, void* data, ngx_uint_t state);

#if (NGX_SSL || NGX_COMPAT)
ngx_int_t SetSession(ngx_peer_connection_t* pc, void* data) {
  auto* ctx = static_cast<Context*>(data);
  return ctx->inner_set_session(pc, ctx->inner_data);
}
void SaveSession(ngx_peer_connection_t* pc, void* data) {
  auto* ctx = static_cast<Context*>(data);
  ctx->inner_save_session(pc, ctx->inner_data);
}
#endif

void InstallMeta(ngx_peer_connection_t* pc, Context* ctx) {
  pc->data = ctx;
  pc->get = GetPeer;
  pc->free = FreePeer;
#if (NGX_SSL || NGX_COMPAT)
  pc->set_session = SetSession;
  pc->save_session = SaveSession;
#endif
}

// Lets the target's own balancer set itself up, keeps its functions, and puts ours back in front.
ngx_int_t InitInner(Context* ctx, UpstreamTarget* target) {
  ngx_http_request_t* r = ctx->request;
  ngx_http_upstream_t* u = r->upstream;
  u->conf = &target->conf;
  u->upstream = target->uscf;
  u->ssl = target->conf.ssl != nullptr ? 1 : 0;
  u->ssl_name = target->tls_name;
  u->peer.data = nullptr;  // round robin would reuse another target's data
  if (target->uscf->peer.init(r, target->uscf) != NGX_OK) return NGX_ERROR;
  ctx->addresses_left = u->peer.tries > 0 ? u->peer.tries - 1 : 0;
  ctx->inner_data = u->peer.data;
  ctx->inner_get = u->peer.get;
  ctx->inner_free = u->peer.free;
#if (NGX_SSL || NGX_COMPAT)
  ctx->inner_set_session = u->peer.set_session;
  ctx->inner_save_session = u->peer.save_session;
#endif
  InstallMeta(&u->peer, ctx);
  return NGX_OK;
}

// Why nginx gave up on a try, in the words of the error log.
const char* NameOf(UpstreamEnd end) {
  switch (end) {
    case UpstreamEnd::kClean:
    case UpstreamEnd::kClosed:
      return "closed";
    case UpstreamEnd::kTruncated:
      return "answer cut short";
    case UpstreamEnd::kReset:
      return "closed without a valid answer";
    case UpstreamEnd::kConnectFailed:
      return "connection failed";
    case UpstreamEnd::kTlsFailed:
      return "TLS handshake or certificate failed";
    case UpstreamEnd::kTimedOut:
      return "timed out";
    case UpstreamEnd::kInvalid:
      return "invalid answer";
  }
  return "failed";
}

// Tells the session how the open try ended. How many tries nginx may still make: 0 or 1.
ngx_uint_t EndTry(Context* ctx, UpstreamEnd end) {
  ngx_log_t* log = ctx->request->connection->log;
  return Guard(log, ngx_uint_t{0}, [&]() -> ngx_uint_t {
    session::Session& s = *ctx->session;
    if (!ctx->try_open) return s.head_ready() ? 0 : 1;
    ctx->try_open = false;
    const bool more = s.OnUpstreamEnd(end, Now()) == session::Step::kNextTarget;
    LogFailedTry(ctx, NameOf(end), more);
    return more ? 1 : 0;
  });
}

// The balancer's own answer. It has no address to give: the target has failed like one that
// refuses.
ngx_int_t AskInner(ngx_peer_connection_t* pc, Context* ctx) {
  pc->tries = 1;
  ArmDeadline(ctx);
  ctx->asked_at = Now();
  const ngx_int_t rc = ctx->inner_get(pc, ctx->inner_data);
  if (rc == NGX_DONE) {
    const UpstreamTarget* target = ctx->conf->gateway->upstreams[ctx->target];
    return RefuseConnection(target, ctx->fresh, pc);
  }
  if (rc != NGX_BUSY) return rc;
  DisarmDeadline(ctx);
  pc->tries = EndTry(ctx, UpstreamEnd::kConnectFailed);
  return NGX_BUSY;
}

ngx_int_t GetPeer(ngx_peer_connection_t* pc, void* data) {
  auto* ctx = static_cast<Context*>(data);
  ngx_http_upstream_t* u = ctx->request->upstream;
  if (ctx->next_address) {
    ctx->next_address = false;
    return AskInner(pc, ctx);
  }
  if (const uint64_t delay_ms = DelayOfNext(ctx)) return GetWaitPeer(pc, ctx, delay_ms);
  const bool again = ctx->same_target;
  if (!SelectTarget(ctx)) {
    pc->tries = 0;
    return NGX_BUSY;
  }
  UpstreamTarget* target = ctx->conf->gateway->upstreams[ctx->target];
  if (target->uscf == nullptr || InitInner(ctx, target) != NGX_OK) return NGX_ERROR;
  ResetTry(ctx);
  ctx->fresh = again;
  u->request_bufs = Guard(ctx->request->connection->log, static_cast<ngx_chain_t*>(nullptr),
                          [&] { return BuildRequestChain(ctx); });
  if (u->request_bufs == nullptr) return NGX_ERROR;
  // More than one try is always possible for nginx; FreePeer takes it away when the session's
  // answer is decided.
  return AskInner(pc, ctx);
}

// Why nginx gave up on a try, read from the connection before it is closed.
UpstreamEnd FailureOf(const Context* ctx, const ngx_peer_connection_t* pc) {
  const ngx_connection_t* c = pc->connection;
  const ngx_http_upstream_t* u = ctx->request->upstream;
  if (c == nullptr) return UpstreamEnd::kConnectFailed;
  if (c->read->timedout || c->write->timedout) {
    // A plain connection is written to as soon as it stands: nobody has the request yet.
    return u->ssl || u->request_sent ? UpstreamEnd::kTimedOut : UpstreamEnd::kConnectFailed;
  }
#if (NGX_SSL)
  if (u->ssl && (c->ssl == nullptr || !c->ssl->handshaked)) {
    return c->ssl == nullptr ? UpstreamEnd::kConnectFailed : UpstreamEnd::kTlsFailed;
  }
#endif
  if (!u->request_sent) {
#if (NGX_SSL)
    if (u->ssl) return UpstreamEnd::kTlsFailed;  // verified after the handshake, before the request
#endif
    return UpstreamEnd::kConnectFailed;
  }
  // nginx gives up when the buffer is full before the head ends.
  if (!ctx->head_parsed && u->buffer.start != nullptr && u->buffer.last == u->buffer.end) {
    return UpstreamEnd::kInvalid;
  }
  if (ctx->head_parsed && ctx->close_delimited && c->read->eof) return UpstreamEnd::kClosed;
  return ctx->head_parsed ? UpstreamEnd::kTruncated : UpstreamEnd::kReset;
}

// A kept-alive connection that the peer closed before the first byte of an answer says nothing
// about the target, which is asked once more, on a connection of its own: the others that are kept
// may be as stale, and each would carry the request another time.
bool IsStale(const Context* ctx, const ngx_peer_connection_t* pc) {
  const ngx_connection_t* c = pc->connection;
  return pc->cached && !ctx->answer_started && c != nullptr && !c->read->timedout &&
         !c->write->timedout && Now() < ctx->asked_at + kStaleMs;
}

// A name stands for several addresses (IPv6 and IPv4, or a dead one among many): while the request
// has not left, the target's next address is no other try.
bool HasNextAddress(const Context* ctx, const ngx_peer_connection_t* pc) {
  const bool unsent = pc->connection == nullptr || !ctx->request->upstream->request_sent;
  return unsent && ctx->addresses_left > 0 && Now() < ctx->deadline_at;
}

void FreePeer(ngx_peer_connection_t* pc, void* data, ngx_uint_t state) {
  auto* ctx = static_cast<Context*>(data);
  DisarmDeadline(ctx);
  if (ctx->waiting) {
    EndWait(ctx);
    pc->tries = 1;
    return;
  }
  MarkConnection(ctx->conf->gateway->upstreams[ctx->target], ctx->request->upstream);
  const bool failed = (state & NGX_PEER_FAILED) != 0;
  if (failed && ctx->try_open && IsStale(ctx, pc)) {
    ctx->same_target = true;
    ctx->inner_free(pc, ctx->inner_data, state);
    pc->tries = 1;
    return;
  }
  if (failed && ctx->try_open && HasNextAddress(ctx, pc)) {
    ctx->next_address = true;
    ctx->addresses_left--;
    ctx->inner_free(pc, ctx->inner_data, state);
    pc->tries = 1;
    return;
  }
  if (failed) {
    const ngx_uint_t tries = EndTry(ctx, FailureOf(ctx, pc));
    ctx->inner_free(pc, ctx->inner_data, state);
    pc->tries = tries;
    return;
  }
  ctx->inner_free(pc, ctx->inner_data, state);
}

}  // namespace

ngx_int_t InitPeer(ngx_http_request_t* r, ngx_http_upstream_srv_conf_t*) noexcept {
  Context* ctx = FindContext(r);
  if (ctx == nullptr) return NGX_ERROR;
  InstallMeta(&r->upstream->peer, ctx);
  r->upstream->peer.tries = 1;
  return NGX_OK;
}

}  // namespace kt::nginx
