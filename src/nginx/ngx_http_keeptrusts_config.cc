// policy-config.yaml -> GatewayEntry. Runs in the master (and under `nginx -t`) only.
#include <stdlib.h>

#include "core/config/loader.h"
#include "core/policies/check_values.h"
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

std::optional<std::string> ReadEnvironment(const std::string& name) {
  const char* value = getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void LogDiagnostics(ngx_conf_t* cf, const std::vector<config::Diagnostic>& list, ngx_uint_t level) {
  for (const config::Diagnostic& d : list) {
    ngx_log_error(level, cf->log, 0, "%s", d.ToString().c_str());
  }
}

// A binary upgrade hands on only the variables named in the core module's `env` list: without this
// the new master would start without its keys.
bool KeepVariable(ngx_conf_t* cf, const std::string& name) {
  if (name.empty()) return true;
  auto* ccf =
      reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cf->cycle->conf_ctx, ngx_core_module));
  auto* known = static_cast<ngx_str_t*>(ccf->env.elts);
  for (ngx_uint_t i = 0; i < ccf->env.nelts; i++) {
    if (View(known[i]) == name) return true;
  }
  auto* slot = static_cast<ngx_str_t*>(ngx_array_push(&ccf->env));
  if (slot == nullptr) return false;
  *slot = CopyToPool(cf->pool, name);
  return slot->data != nullptr;
}

std::string PolicyFiles(const LocationConf* conf) {
  std::string files;
  auto* names = static_cast<ngx_str_t*>(conf->policy_files->elts);
  for (ngx_uint_t i = 0; i < conf->policy_files->nelts; i++) {
    files.append(View(names[i])).push_back('\0');
  }
  return files;
}

// The location's own.
const ngx_http_core_loc_conf_t* CoreConf(ngx_conf_t* cf) {
  return static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
}

// What is learnt of a target under other files, authorities or nameservers is not the same.
std::string StateScope(ngx_conf_t* cf, const LocationConf* conf) {
  std::string scope = PolicyFiles(conf);
  scope.append(View(conf->trusted_certificate)).push_back('\0');
  return scope + ResolverText(CoreConf(cf)->resolver);
}

std::string SettingsKey(ngx_conf_t* cf, const LocationConf* conf) {
  std::string key = PolicyFiles(conf);
  const auto add = [&key](std::string_view part) { key.append(part).push_back('\0'); };
  add("");
  add(View(conf->rules));
  add(View(conf->secret_store));
  add(View(conf->trusted_certificate));
  add(conf->pass == 1 ? "pass" : "on");
  add(ResolverText(CoreConf(cf)->resolver));
  add(std::to_string(CoreConf(cf)->resolver_timeout));
  return key;
}

policies::PackReader Packs(const LocationConf* conf) {
  if (conf->rules.len == 0) return policies::ReadEmbeddedPack;
  return policies::PacksInDirectory(std::string(View(conf->rules)));
}

std::vector<std::string> FileNames(const LocationConf* conf) {
  std::vector<std::string> names;
  auto* files = static_cast<ngx_str_t*>(conf->policy_files->elts);
  for (ngx_uint_t i = 0; i < conf->policy_files->nelts; i++) names.emplace_back(View(files[i]));
  return names;
}

// Read once for all locations that name the same files, so that each warning is told once.
std::shared_ptr<const config::PolicyConfig> LoadPolicyConfig(ngx_conf_t* cf, MainConf* main,
                                                             const LocationConf* conf) {
  std::vector<std::string> names = FileNames(conf);
  for (const auto& [known, loaded] : main->configs) {
    if (known == names) return loaded;
  }
  config::LoadResult loaded = config::LoadFiles(names);
  LogDiagnostics(cf, loaded.warnings, NGX_LOG_WARN);
  if (!loaded.ok() && loaded.draft != nullptr) {
    policies::AddValueErrors(*loaded.draft, {Packs(conf), {}}, names, &loaded.errors);
  }
  LogDiagnostics(cf, loaded.errors, NGX_LOG_EMERG);
  if (loaded.ok()) main->configs.emplace_back(std::move(names), loaded.config);
  return loaded.config;
}

// The sockets of the targets; those without become unavailable in the gateway, each with a reason.
bool MakeUpstreams(ngx_conf_t* cf, MainConf* main, const LocationConf* conf,
                   const config::PolicyConfig& config, GatewayEntry* entry,
                   std::vector<std::string>* unreachable, std::vector<const bool*>* reachable) {
  for (const config::Target& target : config.providers.targets) {
    auto* upstream = static_cast<UpstreamTarget*>(ngx_pcalloc(cf->pool, sizeof(UpstreamTarget)));
    if (upstream == nullptr) return false;
    std::string reason;
    const bool socket = !target.echo && conf->pass == 1;
    if (socket && !MakeUpstream(cf, main, conf, target, upstream, &reason)) return false;
    entry->upstreams.push_back(upstream);
    reachable->push_back(upstream->name != nullptr ? &upstream->name->reachable : nullptr);
    unreachable->push_back(std::move(reason));
  }
  return true;
}

bool BuildEntry(ngx_conf_t* cf, MainConf* main, const LocationConf* conf, GatewayEntry* entry) {
  std::shared_ptr<const config::PolicyConfig> config = LoadPolicyConfig(cf, main, conf);
  if (config == nullptr) return false;
  for (const config::Target& target : config->providers.targets) {
    if (!KeepVariable(cf, target.secret_key_ref.env)) return false;
  }
  if (!KeepVariable(cf, config->pii_detector.hash_key_ref.env)) return false;

  session::GatewayOptions options;
  if (!MakeUpstreams(cf, main, conf, *config, entry, &options.unreachable, &options.reachable)) {
    return false;
  }
  options.packs = Packs(conf);
  options.secrets = {ReadEnvironment, std::string(View(conf->secret_store))};
  options.routed = conf->pass == 1;
  std::vector<std::string> warnings;
  auto gateway = session::Gateway::Build(config, options, &warnings);
  std::vector<config::Diagnostic> told;
  const std::string rules(View(conf->rules));
  for (const std::string& warning : warnings) {
    told.push_back(policies::LocatedInPacks(*config, rules, warning));
  }
  LogDiagnostics(cf, told, NGX_LOG_WARN);
  if (!gateway.ok()) {
    std::vector<config::Diagnostic> errors;
    policies::AddValueErrors(*config, {options.packs, {}}, FileNames(conf), &errors);
    if (errors.empty()) {
      errors = {policies::LocatedInPacks(*config, rules, gateway.status().message())};
    }
    LogDiagnostics(cf, errors, NGX_LOG_EMERG);
    return false;
  }
  entry->gateway = std::move(gateway).value();
  if (options.routed) {
    entry->board = std::make_unique<routing::Board>(
        entry->gateway->config().providers, entry->gateway->targets(), StateScope(cf, conf));
  }
  return true;
}

}  // namespace

GatewayEntry* GetGateway(ngx_conf_t* cf, MainConf* main, const LocationConf* conf) noexcept {
  return Guard(cf->log, static_cast<GatewayEntry*>(nullptr), [&]() -> GatewayEntry* {
    std::string key = SettingsKey(cf, conf);
    for (const auto& entry : main->gateways) {
      if (entry->key == key) return entry.get();
    }
    auto entry = std::make_unique<GatewayEntry>();
    entry->key = std::move(key);
    if (!BuildEntry(cf, main, conf, entry.get())) return nullptr;
    main->gateways.push_back(std::move(entry));
    return main->gateways.back().get();
  });
}

}  // namespace kt::nginx
