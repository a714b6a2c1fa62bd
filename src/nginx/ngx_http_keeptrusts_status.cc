// keeptrusts_status: health, metrics and the masked running configuration. The pages are made in
// core/session/status_page.h.
#include "core/session/status_page.h"

#include <algorithm>

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

session::Reply MakePage(ngx_http_request_t* r, const std::string& request_id) {
  std::vector<const session::Gateway*> gateways;
  session::StatusFacts facts;
  MainConf* main = GetMainConf(r);
  for (const auto& entry : main->gateways) {
    gateways.push_back(entry->gateway.get());
    facts.boards.push_back(entry->board.get());
  }
  facts.now_ms = Now();
  for (const auto& entry : main->audits) {
    const audit::WorkerRings::Stats stats = entry->rings->stats();
    facts.audit_records_written += stats.written;
    facts.audit_records_dropped += stats.dropped;
    facts.audit_ring_bytes += stats.ring_bytes;
    facts.audit_ring_used_bytes += stats.used_bytes;
    facts.audit_open_requests += stats.open_requests;
    facts.audit_log_records += stats.log_records;
    facts.audit_writer_failing = facts.audit_writer_failing || stats.writer_failing;
    const auto now_us = static_cast<uint64_t>(UnixMicroseconds());
    if (stats.used_bytes > 0 && stats.durable_us > 0 && now_us > stats.durable_us) {
      facts.audit_lag_ms = std::max(facts.audit_lag_ms, (now_us - stats.durable_us) / 1000);
    }
  }
  return session::MakeStatusPage(View(r->uri), gateways, facts, request_id);
}

// log_all_access: who read the gateway's own pages. False: a log that must not miss it cannot take
// it, and the page is not shown.
bool RecordAccess(ngx_http_request_t* r, const std::string& request_id, int status) {
  if (View(r->uri).find("/keeptrusts/") == std::string_view::npos) return true;
  for (const auto& entry : GetMainConf(r)->audits) {
    if (!entry->settings.log_all_access) continue;
    audit::Record record;
    record.ts_us = UnixMicroseconds();
    record.request_id = request_id;
    record.pack_name = entry->packs.front().name;
    record.pack_version = entry->packs.front().version;
    record.pack_sha256 = entry->packs.front().sha256;
    record.verdict = "allowed";
    record.route = View(r->uri);
    record.status = status;
    record.client = View(r->connection->addr_text);
    Result<audit::Ticket> ticket = entry->rings->Admit({});
    if (ticket.ok()) {
      entry->rings->Append(&ticket.value(), record, false);
    } else if (entry->settings.immutable) {
      return false;
    } else {
      entry->rings->Drop();
    }
  }
  return true;
}

session::Reply Answer(ngx_http_request_t* r) {
  const std::string request_id = RequestId(r);
  if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
    return session::RefuseStatusMethod(request_id);
  }
  session::Reply page = MakePage(r, request_id);
  if (RecordAccess(r, request_id, page.status)) return page;
  return session::MakeReply(session::Error::kAuditUnavailable, request_id);
}

}  // namespace

ngx_int_t StatusHandler(ngx_http_request_t* r) noexcept {
  ngx_int_t rc = ngx_http_discard_request_body(r);
  if (rc != NGX_OK) return rc;
  session::Reply reply;
  reply.status = 0;
  Guard(r->connection->log, 0, [&] {
    reply = Answer(r);
    return 0;
  });
  if (reply.status == 0) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  for (const routing::Header& header : reply.headers) {
    if (AddHeader(r, header) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }

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
