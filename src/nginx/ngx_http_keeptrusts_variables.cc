// $keeptrusts_*: facts of the request's session, for logs, maps and headers. Not found before they
// are known.
#include <cinttypes>

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

using Reader = std::string (*)(const session::Session&);

std::string Number(std::optional<uint64_t> n) {
  return n ? std::to_string(*n) : std::string();
}

std::string Decimal(double value, const char* format) {
  char text[32];
  snprintf(text, sizeof(text), format, value);
  return text;
}

std::string Verdict(const session::Session& s) {
  return std::string(s.verdict());
}
std::string Policy(const session::Session& s) {
  return std::string(s.policy());
}
std::string Reason(const session::Session& s) {
  return std::string(s.reason());
}
std::string Target(const session::Session& s) {
  return std::string(s.target());
}
std::string Provider(const session::Session& s) {
  return std::string(s.provider());
}
std::string Model(const session::Session& s) {
  return std::string(s.model());
}
std::string Attempts(const session::Session& s) {
  return s.attempts();
}
std::string Redactions(const session::Session& s) {
  return s.verdict().empty() ? std::string() : std::to_string(s.redactions());
}
std::string CachedTexts(const session::Session& s) {
  return s.verdict().empty() ? std::string() : std::to_string(s.cached_texts());
}
std::string InjectionScore(const session::Session& s) {
  return s.injection_score() < 0 ? std::string() : Decimal(s.injection_score(), "%.3f");
}
std::string PromptTokens(const session::Session& s) {
  return Number(s.prompt_tokens());
}
std::string CompletionTokens(const session::Session& s) {
  return Number(s.completion_tokens());
}
std::string Cost(const session::Session& s) {
  return s.cost_usd() ? Decimal(*s.cost_usd(), "%.6f") : std::string();
}
std::string Ttft(const session::Session& s) {
  return Number(s.ttft_ms());
}

constexpr struct {
  const char* name;
  Reader read;
} kVariables[] = {
    {"keeptrusts_verdict", Verdict},
    {"keeptrusts_policy", Policy},
    {"keeptrusts_reason", Reason},
    {"keeptrusts_target", Target},
    {"keeptrusts_provider", Provider},
    {"keeptrusts_model", Model},
    {"keeptrusts_attempts", Attempts},
    {"keeptrusts_redactions", Redactions},
    {"keeptrusts_cached_texts", CachedTexts},
    {"keeptrusts_injection_score", InjectionScore},
    {"keeptrusts_prompt_tokens", PromptTokens},
    {"keeptrusts_completion_tokens", CompletionTokens},
    {"keeptrusts_cost_usd", Cost},
    {"keeptrusts_ttft", Ttft},
};

ngx_int_t GetVariable(ngx_http_request_t* r, ngx_http_variable_value_t* v, uintptr_t index) {
  Context* ctx = FindContext(r);
  v->not_found = 1;
  if (ctx == nullptr) return NGX_OK;
  const ngx_str_t value = Guard(r->connection->log, ngx_str_t{0, nullptr}, [&] {
    const std::string text = kVariables[index].read(*ctx->session);
    return text.empty() ? ngx_str_t{0, nullptr} : CopyToPool(r->pool, text);
  });
  if (value.data == nullptr) return NGX_OK;
  v->len = static_cast<unsigned>(value.len) & 0x0FFFFFFF;
  v->data = value.data;
  v->valid = 1;
  v->no_cacheable = 1;
  v->not_found = 0;
  return NGX_OK;
}

}  // namespace

ngx_int_t AddVariables(ngx_conf_t* cf) noexcept {
  uintptr_t index = 0;
  for (const auto& variable : kVariables) {
    ngx_str_t name = CopyToPool(cf->pool, variable.name);
    if (name.data == nullptr) return NGX_ERROR;
    ngx_http_variable_t* v = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
    if (v == nullptr) return NGX_ERROR;
    v->get_handler = GetVariable;
    v->data = index++;
  }
  return NGX_OK;
}

}  // namespace kt::nginx
