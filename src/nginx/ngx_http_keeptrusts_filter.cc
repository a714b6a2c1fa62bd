// The three filters.
//
// Request body: counts what comes in and refuses what is too large while it comes.
// Response header and body: for `keeptrusts on` the stock handler's answer runs through the
// session; for both surfaces an error page that nginx makes itself (413, 502, 504, …) becomes the
// API's JSON error. Answers that we made ourselves (own_head) pass.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

using session::Step;
using session::UpstreamEnd;

constexpr unsigned kBufferedBit = 0x08;  // of r->buffered: output waits behind a slow client
constexpr size_t kJoinedBytes = 4096;    // larger buffers are not worth a copy

ngx_http_request_body_filter_pt next_request_body_filter;
ngx_http_output_header_filter_pt next_header_filter;
ngx_http_output_body_filter_pt next_body_filter;

ngx_int_t RequestBodyFilter(ngx_http_request_t* r, ngx_chain_t* in) {
  auto* ctx = static_cast<Context*>(ngx_http_get_module_ctx(r, ngx_http_keeptrusts_module));
  if (ctx == nullptr) return next_request_body_filter(r, in);
  for (ngx_chain_t* cl = in; cl != nullptr; cl = cl->next) {
    ctx->body_bytes += static_cast<uint64_t>(ngx_buf_size(cl->buf));
  }
  if (ctx->body_bytes > ctx->conf->gateway->gateway->config().size_limits.max_body_bytes) {
    // The rest of the body is still on its way: it must not be read as the next request.
    r->keepalive = 0;
    r->lingering_close = 1;
    return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
  }
  return next_request_body_filter(r, in);
}

// Behind a stale answer of its cache nginx asks the upstream anew, with the same request headers.
bool IsAskedAnew(const ngx_http_request_t* r) {
#if (NGX_HTTP_CACHE)
  return r->cached != 0 && r->cache != nullptr && r->cache->background != 0;
#else
  return false;
#endif
}

// Sends our head in place of the held one.
ngx_int_t SendHead(Context* ctx) {
  ngx_http_request_t* r = ctx->request;
  ctx->head_sent = true;
  if (SetResponseHead(ctx) != NGX_OK) return NGX_ERROR;
  RestoreAcceptEncoding(ctx);
  const ngx_int_t rc = next_header_filter(r);
  if (!IsAskedAnew(r)) return rc;
  const bool asked = Guard(r->connection->log, false, [ctx] { return AskForIdentity(ctx), true; });
  return asked ? rc : static_cast<ngx_int_t>(NGX_ERROR);
}

void FinalizeStock(ngx_http_request_t* r, ngx_int_t rc);

void EndAnswer(Context* ctx, UpstreamEnd end) {
  if (!ctx->try_open) return;
  ctx->try_open = false;
  ctx->session->OnUpstreamEnd(end, Now());
}

// nginx answers with an error page of its own: keep the status, replace the page.
ngx_int_t ReplaceErrorPage(ngx_http_request_t* r, Context* ctx) {
  if (ctx == nullptr) ctx = MakeContext(r, GetLocationConf(r), GetLocationConf(r)->pass == 1);
  if (ctx == nullptr) return NGX_ERROR;
  ctx->replaced = true;
  const bool ready = Guard(r->connection->log, false, [&] {
    if (!ctx->session->head_ready()) {
      ctx->session->RefuseStatus(static_cast<int>(r->headers_out.status));
    }
    return ctx->session->head_ready();
  });
  if (ready) AdmitToAudit(ctx);
  return ready ? SendHead(ctx) : static_cast<ngx_int_t>(NGX_ERROR);
}

