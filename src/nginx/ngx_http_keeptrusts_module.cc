// The module's tables: directives, configuration, registration with nginx.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr ngx_uint_t kFailBlock = 0, kFailAllow = 1, kEndpointRefuse = 0, kEndpointPass = 1;

ngx_conf_enum_t kFailModes[] = {
    {ngx_string("block"), kFailBlock}, {ngx_string("allow"), kFailAllow}, {ngx_null_string, 0}};
ngx_conf_enum_t kUnknownEndpoints[] = {{ngx_string("refuse"), kEndpointRefuse},
                                       {ngx_string("pass"), kEndpointPass},
                                       {ngx_null_string, 0}};
ngx_conf_enum_t kBlockStatuses[] = {{ngx_string("400"), 400},
                                    {ngx_string("403"), 403},
                                    {ngx_string("409"), 409},
                                    {ngx_null_string, 0}};

char* const kConfOk = nullptr;
char* ConfError() noexcept {
  return reinterpret_cast<char*>(-1);
}

// keeptrusts_policy_config file ...;
char* SetPolicyConfig(ngx_conf_t* cf, ngx_command_t*, void* conf) {
  auto* lcf = static_cast<LocationConf*>(conf);
  if (lcf->policy_files != nullptr) return const_cast<char*>("is duplicate");
  lcf->policy_files = ngx_array_create(cf->pool, cf->args->nelts - 1, sizeof(ngx_str_t));
  if (lcf->policy_files == nullptr) return ConfError();
  auto* args = static_cast<ngx_str_t*>(cf->args->elts);
  for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
    auto* name = static_cast<ngx_str_t*>(ngx_array_push(lcf->policy_files));
    if (name == nullptr) return ConfError();
    *name = args[i];
    // Relative names are relative to nginx.conf's directory, as for `include`.
    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) return ConfError();
  }
  return kConfOk;
}

// As ngx_conf_set_enum_slot, but says which directive is wrong and what it takes.
char* SetChoice(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
  auto* field = reinterpret_cast<ngx_uint_t*>(static_cast<char*>(conf) + command->offset);
  if (*field != NGX_CONF_UNSET_UINT) return const_cast<char*>("is duplicate");
  ngx_str_t* value = static_cast<ngx_str_t*>(cf->args->elts) + 1;
  const auto* choices = static_cast<const ngx_conf_enum_t*>(command->post);
  for (const auto* choice = choices; choice->name.len != 0; choice++) {
    if (View(choice->name) != View(*value)) continue;
    *field = choice->value;
    return kConfOk;
  }
  ngx_conf_log_error(
      NGX_LOG_EMERG, cf, 0,
      "invalid value \"%V\" in \"%V\" directive, it must be one of \"%V\", \"%V\"%s%V%s", value,
      &command->name, &choices[0].name, &choices[1].name, choices[2].name.len != 0 ? ", \"" : "",
      &choices[2].name, choices[2].name.len != 0 ? "\"" : "");
  return ConfError();
}

// keeptrusts_pass; and keeptrusts_status;
char* SetPass(ngx_conf_t* cf, ngx_command_t*, void* conf) {
  auto* lcf = static_cast<LocationConf*>(conf);
  if (lcf->pass == 1) return const_cast<char*>("is duplicate");
  lcf->pass = 1;
  auto* clcf = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  if (clcf->handler != nullptr) {
    return const_cast<char*>(
        "cannot share its location with another handler, such as \"proxy_pass\": remove that one,"
        " or keep it and write \"keeptrusts on\" instead");
  }
  clcf->handler = ContentHandler;
  return kConfOk;
}

char* SetStatus(ngx_conf_t* cf, ngx_command_t*, void*) {
  auto* clcf = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  clcf->handler = StatusHandler;
  return kConfOk;
}

// A path directive: relative names are relative to nginx.conf's directory.
char* SetPath(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
  auto* field = reinterpret_cast<ngx_str_t*>(static_cast<char*>(conf) + command->offset);
  if (field->data != nullptr) return const_cast<char*>("is duplicate");
  *field = static_cast<ngx_str_t*>(cf->args->elts)[1];
  return ngx_conf_full_name(cf->cycle, field, 1) == NGX_OK ? kConfOk : ConfError();
}

#define KT_ANYWHERE NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF
#define KT_LOC(field) NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, field)

