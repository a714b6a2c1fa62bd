// keeptrusts_pass: reads a provider's answer with nginx's own parsers (status line, header lines,
// chunks), and hands head and body to the session.
#include <algorithm>
#include <utility>

#include "core/base/text.h"
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

using session::Step;
using session::UpstreamEnd;

constexpr size_t kMaxUpstreamHeaders = 128, kUsualUpstreamHeaders = 16;

// ---- the answer's head -------------------------------------------------------------------------

ngx_int_t ParseStatusLine(Context* ctx) {
  ngx_http_request_t* r = ctx->request;
  const ngx_int_t rc = ngx_http_parse_status_line(r, &r->upstream->buffer, &ctx->status);
  if (rc != NGX_OK) return rc == NGX_AGAIN ? NGX_AGAIN : NGX_ERROR;
  r->upstream->state->status = ctx->status.code;
  ctx->status_parsed = true;
  return NGX_OK;
}

bool AddUpstreamHeader(Context* ctx) {
  const ngx_http_request_t* r = ctx->request;
  if (ctx->upstream_headers.size() >= kMaxUpstreamHeaders) return false;
  if (ctx->upstream_headers.empty()) ctx->upstream_headers.reserve(kUsualUpstreamHeaders);
  const auto text = [](const u_char* begin, const u_char* end) {
    return std::string_view(reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin));
  };
  ctx->upstream_headers.emplace_back(text(r->header_name_start, r->header_name_end),
                                     text(r->header_start, r->header_end));
  return true;
}

// NGX_OK: all headers are in; NGX_AGAIN: more bytes; NGX_ERROR: malformed.
ngx_int_t ParseHeaderLines(Context* ctx) {
  ngx_http_request_t* r = ctx->request;
  for (;;) {
    const ngx_int_t rc = ngx_http_parse_header_line(r, &r->upstream->buffer, 1);
    if (rc == NGX_HTTP_PARSE_HEADER_DONE) return NGX_OK;
    if (rc == NGX_AGAIN) return NGX_AGAIN;
    if (rc != NGX_OK || !AddUpstreamHeader(ctx)) return NGX_ERROR;
  }
}

bool Contains(std::string_view value, const char* lower) {
  return ngx_strlcasestrn(reinterpret_cast<u_char*>(const_cast<char*>(value.data())),
                          reinterpret_cast<u_char*>(const_cast<char*>(value.data())) + value.size(),
                          reinterpret_cast<u_char*>(const_cast<char*>(lower)),
                          strlen(lower) - 1) != nullptr;
}

// How the body ends. False: contradictory, as in response smuggling.
bool ReadFraming(Context* ctx) {
  ctx->close_after = ctx->status.http_version < NGX_HTTP_VERSION_11;
  for (const auto& [name, value] : ctx->upstream_headers) {
    if (EqualsIgnoreCase(name, "content-length")) {
      const off_t n =
          ngx_atoof(reinterpret_cast<u_char*>(const_cast<char*>(value.data())), value.size());
      if (n == NGX_ERROR || ctx->has_length) return false;
      ctx->has_length = true;
      ctx->body_left = static_cast<uint64_t>(n);
    } else if (EqualsIgnoreCase(name, "transfer-encoding")) {
      if (ctx->chunked || !EqualsIgnoreCase(value, "chunked")) return false;
      ctx->chunked = true;
    } else if (EqualsIgnoreCase(name, "connection")) {
      if (Contains(value, "close")) ctx->close_after = true;
      if (ctx->status.http_version < NGX_HTTP_VERSION_11 && Contains(value, "keep-alive")) {
        ctx->close_after = false;
      }
    }
  }
  if (ctx->chunked && ctx->has_length) return false;
  const ngx_uint_t code = ctx->status.code;
  // To HEAD no body comes, whatever length its answer tells.
  const bool head_only = ctx->request->method == NGX_HTTP_HEAD;
  if (code == 204 || code == 304 || head_only) {
    if (!head_only) ctx->body_left = 0;
    ctx->has_length = ctx->has_length || !head_only;
    ctx->chunked = false;
    ctx->body_done = true;
  }
  ctx->close_delimited = !ctx->body_done && !ctx->chunked && !ctx->has_length;
  if (ctx->has_length && ctx->body_left == 0) ctx->body_done = true;
  return true;
}

Step TellHeader(Context* ctx) {
  session::UpstreamHead head;
  head.status = static_cast<int>(ctx->status.code);
  head.headers = std::exchange(ctx->upstream_headers, {});
  for (const auto& [name, value] : head.headers) {
    if (EqualsIgnoreCase(name, "content-type")) head.content_type = value;
    if (EqualsIgnoreCase(name, "content-encoding")) head.content_encoding = value;
  }
  if (ctx->has_length) head.content_length = ctx->body_left;
  return ctx->session->OnUpstreamHeader(head, Now());
}

