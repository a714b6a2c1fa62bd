// The request's body: read into one piece of memory where nginx can do that, judged, replaced.
#include <utility>

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

// The parser reads, but does not use, up to this many bytes behind a text.
constexpr size_t kJsonPadding = 64;

// Where nginx itself would keep a body of this length in memory.
bool FitsMemory(ngx_http_request_t* r, size_t length) {
  const auto* clcf = static_cast<const ngx_http_core_loc_conf_t*>(
      ngx_http_get_module_loc_conf(r, ngx_http_core_module));
  return length <= clcf->client_body_buffer_size;
}

// The part of the body that has come behind the head stands in the head's buffer. nginx reads the
// rest behind it where that has room, and into another buffer otherwise: so it gets one that has.
// The head's own is given back before anybody looks for the next request in it. NGX_ERROR: memory.
ngx_int_t MakeRoomForBody(Context* ctx) {
  ngx_http_request_t* r = ctx->request;
  ngx_buf_t* head = r->header_in;
  const bool framed = r->http_version <= NGX_HTTP_VERSION_11 && r->headers_in.content_length_n > 0;
  if (!framed || r->request_body != nullptr || r->discard_body != 0) return NGX_OK;
  const auto length = static_cast<size_t>(r->headers_in.content_length_n);
  const auto come = static_cast<size_t>(head->last - head->pos);
  const auto room = static_cast<size_t>(head->end - head->pos);
  if (come == 0 || come >= length || length + kJsonPadding <= room) return NGX_OK;
  if (!FitsMemory(r, length)) return NGX_OK;
  ngx_buf_t* b = ngx_create_temp_buf(r->pool, length + kJsonPadding);
  if (b == nullptr) return NGX_ERROR;
  b->last = ngx_cpymem(b->last, head->pos, come);
  head->pos = head->last;
  ctx->head_buffer = head;
  ctx->body_buffer = b->start;
  r->header_in = b;
  return NGX_OK;
}

void GiveBackHeadBuffer(Context* ctx) {
  if (ctx->head_buffer == nullptr) return;
  ctx->request->header_in = std::exchange(ctx->head_buffer, nullptr);
}

// The body where it is, when it lies there in one piece, and what may be read behind it.
bool FindInPlace(ngx_chain_t* bufs, std::string_view* body, size_t* padding) {
  if (bufs == nullptr) return false;
  const u_char* end = bufs->buf->pos;
  const u_char* room = end;
  for (ngx_chain_t* cl = bufs; cl != nullptr; cl = cl->next) {
    if (!ngx_buf_in_memory(cl->buf) || cl->buf->pos != end) return false;
    end = cl->buf->last;
    room = cl->buf->end;
  }
  const u_char* begin = bufs->buf->pos;
  *body = {reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin)};
  *padding = room > end ? static_cast<size_t>(room - end) : 0;
  return true;
}

// Appends a body buffer, from memory or from nginx's temporary file.
bool AppendBuffer(ngx_http_request_t* r, ngx_buf_t* b, std::string* out) {
  if (ngx_buf_in_memory(b)) {
    out->append(reinterpret_cast<char*>(b->pos), static_cast<size_t>(b->last - b->pos));
    return true;
  }
  if (b->in_file == 0) return true;
  const size_t old = out->size(), n = static_cast<size_t>(b->file_last - b->file_pos);
  out->resize(old + n);
  const ssize_t got =
      ngx_read_file(b->file, reinterpret_cast<u_char*>(out->data() + old), n, b->file_pos);
  if (got == static_cast<ssize_t>(n)) return true;
  ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0, "keeptrusts: request body file is short");
  return false;
}

// What could not be judged must not leave by another way either, such as an error_page's.
void DropBody(ngx_http_request_t* r) {
  if (r->request_body == nullptr) return;
  r->request_body->bufs = nullptr;
  r->headers_in.content_length_n = 0;
  r->headers_in.chunked = 0;
}

}  // namespace

