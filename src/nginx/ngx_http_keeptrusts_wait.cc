// Waiting between two tries, inside nginx's upstream machinery: a virtual peer. Its connection is a
// socket that is connected to nothing and watched by nobody; for nginx it is about to connect, so
// that the client's leaving is noticed as ever. When the time is over, its read handler is called
// and the connection's `recv` fails, whereupon nginx asks the balancer for the next peer.
//
// It rests on this inside nginx, which tests guard on every version: a `get` that returns NGX_AGAIN
// is taken to have made a connection; its connect timer is u->conf's; and a read handler that is
// called before that timer runs out reads. $upstream_addr names the wait.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

// nginx's own timer must never be the first.
constexpr ngx_msec_t kFarMs = 24 * 3600 * 1000;

ngx_str_t kName = ngx_string("wait");
sockaddr kNowhere{};

ssize_t Fail(ngx_connection_t*, u_char*, size_t) {
  return NGX_ERROR;
}

void OnWaited(ngx_event_t* event) {
  auto* ctx = static_cast<Context*>(event->data);
  ngx_http_request_t* r = ctx->request;
  ngx_connection_t* client = r->connection;
  ngx_http_set_log_request(client->log, r);
  r->upstream->read_event_handler(r, r->upstream);
  ngx_http_run_posted_requests(client);
}

// The same settings with a connect timeout that never counts.
ngx_http_upstream_conf_t* WaitConf(ngx_http_request_t* r) {
  auto* conf =
      static_cast<ngx_http_upstream_conf_t*>(ngx_palloc(r->pool, sizeof(ngx_http_upstream_conf_t)));
  if (conf == nullptr) return nullptr;
  *conf = *r->upstream->conf;
  conf->connect_timeout = kFarMs;
  return conf;
}

}  // namespace

ngx_int_t GetWaitPeer(ngx_peer_connection_t* pc, Context* ctx, uint64_t delay_ms) noexcept {
  ngx_http_request_t* r = ctx->request;
  ngx_http_upstream_conf_t* conf = WaitConf(r);
  const ngx_socket_t fd =
      conf == nullptr ? static_cast<ngx_socket_t>(-1) : ngx_socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd == static_cast<ngx_socket_t>(-1)) {
    ngx_log_error(NGX_LOG_ALERT, pc->log, ngx_socket_errno, "keeptrusts: no socket to wait with");
    return NGX_ERROR;
  }
  ngx_connection_t* c = ngx_get_connection(fd, pc->log);
  if (c == nullptr) {
    ngx_close_socket(fd);
    return NGX_ERROR;
  }
  c->type = SOCK_STREAM;
  c->read->log = c->write->log = pc->log;
  c->recv = Fail;
  pc->connection = c;
  pc->cached = 0;
  pc->sockaddr = &kNowhere;
  pc->socklen = sizeof(kNowhere);
  pc->name = &kName;
  r->upstream->conf = conf;
  ctx->waiting = true;
  ctx->wait.handler = OnWaited;
  ctx->wait.data = ctx;
  ctx->wait.log = r->connection->log;
  ngx_add_timer(&ctx->wait, static_cast<ngx_msec_t>(delay_ms));
  return NGX_AGAIN;
}

void EndWait(Context* ctx) noexcept {
  ctx->waiting = false;
  if (ctx->wait.timer_set) ngx_del_timer(&ctx->wait);
}

}  // namespace kt::nginx
