// What both surfaces do with a request: context, session and head.

#include <memory>
#include <utility>

#include "core/base/random.h"
#include "core/base/text.h"
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

// Found by its destructor's cleanup: pool cleanups outlive a redirect, module slots do not.
void DestroyContext(void* data) {
  auto* ctx = static_cast<Context*>(data);
  WriteRecord(ctx, static_cast<int>(ctx->request->headers_out.status));
  NoteBody(&GetMainConf(ctx->request)->heap, ctx->body_bytes);
  delete ctx;
}

std::string_view Evaluate(ngx_http_request_t* r, ngx_http_complex_value_t* value) {
  ngx_str_t out;
  if (value == nullptr || ngx_http_complex_value(r, value, &out) != NGX_OK) return {};
  return View(out);
}

// 128 random bits in hex, as nginx's own.
std::string MakeRequestId(RandomBytes* from) {
  constexpr size_t kIdBytes = 16;
  if (from->left < kIdBytes) {
    if (!FillRandom(std::as_writable_bytes(std::span(from->bytes)))) {
      for (auto& byte : from->bytes) byte = static_cast<unsigned char>(ngx_random());
    }
    from->left = sizeof(from->bytes);
  }
  from->left -= kIdBytes;
  return HexEncode({reinterpret_cast<char*>(from->bytes) + from->left, kIdBytes});
}

// Below the location's prefix; the whole URI where the location is no prefix, or is all of it.
std::string_view PathBelowLocation(ngx_http_request_t* r) {
  const std::string_view uri = View(r->uri), prefix = View(GetLocationConf(r)->prefix);
  return uri.size() > prefix.size() && uri.starts_with(prefix) ? uri.substr(prefix.size()) : uri;
}

// The client's headers. Most of those that are asked for are not there, which the lengths of all
// names tell without a look at each.
class ClientHeaders {
 public:
  explicit ClientHeaders(ngx_http_request_t* r) : request_(r) {
    ForEach([this](const ngx_table_elt_t& header) {
      lengths_ |= BitOf(header.key.len);
      return false;
    });
  }
  // The first of that name.
  std::optional<std::string_view> Find(std::string_view lower_name) const {
    return Find(lower_name, [](std::string_view) { return true; });
  }
  // The same, empty when there is none. Sets *repeats when it comes more than once.
  std::string_view FindOnly(std::string_view lower_name, bool* repeats) const {
    std::string_view first;
    size_t count = 0;
    Find(lower_name, [&](std::string_view value) {
      if (++count == 1) first = value;
      return *repeats = *repeats || count > 1;
    });
    return first;
  }
  // The first of that name that `wanted` takes.
  template <typename Wanted>
  std::optional<std::string_view> Find(std::string_view lower_name, const Wanted& wanted) const {
    std::optional<std::string_view> found;
    if ((lengths_ & BitOf(lower_name.size())) == 0) return found;
    ForEach([&](const ngx_table_elt_t& header) {
      if (header.key.len != lower_name.size() || header.lowcase_key == nullptr) return false;
      const bool named = ngx_memcmp(header.lowcase_key, lower_name.data(), lower_name.size()) == 0;
      if (named && wanted(View(header.value))) found = View(header.value);
      return found.has_value();
    });
    return found;
  }

 private:
  static uint64_t BitOf(size_t length) { return uint64_t{1} << length % 64; }
  // Until `end` is true.
  template <typename End>
  void ForEach(const End& end) const {
    const ngx_list_part_t* part = &request_->headers_in.headers.part;
    for (; part != nullptr; part = part->next) {
      const auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
      for (ngx_uint_t i = 0; i < part->nelts; i++) {
        if (end(headers[i])) return;
      }
    }
  }

  ngx_http_request_t* request_;
  uint64_t lengths_ = 0;
};

session::SessionOptions MakeOptions(ngx_http_request_t* r, const LocationConf* conf, bool routed) {
  session::SessionOptions options;
  options.fail_mode = conf->fail_mode == 1 ? policy::FailMode::kAllow : policy::FailMode::kBlock;
  options.enforce = conf->enforce != 0;
  options.pass_unknown_endpoint = conf->unknown_endpoint == 1;
  options.block_status = static_cast<int>(conf->block_status);
  options.gate_buffer_bytes = conf->gate_buffer;
  options.routed = routed;
  options.board = conf->gateway->board.get();
  options.verdicts = GetMainConf(r)->verdicts.get();
  options.workspace = &GetMainConf(r)->workspace;
  if (conf->audit_digest == 1 && conf->audit != nullptr && conf->audit->digest_key) {
    options.digest_key = &*conf->audit->digest_key;
  }
  return options;
}

session::RequestHead MakeHead(ngx_http_request_t* r, const LocationConf* conf) {
  session::RequestHead head;
  head.method = View(r->method_name);
  head.path = PathBelowLocation(r);
  const ClientHeaders headers(r);
  const auto header = [headers](std::string_view name) { return headers.Find(name); };
  head.header = header;
  head.header_equals = [headers](std::string_view name, std::string_view value) {
    return headers.Find(name, [&](std::string_view v) { return v == value; }).has_value();
  };
  head.content_type = headers.FindOnly("content-type", &head.content_headers_repeat);
  head.content_encoding = headers.FindOnly("content-encoding", &head.content_headers_repeat);
  if (r->headers_in.content_length_n >= 0) {
    head.content_length = static_cast<uint64_t>(r->headers_in.content_length_n);
  }
  head.request_id = RequestId(r);
  head.client_request_id = header("x-request-id").value_or("");
  head.client = View(r->connection->addr_text);
  head.user_id = Evaluate(r, conf->user_id);
  head.agent_id = Evaluate(r, conf->agent_id);
  head.conversation_id = Evaluate(r, conf->conversation_id);
  return head;
}