ngx_int_t ReadBody(Context* ctx, ngx_http_client_body_handler_pt then) noexcept {
  ngx_http_request_t* r = ctx->request;
  if (MakeRoomForBody(ctx) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  r->request_body_in_single_buf = 1;
  const ngx_int_t rc = ngx_http_read_client_request_body(r, then);
  if (rc >= NGX_HTTP_SPECIAL_RESPONSE) GiveBackHeadBuffer(ctx);
  return rc;
}

ngx_int_t JudgeBody(Context* ctx) noexcept {
  ngx_http_request_t* r = ctx->request;
  GiveBackHeadBuffer(ctx);
  const ngx_int_t rc =
      Guard(r->connection->log, static_cast<ngx_int_t>(NGX_ERROR), [&]() -> ngx_int_t {
        ngx_chain_t* bufs = r->request_body != nullptr ? r->request_body->bufs : nullptr;
        std::string_view body;
        size_t padding = 0;
        if (ctx->body_buffer == nullptr && bufs != nullptr && r->request_body->buf != nullptr) {
          ctx->body_buffer = r->request_body->buf->start;
        }
        if (!FindInPlace(bufs, &body, &padding)) {
          ctx->body.reserve(ctx->body_bytes + kJsonPadding);
          for (ngx_chain_t* cl = bufs; cl != nullptr; cl = cl->next) {
            if (!AppendBuffer(r, cl->buf, &ctx->body)) return NGX_ERROR;
          }
          ctx->body.reserve(ctx->body.size() + kJsonPadding);
          body = ctx->body;
          padding = kJsonPadding;
        }
        ctx->session->OnRequest(body, padding, Now());
        LogNotices(ctx);
        return NGX_OK;
      });
  if (rc != NGX_OK) DropBody(r);
  return rc;
}

void ForgetRequestBody(Context* ctx) noexcept {
  ngx_http_request_t* r = ctx->request;
  // Once its answer has begun nginx sends no more of a request.
  const bool left = r->upstream->request_body_sent != 0;
  if (ctx->body_forgotten || !left || !ctx->session->committed()) return;
  ctx->body_forgotten = true;
  const bool asked = GetMainConf(r)->used.request_body;
  ctx->session->ForgetRequest(asked);
  std::string().swap(ctx->request_bytes);
  std::string().swap(ctx->body);
  if (asked || r->request_body == nullptr) return;
  DropBody(r);
  // HTTP/2 and HTTP/3 have ideas of their own about the buffer.
  if (r->http_version > NGX_HTTP_VERSION_11 || ctx->body_buffer == nullptr) return;
  r->request_body->buf = nullptr;
  (void)ngx_pfree(r->pool, ctx->body_buffer);
}

ngx_int_t ReplaceRequestBody(Context* ctx) noexcept {
  ngx_http_request_t* r = ctx->request;
  if (!ctx->session->body_edited() || r->request_body == nullptr) return NGX_OK;
  const std::string_view body = ctx->session->forwarded_body();
  ngx_buf_t* b = NewBuffer(r->pool);
  ngx_chain_t* link = ngx_alloc_chain_link(r->pool);
  if (b == nullptr || link == nullptr) return NGX_ERROR;
  b->start = b->pos = reinterpret_cast<u_char*>(const_cast<char*>(body.data()));
  b->end = b->last = b->pos + body.size();
  b->memory = 1;
  b->last_buf = 1;
  link->buf = b;
  link->next = nullptr;
  r->request_body->bufs = link;
  r->request_body->buf = b;
  r->request_body->temp_file = nullptr;
  r->headers_in.content_length_n = static_cast<off_t>(body.size());
  r->headers_in.chunked = 0;
  if (r->headers_in.content_length == nullptr) return NGX_OK;
  u_char* digits = static_cast<u_char*>(ngx_pnalloc(r->pool, NGX_OFF_T_LEN));
  if (digits == nullptr) return NGX_ERROR;
  u_char* end = ngx_sprintf(digits, "%uz", body.size());
  r->headers_in.content_length->value = {static_cast<size_t>(end - digits), digits};
  return NGX_OK;
}

}  // namespace kt::nginx
