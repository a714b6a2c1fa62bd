// A target's upstream{}, TLS context and u->conf. Runs at configuration time.
//
// The upstream{} is generated as text and read by nginx's own parser, from a memory file, so that
// stock directives (server, keepalive) do the work. No secret is in that text: `nginx -T` prints
// it.
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/text.h"
#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr ngx_msec_t kConnectTimeoutMs = 10'000;
constexpr size_t kHeaderBufferBytes = 16 * 1024;

// A file descriptor whose content nginx can read by name; -1 on failure.
int MemoryFile(const std::string& text) {
  const int fd = memfd_create("keeptrusts-upstream", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return fd;
  close(fd);
  return -1;
}

std::string UpstreamText(const std::string& upstream, const Name& name) {
  return "upstream " + upstream + " {\n    # " + name.host + ":" + std::to_string(name.port) +
         "\n    keeptrusts_target_addresses;\n    keepalive 64;\n    keepalive_timeout 60s;\n}\n";
}

// An upstream{} that the user wrote under the host's name. A URL with a port of its own names a
// server, as everywhere.
ngx_http_upstream_srv_conf_t* FindUsersUpstream(ngx_http_upstream_main_conf_t* umcf,
                                                const config::Url& url) {
  if (url.port != (url.tls ? 443 : 80)) return nullptr;
  auto** all = static_cast<ngx_http_upstream_srv_conf_t**>(umcf->upstreams.elts);
  for (ngx_uint_t i = 0; i < umcf->upstreams.nelts; i++) {
    const bool written = (all[i]->flags & NGX_HTTP_UPSTREAM_CREATE) != 0;
    if (written && all[i]->peer.init != nullptr && EqualsIgnoreCase(View(all[i]->host), url.host)) {
      return all[i];
    }
  }
  return nullptr;
}

ngx_http_upstream_srv_conf_t* FindUpstream(ngx_http_upstream_main_conf_t* umcf,
                                           const std::string& name) {
  auto** all = static_cast<ngx_http_upstream_srv_conf_t**>(umcf->upstreams.elts);
  for (ngx_uint_t i = 0; i < umcf->upstreams.nelts; i++) {
    if (View(all[i]->host) == name) return all[i];
  }
  return nullptr;
}

// Parses the block and initialises its balancer: nginx has initialised its own upstreams by now.
ngx_http_upstream_srv_conf_t* AddUpstream(ngx_conf_t* cf, ngx_http_upstream_main_conf_t* umcf,
                                          const Name& target) {
  const std::string name = "keeptrusts_target_" + std::to_string(umcf->upstreams.nelts);
  const int fd = MemoryFile(UpstreamText(name, target));
  if (fd < 0) return nullptr;

  ngx_str_t path = CopyToPool(cf->pool, "/proc/self/fd/" + std::to_string(fd));
  ngx_conf_t saved = *cf;
  cf->module_type = NGX_HTTP_MODULE;
  cf->cmd_type = NGX_HTTP_MAIN_CONF;
  char* rv = path.data == nullptr ? const_cast<char*>("") : ngx_conf_parse(cf, &path);
  *cf = saved;
  close(fd);
  if (rv != NGX_CONF_OK) return nullptr;

  ngx_http_upstream_srv_conf_t* uscf = FindUpstream(umcf, name);
  auto* addresses = NewInPool<TargetAddresses>(cf->pool, &target);
  if (uscf == nullptr || addresses == nullptr) return nullptr;
  AttachAddresses(uscf, addresses);
  const ngx_http_upstream_init_pt init = uscf->peer.init_upstream != nullptr
                                             ? uscf->peer.init_upstream
                                             : ngx_http_upstream_init_round_robin;
  return init(cf, uscf) == NGX_OK ? uscf : nullptr;
}

bool FillConf(ngx_conf_t* cf, const LocationConf* lcf, const config::Target& target,
              UpstreamTarget* out) {
  ngx_http_upstream_conf_t* conf = &out->conf;
  const double longest = std::max(target.timeout_seconds, target.stream_timeout_seconds);
  const auto longest_ms = static_cast<ngx_msec_t>(longest * 1000);
  conf->connect_timeout = std::min(kConnectTimeoutMs, longest_ms);
  // The deadlines are total and ours; nginx's own are per read and only a net below them.
  conf->send_timeout = conf->read_timeout = longest_ms + 1000;
  conf->buffer_size = kHeaderBufferBytes;
  conf->next_upstream = NGX_HTTP_UPSTREAM_FT_ERROR | NGX_HTTP_UPSTREAM_FT_TIMEOUT |
                        NGX_HTTP_UPSTREAM_FT_INVALID_HEADER | NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT |
                        NGX_HTTP_UPSTREAM_FT_NOLIVE;
  conf->ignore_headers = ~static_cast<ngx_uint_t>(0);  // X-Accel-* of a provider mean nothing
  conf->socket_keepalive = 1;
  conf->hide_headers = conf->pass_headers = static_cast<ngx_array_t*>(NGX_CONF_UNSET_PTR);
  ngx_http_upstream_conf_t none{};
  none.hide_headers = none.pass_headers = static_cast<ngx_array_t*>(NGX_CONF_UNSET_PTR);
  ngx_str_t nothing[] = {ngx_null_string};
  ngx_hash_init_t hash{};
  hash.max_size = 512;
  hash.bucket_size = ngx_align(64, ngx_cacheline_size);
  hash.name = const_cast<char*>("keeptrusts_hide_headers_hash");
  if (ngx_http_upstream_hide_headers_hash(cf, conf, &none, nothing, &hash) != NGX_OK) return false;
  if (!target.base_url.tls) return true;
  return SetUpTls(cf, lcf->trusted_certificate, target, conf);
}

}  // namespace

MainConf::MainConf() noexcept {
  meta.peer.init = InitPeer;
  ngx_str_set(&meta.host, "keeptrusts");
}

bool MakeUpstream(ngx_conf_t* cf, MainConf* main, const LocationConf* conf,
                  const config::Target& target, UpstreamTarget* out,
                  std::string* unreachable) noexcept {
  return Guard(cf->log, false, [&] {
    const std::string& host = target.base_url.host;
    out->tls_name =
        CopyToPool(cf->pool, host.find(':') == std::string::npos ? host : "[" + host + "]");
    if (out->tls_name.data == nullptr || !FillConf(cf, conf, target, out)) {
      ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "TLS towards target \"%s\" could not be set up",
                    target.id.c_str());
      return false;
    }
    auto* umcf = static_cast<ngx_http_upstream_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_upstream_module));
    out->uscf = FindUsersUpstream(umcf, target.base_url);
    out->users_upstream = out->uscf != nullptr;
    if (out->users_upstream) {
      out->conf.ssl_session_reuse = 0;  // its sessions are those of whoever else asks it
    } else {
      out->name = GetName(cf, &main->names, host, target.base_url.port, unreachable);
      if (!unreachable->empty()) return true;
      out->uscf = AddUpstream(cf, umcf, *out->name);
    }
    if (out->uscf == nullptr) {
      ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "no upstream could be made for target \"%s\"",
                    target.id.c_str());
      return false;
    }
    if (out->name != nullptr && !out->name->reachable) {
      ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                    "target \"%s\" is not available yet: \"%s\" cannot be resolved now",
                    target.id.c_str(), host.c_str());
    }
    out->client_certificate = !target.client_certificate.empty();
    out->conf.upstream = out->uscf;
    out->entry_conf = out->conf;
    out->entry_conf.upstream = &main->meta;
    return true;
  });
}

}  // namespace kt::nginx
