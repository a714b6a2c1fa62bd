// Which locations are governed, and what may not stand in them. Runs at configuration time.
#include <algorithm>

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

ngx_http_core_loc_conf_t* CoreConf(ngx_conf_t* cf) {
  return static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
}

// Locations are merged when all of http{} has been read: nginx's own "in file:line" would be its
// end.
bool Refuse(ngx_conf_t* cf, const ngx_http_core_loc_conf_t* core, const char* reason) {
  const ngx_str_t* name = &core->name;
  if (name->len == 0) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", reason);
  } else {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "location \"%V\" in %V: %s", name,
                  &cf->conf_file->file.name, reason);
  }
  return false;
}

bool Refuse(ngx_conf_t* cf, const char* reason) {
  return Refuse(cf, CoreConf(cf), reason);
}

// The token's bytes, without trailing newlines.
bool ReadToken(ngx_conf_t* cf, LocationConf* conf) {
  if (conf->api_token_file.len == 0) return true;
  config::SecretRef ref;
  ref.file.assign(View(conf->api_token_file));
  Result<std::string> token = routing::ResolveSecret(ref, routing::SecretSource{nullptr, {}});
  if (!token.ok()) {
    const std::string reason = "\"keeptrusts_api_token_file\": " + token.status().message();
    return Refuse(cf, reason.c_str());
  }
  conf->api_token = CopyToPool(cf->pool, token.value());
  return conf->api_token.data != nullptr;
}

const ngx_module_t* FindModule(ngx_conf_t* cf, const char* name) {
  for (ngx_uint_t i = 0; cf->cycle->modules[i] != nullptr; i++) {
    if (ngx_strcmp(cf->cycle->modules[i]->name, name) == 0) return cf->cycle->modules[i];
  }
  return nullptr;
}

// `mirror` sends the client's own bytes to a second place: in a governed location it would carry
// unredacted text past the policies. The mirror module's first configuration field is its list.
bool HasMirror(ngx_conf_t* cf) {
  const auto* context = static_cast<ngx_http_conf_ctx_t*>(cf->ctx);
  const ngx_module_t* module = FindModule(cf, "ngx_http_mirror_module");
  if (module == nullptr) return false;
  void* const* mirror = static_cast<void**>(context->loc_conf[module->ctx_index]);
  return mirror != nullptr && *mirror != nullptr && *mirror != NGX_CONF_UNSET_PTR;
}

// `slice` fetches all but the first piece of an answer by subrequests, whose bytes go out past the
// session, which sees the first piece only. The slice module's first field is the size of a piece.
bool HasSlices(void* const* conf, const ngx_module_t* module) {
  const auto* size = static_cast<size_t*>(conf[module->ctx_index]);
  return size != nullptr && *size != 0;
}

// Around locations, in server{}, nothing does.
bool MayAnswer(const ngx_http_core_loc_conf_t* core) {
  return core->handler != nullptr || core->noname != 0;
}

// if{} and limit_except{} are locations of their own to nginx, in which what is around them still
// answers. (limit_except{} takes no handler over by itself.)
void InheritPass(ngx_conf_t* cf, const LocationConf* parent, LocationConf* conf) {
  auto* core = CoreConf(cf);
  if (core->noname == 0 || parent->pass != 1) return;
  conf->pass = 1;
  if (core->lmt_excpt != 0 && core->handler == nullptr) core->handler = ContentHandler;
}

// The handler that was named last answers: another one would, without a word, pass all unscanned.
bool AnswersItself(ngx_conf_t* cf) {
  const auto* core = CoreConf(cf);
  return core->handler == ContentHandler || (core->noname != 0 && core->handler == nullptr);
}

void SetPrefix(ngx_conf_t* cf, const LocationConf* parent, LocationConf* conf) {
  const auto* core = CoreConf(cf);
  if (core->noname != 0) {
    conf->prefix = parent->prefix;
    return;
  }
#if (NGX_PCRE)
  if (core->regex != nullptr) return;
#endif
  if (core->exact_match == 0 && core->named == 0) conf->prefix = core->name;
}

bool MakeGoverned(ngx_conf_t* cf, LocationConf* conf) {
  if (conf->policy_files == nullptr) {
    return Refuse(cf, conf->pass == 1
                          ? "\"keeptrusts_pass\" needs a \"keeptrusts_policy_config\" in"
                            " this location or around it"
                          : "\"keeptrusts on\" needs a \"keeptrusts_policy_config\" in"
                            " this location or around it");
  }
  if (conf->pass == 1 && conf->enable == 1) {
    return Refuse(cf, "\"keeptrusts on\" and \"keeptrusts_pass\" exclude each other");
  }
  if (conf->pass == 1 && !AnswersItself(cf)) {
    return Refuse(
        cf,
        "another handler, such as \"proxy_pass\", would answer in place of"
        " \"keeptrusts_pass\", unscanned: remove it, or keep it and write \"keeptrusts on\""
        " instead of \"keeptrusts_pass\"");
  }
  if (HasMirror(cf)) {
    return Refuse(cf,
                  "\"mirror\" in a location governed by keeptrusts would send unredacted text;"
                  " remove it or set \"mirror off\"");
  }
  auto* main =
      static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_keeptrusts_module));
  conf->gateway = GetGateway(cf, main, conf);
  if (conf->gateway == nullptr || !ReadToken(cf, conf)) return false;
  if (conf->enable == 1) {
    const auto* context = static_cast<ngx_http_conf_ctx_t*>(cf->ctx);
    main->stock.push_back(context->loc_conf);
  }
  if (conf->pass == 1 && conf->gateway->gateway->targets().empty()) {
    return Refuse(cf,
                  "\"keeptrusts_pass\" needs at least one target: the policy configuration has no"
                  " \"providers.targets\"");
  }
  if (!conf->gateway->gateway->config().audit_logger.present) return true;
  conf->audit = GetAudit(cf, main, conf);
  return conf->audit != nullptr;
}

}  // namespace

bool GovernLocation(ngx_conf_t* cf, const LocationConf* parent, LocationConf* conf) noexcept {
  // A location inside a governed one is merged for its own sake: http and server levels only pass
  // `keeptrusts on` down, and a location with another content handler inherits no `pass`.
  SetPrefix(cf, parent, conf);
  InheritPass(cf, parent, conf);
  if (CoreConf(cf)->handler == StatusHandler && conf->pass != 1) return true;
  if (conf->pass != 1 && conf->enable != 1) return true;
  return Guard(cf->log, false, [&] { return MakeGoverned(cf, conf); });
}

bool CheckStockLocations(ngx_conf_t* cf, MainConf* main) noexcept {
  const ngx_module_t* slices = FindModule(cf, "ngx_http_slice_filter_module");
  if (slices == nullptr) return true;
  return std::all_of(main->stock.begin(), main->stock.end(), [&](void* const* conf) {
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(conf[ngx_http_core_module.ctx_index]);
    if (!MayAnswer(core) || !HasSlices(conf, slices)) return true;
    return Refuse(cf, core,
                  "\"slice\" in a location governed by keeptrusts would send pieces of answers that"
                  " no policy has seen; remove it or set \"slice 0\"");
  });
}

}  // namespace kt::nginx
