// keeptrusts_status: health, metrics and the masked running configuration. The pages are made in
// core/session/status_page.h.
#include "core/session/status_page.h"
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

session::StatusReply MakeReply(ngx_http_request_t* r) {
  std::vector<const session::Gateway*> gateways;
  session::StatusFacts facts;
  MainConf* main = GetMainConf(r);
  for (const auto& entry : main->gateways) {
    gateways.push_back(entry->gateway.get());
    facts.boards.push_back(entry->board.get());
  }
  facts.now_ms = Now();
  for (const auto& entry : main->audits) {
    facts.audit_records_written += entry->rings->stats().written;
    facts.audit_records_dropped += entry->rings->stats().dropped;
  }
  return session::MakeStatusPage(View(r->uri), gateways, facts);
}

}  // namespace

ngx_int_t StatusHandler(ngx_http_request_t* r) noexcept {
  if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) return NGX_HTTP_NOT_ALLOWED;
  ngx_int_t rc = ngx_http_discard_request_body(r);
  if (rc != NGX_OK) return rc;
  session::StatusReply reply;
  reply.status = 0;
  Guard(r->connection->log, 0, [&] { return reply = MakeReply(r), 0; });
  if (reply.status == 0) return NGX_HTTP_INTERNAL_SERVER_ERROR;

  const ngx_str_t body = CopyToPool(r->pool, reply.body);
  ngx_buf_t* b = NewBuffer(r->pool);
  r->headers_out.content_type = CopyToPool(r->pool, reply.content_type);
  if (body.data == nullptr || b == nullptr || r->headers_out.content_type.data == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  r->headers_out.content_type_len = r->headers_out.content_type.len;
  r->headers_out.status = static_cast<ngx_uint_t>(reply.status);
  r->headers_out.content_length_n = static_cast<off_t>(body.len);
  rc = ngx_http_send_header(r);
  if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) return rc;
  b->pos = b->start = body.data;
  b->last = b->end = body.data + body.len;
  b->memory = body.len == 0 ? 0 : 1;
  b->last_buf = 1;
  b->last_in_chain = 1;
  ngx_chain_t out{b, nullptr};
  return ngx_http_output_filter(r, &out);
}

}  // namespace kt::nginx