bool TokenMatches(ngx_http_request_t* r, const ngx_str_t& token) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = ClientHeaders(r).Find("authorization").value_or("");
  if (given.size() != kScheme.size() + token.len) return false;
  if (ngx_strncasecmp(reinterpret_cast<u_char*>(const_cast<char*>(given.data())),
                      reinterpret_cast<u_char*>(const_cast<char*>(kScheme.data())),
                      kScheme.size()) != 0) {
    return false;
  }
  return CRYPTO_memcmp(given.data() + kScheme.size(), token.data, token.len) == 0;
}

}  // namespace

int64_t UnixMicroseconds() noexcept {
  timeval tv;
  ngx_gettimeofday(&tv);
  return static_cast<int64_t>(tv.tv_sec) * 1'000'000 + tv.tv_usec;
}

UsedVariables FindUsedVariables(ngx_cycle_t* cycle) noexcept {
  auto* cmcf = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module));
  const auto find = [cmcf](std::string_view name) -> std::optional<ngx_uint_t> {
    auto* bytes = reinterpret_cast<u_char*>(const_cast<char*>(name.data()));
    const auto* known = static_cast<ngx_http_variable_t*>(
        ngx_hash_find(&cmcf->variables_hash, ngx_hash_key(bytes, name.size()), bytes, name.size()));
    const bool used = known != nullptr && (known->flags & NGX_HTTP_VAR_INDEXED) != 0;
    return used ? std::optional(known->index) : std::nullopt;
  };
  return {find("request_id"), find("request_body").has_value()};
}

// Where the configuration does not use it, the variable would be another one each time it is asked.
std::string RequestId(ngx_http_request_t* r) {
  MainConf* main = GetMainConf(r);
  if (!main->used.request_id) return MakeRequestId(&main->random);
  ngx_http_variable_value_t* v = ngx_http_get_indexed_variable(r, *main->used.request_id);
  if (v == nullptr || v->not_found != 0) return {};
  return {reinterpret_cast<char*>(v->data), v->len};
}

Context::~Context() {
  if (deadline.timer_set) ngx_del_timer(&deadline);
  if (ack.timer_set) ngx_del_timer(&ack);
  if (awaited != nullptr) std::erase(awaited->waiting, this);
  EndWait(this);
}

Context* FindContext(ngx_http_request_t* r) noexcept {
  auto* ctx = static_cast<Context*>(ngx_http_get_module_ctx(r->main, ngx_http_keeptrusts_module));
  if (ctx != nullptr || (!r->internal && !r->filter_finalize)) return ctx;
  for (ngx_pool_cleanup_t* c = r->main->pool->cleanup; c != nullptr; c = c->next) {
    if (c->handler == DestroyContext) return static_cast<Context*>(c->data);
  }
  return nullptr;
}

Context* InheritContext(ngx_http_request_t* r, const LocationConf* conf) noexcept {
  Context* ctx = r->internal ? FindContext(r) : nullptr;
  if (ctx == nullptr || ctx->routed || ctx->precontent != NGX_DECLINED) return nullptr;
  const LocationConf* from = ctx->conf;
  if (from->gateway != conf->gateway || from->audit != conf->audit ||
      from->enforce != conf->enforce || from->fail_mode != conf->fail_mode ||
      from->unknown_endpoint != conf->unknown_endpoint ||
      from->audit_digest != conf->audit_digest || View(r->uri) != ctx->uri) {
    return nullptr;
  }
  ngx_http_set_ctx(r, ctx, ngx_http_keeptrusts_module);
  return ctx;
}

Context* MakeContext(ngx_http_request_t* r, LocationConf* conf, bool routed) noexcept {
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(r->pool, 0);
  if (cleanup == nullptr) return nullptr;
  // Not in the pool, which would need one more block of 4 KB for the rest of the request.
  Context* ctx = Guard(r->connection->log, static_cast<Context*>(nullptr), [&] {
    auto made = std::make_unique<Context>(r, conf);
    if (!routed) made->uri = View(r->uri);
    made->routed = routed;
    made->http_version = r->http_version;
    made->session.emplace(*conf->gateway->gateway, MakeOptions(r, conf, routed), MakeHead(r, conf),
                          Now(), UnixMicroseconds());
    return made.release();
  });
  if (ctx == nullptr) return nullptr;
  cleanup->data = ctx;
  cleanup->handler = DestroyContext;
  ngx_http_set_ctx(r, ctx, ngx_http_keeptrusts_module);
  return ctx;
}

bool BeginRequest(Context* ctx) noexcept {
  ngx_http_request_t* r = ctx->request;
  return Guard(r->connection->log, true, [&] {
    if (ctx->conf->api_token.len != 0 && !TokenMatches(r, ctx->conf->api_token)) {
      ctx->session->RefuseStatus(NGX_HTTP_UNAUTHORIZED);
    } else {
      ctx->session->OnHead();
    }
    return ctx->session->head_ready();
  });
}

}  // namespace kt::nginx
