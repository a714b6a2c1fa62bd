// keeptrusts_zone: the shared memory behind core/routing/state.h. A reload keeps it, with all that
// is known of the targets, as long as its size stays; a binary upgrade begins with an empty one.
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr size_t kDefaultBytes = 512 * 1024;
constexpr ngx_uint_t kLeastPages = 8;

ngx_str_t kName = ngx_string("keeptrusts");

// All of the zone's memory as tables: new ones, or those of the zone that was here before.
std::optional<routing::StateTable> OpenTables(ngx_shm_zone_t* zone, bool used) {
  auto* pool = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
  if (used || zone->shm.exists != 0) {
    if (pool->data == nullptr) return std::nullopt;
    const auto* block = static_cast<ngx_str_t*>(pool->data);
    return routing::StateTable::Adopt(block->data, block->len);
  }
  auto* block = static_cast<ngx_str_t*>(ngx_slab_calloc(pool, sizeof(ngx_str_t)));
  if (block == nullptr || pool->pfree == 0) return std::nullopt;
  block->len = pool->pfree * ngx_pagesize;
  block->data = static_cast<u_char*>(ngx_slab_alloc(pool, block->len));
  if (block->data == nullptr) return std::nullopt;
  pool->data = block;
  return routing::StateTable::Create(block->data, block->len);
}

size_t BytesOf(ngx_shm_zone_t* zone) {
  auto* pool = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
  return static_cast<ngx_str_t*>(pool->data)->len;
}

// `old_data`: of the configuration before, when its memory is taken over.
ngx_int_t InitZone(ngx_shm_zone_t* zone, void* old_data) {
  auto* main = static_cast<MainConf*>(zone->data);
  ngx_log_t* log = zone->shm.log;
  return Guard(log, static_cast<ngx_int_t>(NGX_ERROR), [&]() -> ngx_int_t {
    routing::StateNeeds needs;
    for (const auto& entry : main->gateways) {
      if (entry->board == nullptr) continue;
      needs.targets += entry->board->needs().targets;
      needs.cells += entry->board->needs().cells;
    }
    std::optional<routing::StateTable> table = OpenTables(zone, old_data != nullptr);
    if (!table || !routing::StateTable::Fits(needs, BytesOf(zone))) {
      const size_t least = routing::StateTable::BytesFor(needs) + kLeastPages * ngx_pagesize;
      ngx_log_error(NGX_LOG_EMERG, log, 0,
                    "keeptrusts_zone of %uz bytes is too small for %uz targets: it needs %uzk",
                    zone->shm.size, needs.targets, (least + 1023) / 1024);
      return NGX_ERROR;
    }
    table->BeginGeneration();
    for (const auto& entry : main->gateways) {
      if (entry->board == nullptr) continue;
      const Status attached = entry->board->Attach(*table);
      if (attached.ok()) continue;
      ngx_log_error(NGX_LOG_EMERG, log, 0, "keeptrusts_zone: %s", attached.message().c_str());
      return NGX_ERROR;
    }
    return NGX_OK;
  });
}

ngx_int_t MakeZone(ngx_conf_t* cf, MainConf* main, size_t bytes) {
  main->zone = ngx_shared_memory_add(cf, &kName, bytes, &ngx_http_keeptrusts_module);
  if (main->zone == nullptr) return NGX_ERROR;
  main->zone->init = InitZone;
  main->zone->data = main;
  return NGX_OK;
}

}  // namespace

char* SetZone(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
  auto* main = static_cast<MainConf*>(conf);
  if (main->zone != nullptr) return const_cast<char*>("is duplicate");
  ngx_str_t* value = &static_cast<ngx_str_t*>(cf->args->elts)[1];
  const ssize_t bytes = ngx_parse_size(value);
  if (bytes == NGX_ERROR) return const_cast<char*>("has an invalid size");
  if (bytes < static_cast<ssize_t>(kLeastPages * ngx_pagesize)) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"keeptrusts_zone\" of \"%V\" is too small: at least %uzk", value,
                       kLeastPages * ngx_pagesize / 1024);
    return reinterpret_cast<char*>(-1);
  }
  return MakeZone(cf, main, static_cast<size_t>(bytes)) == NGX_OK ? nullptr
                                                                  : reinterpret_cast<char*>(-1);
}

ngx_int_t AddZone(ngx_conf_t* cf, MainConf* main) noexcept {
  bool routed = false;
  for (const auto& entry : main->gateways) routed = routed || entry->board != nullptr;
  if (!routed || main->zone != nullptr) return NGX_OK;
  return MakeZone(cf, main, kDefaultBytes);
}

}  // namespace kt::nginx