// ---- the answer's body -------------------------------------------------------------------------

// One step of nginx's parser, whose signature differs between versions.
ngx_int_t ParseChunk(Context* ctx, ngx_buf_t* b) {
#if (nginx_version >= 1027002)
  return ngx_http_parse_chunked(ctx->request, b, &ctx->chunk_state, 0);
#else
  return ngx_http_parse_chunked(ctx->request, b, &ctx->chunk_state);
#endif
}

// The payload of all chunks of one read, moved together to `pos`; *end: behind it. What the parser
// said last. Past the answer's end only its framing may follow; more than that ends the connection.
ngx_int_t JoinChunks(Context* ctx, u_char* pos, u_char* last, u_char** end) {
  ngx_buf_t b{};
  b.start = b.pos = pos;
  b.end = b.last = last;
  *end = pos;
  for (;;) {
    const ngx_int_t rc = ParseChunk(ctx, &b);
    if (rc == NGX_DONE && b.pos != b.last) ctx->close_after = true;  // not to be trusted
    if (rc != NGX_OK) return rc;
    const size_t n =
        std::min(static_cast<size_t>(ctx->chunk_state.size), static_cast<size_t>(b.last - b.pos));
    if (ctx->draining) {
      ctx->close_after = true;
      return NGX_DONE;
    }
    ngx_memmove(*end, b.pos, n);
    *end += n;
    b.pos += n;
    ctx->chunk_state.size -= static_cast<off_t>(n);
  }
}

// One call for one read: what comes together is judged and sent together.
Step FeedChunked(Context* ctx, u_char* pos, u_char* last) {
  u_char* end = pos;
  const ngx_int_t rc = JoinChunks(ctx, pos, last, &end);
  Step step = ctx->draining ? Step::kFinished : Step::kContinue;
  if (end != pos) {
    step = ctx->session->OnUpstreamBody(
        {reinterpret_cast<char*>(pos), static_cast<size_t>(end - pos)}, Now());
  }
  if (rc == NGX_DONE) ctx->body_done = true;
  if (rc == NGX_DONE || rc == NGX_AGAIN) return step;
  ctx->try_open = false;
  ctx->close_after = true;
  return step == Step::kContinue ? ctx->session->OnUpstreamEnd(UpstreamEnd::kInvalid, Now()) : step;
}

Step FeedBody(Context* ctx, u_char* pos, u_char* last) {
  if (ctx->body_done) {
    if (pos != last) ctx->close_after = true;
    return Step::kContinue;
  }
  if (ctx->chunked) return FeedChunked(ctx, pos, last);
  size_t n = static_cast<size_t>(last - pos);
  if (ctx->has_length) {
    if (n > ctx->body_left) ctx->close_after = true;
    n = std::min<uint64_t>(n, ctx->body_left);
    ctx->body_left -= n;
    ctx->body_done = ctx->body_left == 0;
  }
  return n == 0 ? Step::kContinue
                : ctx->session->OnUpstreamBody({reinterpret_cast<char*>(pos), n}, Now());
}

}  // namespace

ngx_int_t ParseUpstreamHead(Context* ctx, Step* step) {
  ngx_http_request_t* r = ctx->request;
  for (;;) {
    ngx_int_t rc = NGX_OK;
    if (!ctx->status_parsed) rc = ParseStatusLine(ctx);
    if (rc == NGX_OK) rc = ParseHeaderLines(ctx);
    if (rc != NGX_OK) return rc;
    if (ctx->status.code >= 200) break;
    // Another protocol (101) was not asked for, and what follows would not be HTTP.
    if (ctx->status.code < 100 || ctx->status.code == NGX_HTTP_SWITCHING_PROTOCOLS) {
      return NGX_ERROR;
    }
    ctx->status = {};  // 1xx: an answer follows
    ctx->status_parsed = false;
    ctx->upstream_headers.clear();
    r->state = 0;
  }
  ctx->head_parsed = true;
  if (!ReadFraming(ctx)) return NGX_ERROR;
  *step = TellHeader(ctx);
  return NGX_OK;
}

Step FeedUpstreamBody(Context* ctx, u_char* pos, u_char* last) {
  Step step = FeedBody(ctx, pos, last);
  if (step == Step::kContinue && ctx->body_done && ctx->try_open) {
    ctx->try_open = false;
    step = ctx->session->OnUpstreamEnd(UpstreamEnd::kClean, Now());
  }
  return step;
}

}  // namespace kt::nginx