// The stock handler's head goes to the session and waits there until the answer is decided.
ngx_int_t HoldHead(ngx_http_request_t* r, Context* ctx) {
  if (r->upstream != nullptr && r->upstream->finalize_request != FinalizeStock) {
    ctx->stock_finalize = r->upstream->finalize_request;
    r->upstream->finalize_request = FinalizeStock;
  }
  ctx->upstream_seen = true;
  r->filter_need_in_memory = 1;
  // What is no HTTP nginx takes for HTTP/0.9, and would answer the client so: without a head.
  const bool is_http = r->http_version >= NGX_HTTP_VERSION_10;
  r->http_version = ctx->http_version;
  return Guard(r->connection->log, static_cast<ngx_int_t>(NGX_ERROR), [&]() -> ngx_int_t {
    session::UpstreamHead head;
    head.status = static_cast<int>(r->headers_out.status);
    head.content_type = View(r->headers_out.content_type);
    if (r->headers_out.content_encoding != nullptr && r->headers_out.content_encoding->hash != 0) {
      head.content_encoding = View(r->headers_out.content_encoding->value);
    }
    if (r->headers_out.content_length_n >= 0) {
      head.content_length = static_cast<uint64_t>(r->headers_out.content_length_n);
    }
    for (ngx_list_part_t* p = &r->headers_out.headers.part; p != nullptr; p = p->next) {
      auto* h = static_cast<ngx_table_elt_t*>(p->elts);
      for (ngx_uint_t i = 0; i < p->nelts; i++) {
        if (h[i].hash == 0) continue;
        head.headers.emplace_back(View(h[i].key), View(h[i].value));
      }
    }
    ctx->try_open = true;
    if (ctx->session->OnUpstreamHeader(head, Now()) != Step::kContinue) ctx->try_open = false;
    if (!is_http) EndAnswer(ctx, UpstreamEnd::kInvalid);
    // The allow-list decides what goes on: the session has copied what it wants.
    for (ngx_list_part_t* p = &r->headers_out.headers.part; p != nullptr; p = p->next) {
      auto* h = static_cast<ngx_table_elt_t*>(p->elts);
      for (ngx_uint_t i = 0; i < p->nelts; i++) h[i].hash = 0;
    }
    r->headers_out.server = nullptr;
    r->headers_out.date = nullptr;
    r->headers_out.location = nullptr;  // nginx would make it absolute and send it
    return NGX_OK;
  });
}

ngx_int_t HeaderFilter(ngx_http_request_t* r) {
  if (r != r->main) return next_header_filter(r);
  LocationConf* conf = GetLocationConf(r);
  Context* ctx = FindContext(r);
  if (ctx != nullptr && ctx->own_head) return next_header_filter(r);
  if (!conf->governs()) return next_header_filter(r);
  if (r->err_status >= NGX_HTTP_BAD_REQUEST) return ReplaceErrorPage(r, ctx);
  if (ctx == nullptr || ctx->routed) return next_header_filter(r);
  if (ctx->session->governs_answer()) return HoldHead(r, ctx);
  const bool switches = r->headers_out.status == NGX_HTTP_SWITCHING_PROTOCOLS;
  if (switches && !ctx->session->may_switch_protocols()) return NGX_HTTP_BAD_GATEWAY;
  return next_header_filter(r);
}

// ---- the stock handler's body ------------------------------------------------------------------

void Consume(ngx_buf_t* b) {
  b->pos = b->last;
  b->file_pos = b->file_last;
}

// The upstream behind the stock handler has failed after its head: nginx then only flushes.
bool UpstreamFailed(const ngx_http_request_t* r, const ngx_buf_t* b) {
  return b->flush != 0 && b->last_buf == 0 && r->upstream != nullptr &&
         r->upstream->cleanup == nullptr;
}

void Feed(Context* ctx, std::string_view bytes) {
  if (!ctx->try_open || bytes.empty()) return;
  if (ctx->session->OnUpstreamBody(bytes, Now()) != Step::kContinue) ctx->try_open = false;
}

std::string_view BytesOf(const ngx_buf_t* b) {
  if (!ngx_buf_in_memory(b)) return {};
  return {reinterpret_cast<char*>(b->pos), static_cast<size_t>(b->last - b->pos)};
}

void FeedBuffer(Context* ctx, ngx_buf_t* b) {
  Feed(ctx, BytesOf(b));
  if (ctx->try_open && b->in_file != 0 && !ngx_buf_in_memory(b)) {
    EndAnswer(ctx, UpstreamEnd::kInvalid);  // asked for memory, got a file: never pass it unseen
  }
  if (b->last_buf != 0) {
    ctx->stock_ended = true;
    EndAnswer(ctx, UpstreamEnd::kClean);
  }
  if (UpstreamFailed(ctx->request, b)) EndAnswer(ctx, UpstreamEnd::kTruncated);
  Consume(b);
}

