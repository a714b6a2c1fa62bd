// keeptrusts_pass: the content handler, from the request's head to the first upstream try.
#include "core/openai/echo.h"
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

// The embedded provider's answer, through the same calls as a real one's.
void FeedEcho(Context* ctx, size_t target) {
  session::Session& s = *ctx->session;
  const session::Session::UpstreamRequest request = s.BuildRequest(target);
  const openai::EchoAnswer answer = openai::Echo(
      s.endpoint(), request.body, std::to_string(ctx->request->connection->number), ngx_time());
  session::UpstreamHead head;
  head.status = answer.status;
  head.content_type = answer.content_type;
  session::Step step = s.OnUpstreamHeader(head, Now());
  for (const std::string& piece : answer.pieces) {
    if (step != session::Step::kContinue) return;
    step = s.OnUpstreamBody(piece, Now());
  }
  if (step == session::Step::kContinue) s.OnUpstreamEnd(session::UpstreamEnd::kClean, Now());
}

// Chooses the first target. True: an upstream is to be started; false: the answer is ready.
bool ChooseTarget(Context* ctx) {
  return Guard(ctx->request->connection->log, false, [&] {
    const std::optional<size_t> target = ctx->session->NextTarget(Now());
    if (!target) {
      ngx_log_error(NGX_LOG_ERR, ctx->request->connection->log, 0,
                    "keeptrusts: no target can be asked, reason %s, request %s",
                    std::string(ctx->session->reason()).c_str(),
                    std::string(ctx->session->request_id()).c_str());
      ctx->failure_logged = true;
      return false;
    }
    ctx->target = *target;
    if (!ctx->session->IsEcho(*target)) return true;
    FeedEcho(ctx, *target);
    return false;
  });
}

// What follows once the whole body is there. Returns what the request is finalised with.
ngx_int_t Proceed(Context* ctx) {
  if (JudgeBody(ctx) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  AdmitToAudit(ctx);
  // Each try makes its own request; this is for a location that an error_page leads to.
  if (!ctx->session->head_ready() && ReplaceRequestBody(ctx) != NGX_OK) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  if (!ctx->session->head_ready() && ChooseTarget(ctx)) return StartUpstream(ctx);
  return ctx->session->head_ready() ? SendAnswer(ctx) : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

void OnBodyRead(ngx_http_request_t* r) {
  Context* ctx = FindContext(r);
  const ngx_int_t rc = ctx == nullptr ? NGX_HTTP_INTERNAL_SERVER_ERROR : Proceed(ctx);
  if (rc != NGX_DONE) ngx_http_finalize_request(r, rc);
}

}  // namespace

ngx_int_t ContentHandler(ngx_http_request_t* r) noexcept {
  if (r != r->main) return NGX_HTTP_NOT_FOUND;  // subrequests carry no body of their own
  Context* ctx = MakeContext(r, GetLocationConf(r), true);
  if (ctx == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  if (BeginRequest(ctx)) {
    AdmitToAudit(ctx);
    return SendAnswer(ctx);
  }

  const ngx_int_t rc = ReadBody(ctx, OnBodyRead);
  return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : static_cast<ngx_int_t>(NGX_DONE);
}

ngx_int_t LogHandler(ngx_http_request_t* r) noexcept {
  Context* ctx = FindContext(r);
  if (ctx != nullptr) WriteRecord(ctx, static_cast<int>(r->headers_out.status));
  return NGX_OK;
}

}  // namespace kt::nginx
