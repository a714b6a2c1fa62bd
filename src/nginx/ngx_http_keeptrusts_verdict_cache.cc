// keeptrusts_verdict_cache: one policy::VerdictCache a worker. A reload begins with empty ones.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr ngx_uint_t kDefaultTexts = 16384, kMostTexts = 1024 * 1024;

}  // namespace

char* SetVerdictCache(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  auto* main = static_cast<MainConf*>(conf);
  if (main->cached_verdicts != NGX_CONF_UNSET_UINT) return const_cast<char*>("is duplicate");
  const ngx_str_t& value = static_cast<ngx_str_t*>(cf->args->elts)[1];
  if (View(value) == "off") {
    main->cached_verdicts = 0;
    return nullptr;
  }
  const ngx_int_t texts = ngx_atoi(value.data, value.len);
  if (texts < 1 || texts > static_cast<ngx_int_t>(kMostTexts)) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"keeptrusts_verdict_cache\" %V: must be \"off\" or a number of texts from"
                       " 1 to %ui",
                       &value, kMostTexts);
    return reinterpret_cast<char*>(-1);
  }
  main->cached_verdicts = static_cast<ngx_uint_t>(texts);
  return nullptr;
}

void StartVerdictCache(ngx_cycle_t* cycle, MainConf* main) noexcept {
  if (main->cached_verdicts == 0) return;
  Guard(cycle->log, 0, [&] {
    const bool unset = main->cached_verdicts == NGX_CONF_UNSET_UINT;
    auto cache = policy::VerdictCache::Make(unset ? kDefaultTexts : main->cached_verdicts);
    if (cache.ok()) {
      main->verdicts = std::move(cache).value();
    } else {
      ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                    "keeptrusts: no verdict cache, every text is judged: %s",
                    cache.status().message().c_str());
    }
    return 0;
  });
}

}  // namespace kt::nginx
