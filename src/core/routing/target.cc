#include "core/routing/target.h"

#include <openssl/sha.h>

#include "core/base/text.h"

namespace kt::routing {
namespace {

std::string Digest(std::string_view bytes) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash);
  return HexEncode({reinterpret_cast<const char*>(hash), sizeof hash});
}

// The SNI is the host. The certificate pair goes in as a digest, so that no path can imitate the
// fields before it.
std::string Identity(const config::Target& target, const std::string& key) {
  if (target.echo) return "echo";
  std::string identity = target.base_url.tls ? "https://" : "http://";
  identity += ToLower(target.base_url.host);
  identity += ":" + std::to_string(target.base_url.port);
  identity += " key=" + (key.empty() ? std::string("none") : Digest(key));
  identity += " certificate=";
  if (target.client_certificate.empty()) {
    identity += "none";
  } else {
    std::string pair = target.client_certificate;
    pair.push_back('\0');
    pair += target.client_certificate_key;
    identity += Digest(pair);
  }
  return identity;
}

}  // namespace

std::vector<Target> MakeTargets(const config::PolicyConfig& config, const SecretSource& source,
                                std::vector<std::string>* warnings) {
  std::vector<Target> targets;
  targets.reserve(config.providers.targets.size());
  for (const config::Target& from : config.providers.targets) {
    Target target;
    target.config = &from;
    if (!from.echo && !from.secret_key_ref.empty()) {
      auto key = ResolveSecret(from.secret_key_ref, source);
      if (key.ok()) {
        target.key = std::move(key).value();
      } else {
        target.available = false;
        target.unavailable_reason = key.status().message();
        if (warnings != nullptr) {
          warnings->push_back("target \"" + from.id +
                              "\" is not available: " + target.unavailable_reason);
        }
      }
    }
    target.identity = Identity(from, target.key);
    PrepareHeads(&target);
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace kt::routing
