// TLS towards a target: a context of its own for each, so that sessions, authorities and client
// certificates are never shared. Runs at configuration time, in the master, which may read keys
// that workers may not.
#include <arpa/inet.h>

#include "ngx_http_keeptrusts.h"

namespace kt::nginx {
namespace {

constexpr ngx_int_t kVerifyDepth = 5;

bool IsAddress(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

ngx_ssl_t* NewContext(ngx_conf_t* cf) {
  auto* ssl = static_cast<ngx_ssl_t*>(ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t)));
  if (ssl == nullptr) return nullptr;
  ssl->log = cf->log;
  if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2 | NGX_SSL_TLSv1_3, nullptr) != NGX_OK) return nullptr;
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(cf->pool, 0);
  if (cleanup == nullptr) {
    ngx_ssl_cleanup_ctx(ssl);
    return nullptr;
  }
  cleanup->handler = ngx_ssl_cleanup_ctx;
  cleanup->data = ssl;
  return ssl;
}

// The given bundle, else the system's.
bool TrustAuthorities(ngx_conf_t* cf, ngx_str_t file, ngx_ssl_t* ssl) {
  if (file.len != 0) {
    if (ngx_ssl_trusted_certificate(cf, ssl, &file, kVerifyDepth) == NGX_OK) return true;
    ngx_log_error(
        NGX_LOG_EMERG, cf->log, 0,
        "\"keeptrusts_ssl_trusted_certificate\" \"%V\" cannot be used: it must be a PEM file"
        " of certificates that the master can read",
        &file);
    return false;
  }
  SSL_CTX_set_verify_depth(ssl->ctx, kVerifyDepth);
  return SSL_CTX_set_default_verify_paths(ssl->ctx) == 1;
}

bool LoadClientCertificate(ngx_conf_t* cf, const config::Target& target, ngx_ssl_t* ssl) {
  if (target.client_certificate.empty()) return true;
  ngx_str_t certificate = CopyToPool(cf->pool, target.client_certificate);
  ngx_str_t key = CopyToPool(cf->pool, target.client_certificate_key);
  // One empty password: a key with a real one is an error then, not a question on the terminal.
  ngx_array_t* passwords = ngx_array_create(cf->temp_pool, 1, sizeof(ngx_str_t));
  if (certificate.data == nullptr || key.data == nullptr || passwords == nullptr) return false;
  auto* empty = static_cast<ngx_str_t*>(ngx_array_push(passwords));
  ngx_str_set(empty, "");
  if (ngx_ssl_certificate(cf, ssl, &certificate, &key, passwords) == NGX_OK) return true;
  ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                "%s:%d:%d: providers.targets \"%s\": client_certificate \"%V\" with"
                " client_certificate_key \"%V\" cannot be used: both must be PEM files that the"
                " master can read, belong together, and the key must have no password",
                target.mark.file.c_str(), target.mark.line, target.mark.column, target.id.c_str(),
                &certificate, &key);
  return false;
}

// nginx compares the certificate with a name only, so OpenSSL itself compares it with an address,
// within the handshake.
bool VerifyAddress(const std::string& host, ngx_ssl_t* ssl) {
  SSL_CTX_set_verify(ssl->ctx, SSL_VERIFY_PEER, nullptr);
  return X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(ssl->ctx), host.c_str()) == 1;
}

}  // namespace

bool SetUpTls(ngx_conf_t* cf, ngx_str_t trusted_certificate, const config::Target& target,
              ngx_http_upstream_conf_t* conf) {
  ngx_ssl_t* ssl = NewContext(cf);
  if (ssl == nullptr || !TrustAuthorities(cf, trusted_certificate, ssl)) return false;
  if (!LoadClientCertificate(cf, target, ssl)) return false;
  // Without it nginx is never told of a session that could be used again.
  if (ngx_ssl_client_session_cache(cf, ssl, 1) != NGX_OK) return false;
  const bool address = IsAddress(target.base_url.host);
  if (address && !VerifyAddress(target.base_url.host, ssl)) return false;
  conf->ssl = ssl;
  conf->ssl_session_reuse = 1;
  conf->ssl_server_name = 1;
  conf->ssl_verify = address ? 0 : 1;
  return true;
}

}  // namespace kt::nginx
