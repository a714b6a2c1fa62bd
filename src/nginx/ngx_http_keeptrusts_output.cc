// From the session's client side to nginx's output: the response head, and chains of buffers that
// are used again, so that a long stream does not grow the request's pool.
#include <algorithm>

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

OutputBuffer* FreeBuffer(Context* ctx, ngx_chain_t** free, ngx_chain_t** link) {
  if (*free != nullptr) {
    *link = *free;
    *free = (*free)->next;
    (*link)->next = nullptr;
    return reinterpret_cast<OutputBuffer*>((*link)->buf);
  }
  *link = ngx_alloc_chain_link(ctx->request->pool);
  if (*link == nullptr) return nullptr;
  OutputBuffer* buffer = &ctx->buffers.emplace_front();
  (*link)->buf = &buffer->buf;
  (*link)->next = nullptr;
  return buffer;
}

// Both live as long as the request. The name is in lower case, as core gives it.
ngx_int_t PushHeader(ngx_http_request_t* r, ngx_str_t name, ngx_str_t value) {
  auto* h = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
  if (h == nullptr) return NGX_ERROR;
  ngx_memzero(h, sizeof(*h));
  h->key = name;
  h->value = value;
  h->lowcase_key = name.data;
  h->hash = 1;
  return NGX_OK;
}

ngx_str_t AsString(std::string_view text) {
  return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}

}  // namespace

ngx_str_t CopyToPool(ngx_pool_t* pool, std::string_view text) noexcept {
  auto* data = static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1));
  if (data == nullptr) return {0, nullptr};
  ngx_memcpy(data, text.data(), text.size());
  data[text.size()] = '\0';
  return {text.size(), data};
}

ngx_int_t AddHeader(ngx_http_request_t* r, const routing::Header& header) noexcept {
  const ngx_str_t name = CopyToPool(r->pool, header.name);
  const ngx_str_t value = CopyToPool(r->pool, header.value);
  if (name.data == nullptr || value.data == nullptr) return NGX_ERROR;
  return PushHeader(r, name, value);
}

ngx_int_t SetResponseHead(Context* ctx) noexcept {
  ngx_http_request_t* r = ctx->request;
  return Guard(r->connection->log, static_cast<ngx_int_t>(NGX_ERROR), [&]() -> ngx_int_t {
    const session::ClientHead& head = ctx->session->head();
    ctx->own_head = true;
    r->err_status = 0;
    r->headers_out.status = static_cast<ngx_uint_t>(head.status);
    r->headers_out.status_line = {0, nullptr};
    r->headers_out.content_type = CopyToPool(r->pool, head.content_type);
    if (r->headers_out.content_type.data == nullptr) return NGX_ERROR;
    // Without its parameters: what gzip_types and its kin compare. The charset is in the type.
    r->headers_out.content_type_len =
        std::min(head.content_type.find(';'), head.content_type.size());
    r->headers_out.charset = {0, nullptr};
    r->headers_out.content_type_lowcase = nullptr;
    r->headers_out.content_length_n =
        head.content_length ? static_cast<off_t>(*head.content_length) : -1;
    if (r->headers_out.content_length != nullptr) {
      r->headers_out.content_length->hash = 0;
      r->headers_out.content_length = nullptr;
    }
    if (r->headers_out.content_encoding != nullptr) {
      r->headers_out.content_encoding->hash = 0;
      r->headers_out.content_encoding = nullptr;
    }
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);
    r->allow_ranges = 0;
    for (const routing::Header& header : head.headers) {
      if (AddHeader(r, header) != NGX_OK) return NGX_ERROR;
    }
    for (const auto& [name, value] : head.own_headers) {
      if (name.empty()) continue;
      if (PushHeader(r, AsString(name), AsString(value)) != NGX_OK) return NGX_ERROR;
    }
    return NGX_OK;
  });
}

ngx_chain_t* TakeOutput(Context* ctx, bool last, ngx_chain_t** free, bool* error) noexcept {
  *error = false;
  if (!ctx->session->has_output() && !last) return nullptr;
  ngx_chain_t* link = Guard(ctx->request->connection->log, static_cast<ngx_chain_t*>(nullptr), [&] {
    ngx_chain_t* made = nullptr;
    OutputBuffer* buffer = FreeBuffer(ctx, free, &made);
    if (buffer == nullptr) return static_cast<ngx_chain_t*>(nullptr);
    buffer->bytes = ctx->session->TakeOutput();
    ngx_buf_t* b = &buffer->buf;
    ngx_memzero(b, sizeof(*b));
    b->start = b->pos = reinterpret_cast<u_char*>(buffer->bytes.data());
    b->end = b->last = b->pos + buffer->bytes.size();
    b->tag = static_cast<ngx_buf_tag_t>(&ngx_http_keeptrusts_module);
    b->memory = buffer->bytes.empty() ? 0 : 1;
    b->flush = last ? 0 : 1;
    b->last_buf = last ? 1 : 0;
    b->last_in_chain = last ? 1 : 0;
    return made;
  });
  *error = link == nullptr;
  return link;
}

void ForgetSent(ngx_chain_t* out) noexcept {
  for (; out != nullptr; out = out->next) {
    const bool ours = out->buf->tag == static_cast<ngx_buf_tag_t>(&ngx_http_keeptrusts_module);
    if (!ours || ngx_buf_size(out->buf) != 0) continue;
    std::string().swap(reinterpret_cast<OutputBuffer*>(out->buf)->bytes);
  }
}

ngx_int_t SendAnswer(Context* ctx) noexcept {
  ngx_http_request_t* r = ctx->request;
  if (SetResponseHead(ctx) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  if (r == r->main && !r->request_body) {
    if (r->headers_in.expect != nullptr && !r->expect_tested) {
      // The client waits with its body, which nobody wants. It may or may not come now: what
      // follows on this connection cannot be told apart from a request.
      r->expect_tested = 1;
      r->keepalive = 0;
      r->lingering_close = 1;
    }
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) return rc;
  }
  if (r->method == NGX_HTTP_HEAD) r->header_only = 1;
  const ngx_int_t rc = ngx_http_send_header(r);
  if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) return rc;
  bool error = false;
  ngx_chain_t* out = TakeOutput(ctx, true, &ctx->free_out, &error);
  return error ? NGX_ERROR : ngx_http_output_filter(r, out);
}

}  // namespace kt::nginx