ngx_command_t kCommands[] = {
    {ngx_string("keeptrusts_policy_config"), KT_ANYWHERE | NGX_CONF_1MORE, SetPolicyConfig,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("keeptrusts_pass"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, SetPass,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("keeptrusts"), KT_ANYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot, KT_LOC(enable),
     nullptr},
    {ngx_string("keeptrusts_enforce"), KT_ANYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     KT_LOC(enforce), nullptr},
    {ngx_string("keeptrusts_fail_mode"), KT_ANYWHERE | NGX_CONF_TAKE1, SetChoice, KT_LOC(fail_mode),
     kFailModes},
    {ngx_string("keeptrusts_unknown_endpoint"), KT_ANYWHERE | NGX_CONF_TAKE1, SetChoice,
     KT_LOC(unknown_endpoint), kUnknownEndpoints},
    {ngx_string("keeptrusts_block_status"), KT_ANYWHERE | NGX_CONF_TAKE1, SetChoice,
     KT_LOC(block_status), kBlockStatuses},
    {ngx_string("keeptrusts_rules"), KT_ANYWHERE | NGX_CONF_TAKE1, SetPath, KT_LOC(rules), nullptr},
    {ngx_string("keeptrusts_secret_store"), KT_ANYWHERE | NGX_CONF_TAKE1, SetPath,
     KT_LOC(secret_store), nullptr},
    {ngx_string("keeptrusts_ssl_trusted_certificate"), KT_ANYWHERE | NGX_CONF_TAKE1, SetPath,
     KT_LOC(trusted_certificate), nullptr},
    {ngx_string("keeptrusts_gate_buffer"), KT_ANYWHERE | NGX_CONF_TAKE1, ngx_conf_set_size_slot,
     KT_LOC(gate_buffer), nullptr},
    {ngx_string("keeptrusts_verdict_cache"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, SetVerdictCache,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("keeptrusts_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, SetZone,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("keeptrusts_audit_dir"), KT_ANYWHERE | NGX_CONF_TAKE1, SetPath, KT_LOC(audit_dir),
     nullptr},
    {ngx_string("keeptrusts_audit_ring_dir"), KT_ANYWHERE | NGX_CONF_TAKE12, SetAuditRingDir,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("keeptrusts_audit_key"), KT_ANYWHERE | NGX_CONF_TAKE1, SetPath, KT_LOC(audit_key),
     nullptr},
    {ngx_string("keeptrusts_audit_digest"), KT_ANYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     KT_LOC(audit_digest), nullptr},
    {ngx_string("keeptrusts_api_token_file"), KT_ANYWHERE | NGX_CONF_TAKE1, SetPath,
     KT_LOC(api_token_file), nullptr},
    {ngx_string("keeptrusts_user_id"), KT_ANYWHERE | NGX_CONF_TAKE1,
     ngx_http_set_complex_value_slot, KT_LOC(user_id), nullptr},
    {ngx_string("keeptrusts_agent_id"), KT_ANYWHERE | NGX_CONF_TAKE1,
     ngx_http_set_complex_value_slot, KT_LOC(agent_id), nullptr},
    {ngx_string("keeptrusts_conversation_id"), KT_ANYWHERE | NGX_CONF_TAKE1,
     ngx_http_set_complex_value_slot, KT_LOC(conversation_id), nullptr},
    {ngx_string("keeptrusts_target_addresses"), NGX_HTTP_UPS_CONF | NGX_CONF_NOARGS,
     SetTargetAddresses, 0, 0, nullptr},
    {ngx_string("keeptrusts_status"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, SetStatus,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    ngx_null_command};

void* CreateMainConf(ngx_conf_t* cf) {
  return NewInPool<MainConf>(cf->pool);
}

void* CreateLocationConf(ngx_conf_t* cf) {
  auto* conf = static_cast<LocationConf*>(ngx_pcalloc(cf->pool, sizeof(LocationConf)));
  if (conf == nullptr) return nullptr;
  conf->enable = NGX_CONF_UNSET;
  conf->enforce = NGX_CONF_UNSET;
  conf->audit_digest = NGX_CONF_UNSET;
  conf->fail_mode = NGX_CONF_UNSET_UINT;
  conf->unknown_endpoint = NGX_CONF_UNSET_UINT;
  conf->block_status = NGX_CONF_UNSET_UINT;
  conf->gate_buffer = NGX_CONF_UNSET_SIZE;
  conf->audit_ring_bytes = NGX_CONF_UNSET_SIZE;
  conf->user_id = conf->agent_id = conf->conversation_id =
      static_cast<ngx_http_complex_value_t*>(NGX_CONF_UNSET_PTR);
  return conf;
}

// A complex value for a variable's text, for the defaults of keeptrusts_user_id and its kin.
bool DefaultValue(ngx_conf_t* cf, const char* text, ngx_http_complex_value_t** value) {
  if (*value != nullptr) return true;
  *value = static_cast<ngx_http_complex_value_t*>(
      ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t)));
  if (*value == nullptr) return false;
  ngx_str_t source = CopyToPool(cf->pool, text);
  ngx_http_compile_complex_value_t compile{};
  compile.cf = cf;
  compile.value = &source;
  compile.complex_value = *value;
  return ngx_http_compile_complex_value(&compile) == NGX_OK;
}

char* MergeLocationConf(ngx_conf_t* cf, void* parent, void* child) {
  auto* prev = static_cast<LocationConf*>(parent);
  auto* conf = static_cast<LocationConf*>(child);
  if (conf->policy_files == nullptr) conf->policy_files = prev->policy_files;
  ngx_conf_merge_value(conf->enable, prev->enable, 0);
  ngx_conf_merge_value(conf->enforce, prev->enforce, 1);
  ngx_conf_merge_value(conf->audit_digest, prev->audit_digest, 0);
  ngx_conf_merge_uint_value(conf->fail_mode, prev->fail_mode, kFailBlock);
  ngx_conf_merge_uint_value(conf->unknown_endpoint, prev->unknown_endpoint, kEndpointRefuse);
  ngx_conf_merge_uint_value(conf->block_status, prev->block_status, 409);
  ngx_conf_merge_str_value(conf->rules, prev->rules, "");
  ngx_conf_merge_str_value(conf->secret_store, prev->secret_store, "");
  ngx_conf_merge_str_value(conf->trusted_certificate, prev->trusted_certificate, "");
  ngx_conf_merge_str_value(conf->audit_dir, prev->audit_dir, "/var/lib/keeptrusts/audit");
  ngx_conf_merge_str_value(conf->audit_ring_dir, prev->audit_ring_dir, "");
  ngx_conf_merge_size_value(conf->audit_ring_bytes, prev->audit_ring_bytes, 128 * 1024 * 1024);
  ngx_conf_merge_str_value(conf->audit_key, prev->audit_key, "");
  ngx_conf_merge_str_value(conf->api_token_file, prev->api_token_file, "");
  ngx_conf_merge_size_value(conf->gate_buffer, prev->gate_buffer, 256 * 1024);
  ngx_conf_merge_ptr_value(conf->user_id, prev->user_id, nullptr);
  ngx_conf_merge_ptr_value(conf->agent_id, prev->agent_id, nullptr);
  ngx_conf_merge_ptr_value(conf->conversation_id, prev->conversation_id, nullptr);
  if (!DefaultValue(cf, "$http_x_user_id", &conf->user_id) ||
      !DefaultValue(cf, "$http_x_keeptrusts_agent_id", &conf->agent_id) ||
      !DefaultValue(cf, "$http_x_conversation_id", &conf->conversation_id)) {
    return ConfError();
  }
  return GovernLocation(cf, prev, conf) ? kConfOk : ConfError();
}

ngx_int_t PostConfiguration(ngx_conf_t* cf) {
  auto* cmcf = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  const struct {
    ngx_uint_t phase;
    ngx_http_handler_pt handler;
  } phases[] = {{NGX_HTTP_PRECONTENT_PHASE, PrecontentHandler}, {NGX_HTTP_LOG_PHASE, LogHandler}};
  for (const auto& p : phases) {
    auto* h = static_cast<ngx_http_handler_pt*>(ngx_array_push(&cmcf->phases[p.phase].handlers));
    if (h == nullptr) return NGX_ERROR;
    *h = p.handler;
  }
  auto* main =
      static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_keeptrusts_module));
  if (!CheckStockLocations(cf, main) || AddZone(cf, main) != NGX_OK) return NGX_ERROR;
  // Not later, between the opening of the sockets and that of the signals.
  if (!main->gateways.empty()) TrimHeap();
  return InstallFilters(cf);
}

// Only where requests are served: helper processes ask nobody.
ngx_int_t InitProcess(ngx_cycle_t* cycle) {
  if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) return NGX_OK;
  StartOwnWriters(cycle);
  auto* main = static_cast<MainConf*>(
      ngx_http_cycle_get_module_main_conf(cycle, ngx_http_keeptrusts_module));
  if (main == nullptr) return NGX_OK;
  main->used = FindUsedVariables(cycle);
  if (!main->gateways.empty()) {
    KeepHeap();
    StartVerdictCache(cycle, main);
  }
  WatchNames(main->names);
  WatchTargets(main);
  return NGX_OK;
}

void ExitProcess(ngx_cycle_t* cycle) {
  FinishOwnWriters(cycle);
  auto* main = static_cast<MainConf*>(
      ngx_http_cycle_get_module_main_conf(cycle, ngx_http_keeptrusts_module));
  if (main != nullptr) main->probes.clear();
}

ngx_http_module_t kModuleContext = {
    AddVariables, PostConfiguration, CreateMainConf,     nullptr,
    nullptr,      nullptr,           CreateLocationConf, MergeLocationConf};

}  // namespace
}  // namespace kt::nginx

ngx_module_t ngx_http_keeptrusts_module = {NGX_MODULE_V1,
                                           &kt::nginx::kModuleContext,
                                           kt::nginx::kCommands,
                                           NGX_HTTP_MODULE,
                                           nullptr,
                                           nullptr,
                                           kt::nginx::InitProcess,
                                           nullptr,
                                           nullptr,
                                           kt::nginx::ExitProcess,
                                           nullptr,
                                           NGX_MODULE_V1_PADDING};
