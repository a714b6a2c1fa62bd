// keeptrusts on: judges the whole body before a stock handler sees it, and puts the edited body in
// its place. Runs behind limits, access and auth_request.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

// Calls call(header) for each header of the client of that name.
template <typename Call>
void ForEachHeader(ngx_http_request_t* r, std::string_view lower_name, const Call& call) {
  for (ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
    auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; i++) {
      if (headers[i].lowcase_key != nullptr && headers[i].key.len == lower_name.size() &&
          ngx_memcmp(headers[i].lowcase_key, lower_name.data(), lower_name.size()) == 0) {
        call(&headers[i]);
      }
    }
  }
}

// After a 101 nginx joins the client and the upstream, past all filters. So it does not hear that
// the client would like to, nor does the upstream, whatever the location's `proxy_set_header` says.
void KeepProtocol(Context* ctx) {
  if (ctx->session->may_switch_protocols()) return;
  ctx->request->headers_in.upgrade = nullptr;
  ForEachHeader(ctx->request, "upgrade",
                [](ngx_table_elt_t* header) { ngx_str_null(&header->value); });
}

// NGX_DECLINED: on to the stock handler; otherwise the answer's result.
ngx_int_t Proceed(Context* ctx) {
  if (JudgeBody(ctx) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  AdmitToAudit(ctx);
  if (ctx->session->head_ready()) return SendAnswer(ctx);
  const bool replaced = Guard(ctx->request->connection->log, false, [&] {
    if (ctx->session->governs_answer()) AskForIdentity(ctx);
    KeepProtocol(ctx);
    return ReplaceRequestBody(ctx) == NGX_OK;
  });
  return replaced ? static_cast<ngx_int_t>(NGX_DECLINED)
                  : static_cast<ngx_int_t>(NGX_HTTP_INTERNAL_SERVER_ERROR);
}

void OnBodyRead(ngx_http_request_t* r) {
  Context* ctx = FindContext(r);
  const ngx_int_t rc = ctx == nullptr ? NGX_HTTP_INTERNAL_SERVER_ERROR : Proceed(ctx);
  if (rc != NGX_DECLINED) {
    ngx_http_finalize_request(r, rc);
    return;
  }
  ctx->precontent = NGX_DECLINED;
  r->preserve_body = 1;
  r->write_event_handler = ngx_http_core_run_phases;
  ngx_http_core_run_phases(r);
}

// nginx redirected to an error page inside a governed location: whatever that page is, the client
// gets the API's error of the same status. Nothing of the request is read again or sent on.
ngx_int_t AnswerErrorPage(ngx_http_request_t* r, LocationConf* conf, ngx_uint_t status) {
  Context* ctx = FindContext(r);
  if (ctx == nullptr) ctx = MakeContext(r, conf, false);
  if (ctx == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  ngx_http_set_ctx(r, ctx, ngx_http_keeptrusts_module);
  RestoreAcceptEncoding(ctx);
  const bool ready = Guard(r->connection->log, false, [&] {
    if (!ctx->session->head_ready()) ctx->session->RefuseStatus(static_cast<int>(status));
    return ctx->session->head_ready();
  });
  if (!ready) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  ngx_http_finalize_request(r, SendAnswer(ctx));
  return NGX_DONE;
}

// A provider behind a governed location named a location of ours (X-Accel-Redirect) instead of
// answering: what that holds was never judged, and a provider has no say in it.
bool RedirectedByProvider(ngx_http_request_t* r) {
  const ngx_http_upstream_t* u = r->upstream;
  if (r->internal == 0 || u == nullptr || u->headers_in.x_accel_redirect == nullptr ||
      (u->conf->ignore_headers & NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT) != 0) {
    return false;
  }
  const Context* ctx = FindContext(r);
  return ctx != nullptr && ctx->session->governs_answer();
}

// A subrequest that carries a body which no policy has seen: that of a location without policies
// whose `mirror` leads here. Others hold what was judged with their main request, or nothing.
bool CarriesUnjudgedBody(ngx_http_request_t* r) {
  const ngx_http_request_body_t* body = r->request_body;
  if (body == nullptr || (body->bufs == nullptr && body->temp_file == nullptr)) return false;
  const Context* ctx = FindContext(r);
  return ctx == nullptr || (ctx->precontent != NGX_DECLINED && !ctx->session->head_ready());
}

}  // namespace

void AskForIdentity(Context* ctx) {
  ForEachHeader(ctx->request, "accept-encoding", [ctx](ngx_table_elt_t* header) {
    ctx->accept_encoding.emplace_back(header, header->value);
    ngx_str_set(&header->value, "identity");
  });
}

void RestoreAcceptEncoding(Context* ctx) noexcept {
  for (auto& [header, value] : ctx->accept_encoding) header->value = value;
  ctx->accept_encoding.clear();
}

ngx_int_t PrecontentHandler(ngx_http_request_t* r) noexcept {
  LocationConf* conf = GetLocationConf(r);
  if (r == r->main && RedirectedByProvider(r)) {
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "keeptrusts: upstream sent \"X-Accel-Redirect\", which is refused");
    return AnswerErrorPage(r, conf, NGX_HTTP_BAD_GATEWAY);
  }
  if (conf->enable != 1 || conf->gateway == nullptr) return NGX_DECLINED;
  if (r != r->main) {
    if (!CarriesUnjudgedBody(r)) return NGX_DECLINED;
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "keeptrusts: subrequest \"%V\" is refused: no policy has seen its body", &r->uri);
    return NGX_HTTP_FORBIDDEN;
  }
  auto* ctx = static_cast<Context*>(ngx_http_get_module_ctx(r, ngx_http_keeptrusts_module));
  if (ctx != nullptr) return ctx->precontent;
  if (r->internal && r->err_status >= NGX_HTTP_BAD_REQUEST) {
    return AnswerErrorPage(r, conf, r->err_status);
  }
  ctx = InheritContext(r, conf);
  if (ctx != nullptr) return NGX_DECLINED;

  ctx = MakeContext(r, conf, false);
  if (ctx == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  if (BeginRequest(ctx)) {
    AdmitToAudit(ctx);
    const ngx_int_t rc = SendAnswer(ctx);
    ngx_http_finalize_request(r, rc);
    return NGX_DONE;
  }
  const ngx_int_t rc = ReadBody(ctx, OnBodyRead);
  if (rc >= NGX_HTTP_SPECIAL_RESPONSE) return rc;
  ngx_http_finalize_request(r, NGX_DONE);
  return NGX_DONE;
}

}  // namespace kt::nginx