// Feeds all that has come. Buffers of a stream are small, one for each chunk: what came together is
// judged and sent together.
void FeedPending(Context* ctx) {
  std::string joined;
  while (ctx->pending_in != nullptr) {
    ngx_chain_t* link = ctx->pending_in;
    ngx_buf_t* b = link->buf;
    ctx->pending_in = link->next;
    const bool plain = BytesOf(b).size() <= kJoinedBytes && ngx_buf_in_memory(b) &&
                       b->last_buf == 0 && !UpstreamFailed(ctx->request, b);
    if (plain && (ctx->pending_in != nullptr || !joined.empty())) {
      joined.append(BytesOf(b));
      Consume(b);
    } else {
      Feed(ctx, joined);
      joined.clear();
      FeedBuffer(ctx, b);
    }
    ngx_free_chain(ctx->request->pool, link);
  }
  Feed(ctx, joined);
}

// The client has its end (a block, say) while the stock handler still reads: let nginx believe that
// the upstream is done, so that it closes it at once. What was cut must not get into a cache.
void StopStock(Context* ctx) {
  ngx_http_upstream_t* u = ctx->request->upstream;
  // A complete stream's last chunk is still to come: its connection may be kept.
  if (ctx->stock_ended || ctx->session->answer_complete()) return;
  if (u == nullptr || u->cleanup == nullptr) return;
  u->keepalive = 0;
  u->cacheable = 0;
  u->store = 0;
  u->length = 0;
  if (u->pipe == nullptr) return;
  u->pipe->length = 0;
  u->pipe->upstream_done = 1;
}

// A filter behind us may have taken all of our bytes and keep its own of them: gzip before a slow
// client, or the end that waits for a subrequest. It goes on only when it is called.
bool WaitsBehind(const ngx_http_request_t* r) {
  return (r->buffered & ~kBufferedBit) != 0 || r->postponed != nullptr ||
         r->connection->buffered != 0;
}

// Takes away the trailers from number `from` on; how many there are.
size_t DropTrailers(ngx_http_request_t* r, size_t from) {
  size_t count = 0;
  for (ngx_list_part_t* part = &r->headers_out.trailers.part; part != nullptr; part = part->next) {
    auto* trailers = static_cast<ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; i++) {
      if (count++ >= from) trailers[i].hash = 0;
    }
  }
  return count;
}

// Sends what is ready. NGX_OK, NGX_AGAIN (the client is slow) or NGX_ERROR.
ngx_int_t Drain(Context* ctx) {
  ngx_http_request_t* r = ctx->request;
  if (!ctx->head_sent) {
    if (!ctx->session->head_ready()) return NGX_OK;
    const ngx_int_t rc = SendHead(ctx);
    if (rc == NGX_ERROR || rc > NGX_OK) return NGX_ERROR;
    if (r->header_only) return NGX_OK;
  }
  const bool last = ctx->session->finished() && !ctx->last_sent;
  bool error = false;
  ngx_chain_t* out = TakeOutput(ctx, last, &ctx->free_out, &error);
  if (error) return NGX_ERROR;
  if (last) {
    ctx->last_sent = true;
    StopStock(ctx);
  }
  if (out == nullptr && ctx->busy_out == nullptr && !WaitsBehind(r)) return NGX_OK;
  const ngx_int_t rc = SendDurably(ctx, out, next_body_filter);
  ngx_chain_update_chains(r->pool, &ctx->free_out, &ctx->busy_out, &out,
                          static_cast<ngx_buf_tag_t>(&ngx_http_keeptrusts_module));
  // With our last bytes `add_trailer` adds what is the fleet's own.
  if (ctx->last_sent) ctx->trailers = DropTrailers(r, SIZE_MAX);
  if (rc == NGX_ERROR) return NGX_ERROR;
  return ctx->busy_out != nullptr ? NGX_AGAIN : NGX_OK;
}

