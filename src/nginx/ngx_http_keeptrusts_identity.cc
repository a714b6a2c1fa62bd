// Whose a kept-alive connection is. nginx keeps connections by address only; in an upstream{} of
// the user's that other targets and locations ask too, one may have been opened for another name,
// without verification, or with another key. A target goes on only with those that it opened
// itself.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

// Never called for what it does: its address in the connection's pool is the mark.
void OpenedBy(void*) {}

bool IsOpenedBy(const ngx_connection_t* c, const UpstreamTarget* target) {
  if (c->pool == nullptr) return false;
  for (const ngx_pool_cleanup_t* mark = c->pool->cleanup; mark != nullptr; mark = mark->next) {
    if (mark->handler == OpenedBy && mark->data == target) return true;
  }
  return false;
}

void Close(ngx_connection_t* c) {
#if (NGX_SSL)
  if (c->ssl != nullptr) {
    c->ssl->no_wait_shutdown = 1;
    c->ssl->no_send_shutdown = 1;
    (void)ngx_ssl_shutdown(c);
  }
#endif
  if (c->pool != nullptr) ngx_destroy_pool(c->pool);
  ngx_close_connection(c);
}

}  // namespace

ngx_int_t RefuseConnection(const UpstreamTarget* target, bool fresh,
                           ngx_peer_connection_t* pc) noexcept {
  if (!pc->cached || pc->connection == nullptr) return NGX_DONE;
  const bool own = !target->users_upstream || IsOpenedBy(pc->connection, target);
  if (own && !fresh) return NGX_DONE;
  Close(pc->connection);
  pc->connection = nullptr;
  pc->cached = 0;
  return NGX_OK;  // the address is known: connect to it
}

void MarkConnection(const UpstreamTarget* target, ngx_http_upstream_t* u) noexcept {
  ngx_connection_t* c = u->peer.connection;
  if (!target->users_upstream || !u->keepalive || c == nullptr || c->pool == nullptr) return;
  if (target->client_certificate) {
    u->keepalive = 0;  // others would ask in this target's name
    return;
  }
  if (IsOpenedBy(c, target)) return;
  ngx_pool_cleanup_t* mark = ngx_pool_cleanup_add(c->pool, 0);
  if (mark == nullptr) {
    u->keepalive = 0;
    return;
  }
  mark->handler = OpenedBy;
  mark->data = const_cast<UpstreamTarget*>(target);
}

}  // namespace kt::nginx