// The stock handler's upstream answered what nginx itself cannot read (broken chunks): nginx would
// drop the client without a word.
void FinalizeStock(ngx_http_request_t* r, ngx_int_t rc) {
  Context* ctx = FindContext(r);
  if (ctx == nullptr) return;
  ctx->stock_finalize(r, rc);
  if (rc == NGX_HTTP_CLIENT_CLOSED_REQUEST || r->connection->error) {
    Guard(r->connection->log, 0, [&] { return ctx->session->OnClientGone(Now()), 0; });
    return;
  }
  if (rc != NGX_ERROR || !ctx->try_open) return;
  Guard(r->connection->log, 0, [&] { return EndAnswer(ctx, UpstreamEnd::kInvalid), 0; });
  r->keepalive = 0;
  (void)Drain(ctx);
}

ngx_int_t FilterAnswer(ngx_http_request_t* r, Context* ctx, ngx_chain_t* in) {
  if (in != nullptr && ngx_chain_add_copy(r->pool, &ctx->pending_in, in) != NGX_OK) {
    return NGX_ERROR;
  }
  r->buffered &= ~kBufferedBit;
  DropTrailers(r, ctx->trailers);  // the upstream's: no policy reads them
  for (;;) {
    ngx_int_t rc = Drain(ctx);
    if (rc == NGX_ERROR) return NGX_ERROR;
    if (rc == NGX_AGAIN) {
      // Not consumed: the stock handler's buffers stay full, and it stops reading its upstream.
      r->buffered |= kBufferedBit;
      return NGX_AGAIN;
    }
    if (ctx->pending_in == nullptr) return NGX_OK;
    const bool ok = Guard(r->connection->log, false, [&] { return FeedPending(ctx), true; });
    if (!ok) return NGX_ERROR;
  }
}

// The page that nginx made is dropped; our body goes instead, once.
ngx_int_t ReplaceBody(ngx_http_request_t* r, Context* ctx, ngx_chain_t* in) {
  bool last = false;
  for (ngx_chain_t* cl = in; cl != nullptr; cl = cl->next) {
    last = last || cl->buf->last_buf != 0;
    Consume(cl->buf);
  }
  if (ctx->last_sent) return SendDurably(ctx, nullptr, next_body_filter);
  if (!last) return NGX_OK;
  ctx->last_sent = true;
  bool error = false;
  ngx_chain_t* out = TakeOutput(ctx, true, &ctx->free_out, &error);
  return error ? static_cast<ngx_int_t>(NGX_ERROR) : SendDurably(ctx, out, next_body_filter);
}

ngx_int_t BodyFilter(ngx_http_request_t* r, ngx_chain_t* in) {
  if (r != r->main) return next_body_filter(r, in);
  Context* ctx = FindContext(r);
  if (ctx == nullptr) return next_body_filter(r, in);
  // Called out of our own call of the next filter: one behind us (addition) ends what we gave it.
  if (ctx->sending) return next_body_filter(r, in);
  if (ctx->replaced) return ReplaceBody(r, ctx, in);
  if (ctx->upstream_seen) return FilterAnswer(r, ctx, in);
  // The end that nginx adds to an answer whose last bytes have carried it.
  const auto tag = static_cast<ngx_buf_tag_t>(&ngx_http_keeptrusts_module);
  if (ctx->last_sent && in != nullptr && in->buf->last_buf != 0 && in->buf->tag != tag) {
    Consume(in->buf);
    in = in->next;
  }
  const ngx_int_t rc = SendDurably(ctx, in, next_body_filter);
  ForgetSent(in);
  if (r->upstream != nullptr) ForgetSent(r->upstream->busy_bufs);
  return rc;
}

}  // namespace

ngx_int_t InstallFilters(ngx_conf_t*) noexcept {
  next_request_body_filter = ngx_http_top_request_body_filter;
  ngx_http_top_request_body_filter = RequestBodyFilter;
  next_header_filter = ngx_http_top_header_filter;
  ngx_http_top_header_filter = HeaderFilter;
  next_body_filter = ngx_http_top_body_filter;
  ngx_http_top_body_filter = BodyFilter;
  return NGX_OK;
}

}  // namespace kt::nginx
