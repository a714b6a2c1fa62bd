#include "core/session/gateway.h"

#include <utility>

namespace kt::session {
namespace {

Result<std::string> HashKey(const config::PiiDetector& pii, const routing::SecretSource& secrets) {
  if (pii.marker_format != config::MarkerFormat::kHash) return std::string();
  auto key = routing::ResolveSecret(pii.hash_key_ref, secrets);
  if (key.ok()) return key;
  return Status(key.status().code(),
                "policy.pii-detector.redaction.hash_key_ref: " + key.status().message());
}

void DisableUnreachable(const std::vector<std::string>& reasons,
                        std::vector<routing::Target>* targets, std::vector<std::string>* warnings) {
  for (size_t i = 0; i < targets->size() && i < reasons.size(); ++i) {
    routing::Target& target = (*targets)[i];
    if (reasons[i].empty() || !target.available) continue;
    target.available = false;
    target.unavailable_reason = reasons[i];
    if (warnings == nullptr) continue;
    warnings->push_back("target \"" + target.config->id + "\" is not available: " + reasons[i]);
  }
}

}  // namespace

Result<std::unique_ptr<const Gateway>> Gateway::Build(
    std::shared_ptr<const config::PolicyConfig> config, const GatewayOptions& options,
    std::vector<std::string>* warnings) {
  auto hash_key = HashKey(config->pii_detector, options.secrets);
  if (!hash_key.ok()) return hash_key.status();
  policies::BuildOptions build;
  build.packs = options.packs;
  build.pii_hash_key = std::move(hash_key).value();
  auto chain = policies::BuildChain(*config, build, warnings);
  if (!chain.ok()) return chain.status();
  std::unique_ptr<Gateway> gateway(new Gateway());
  gateway->chain_ = std::move(chain).value();
  if (options.routed) {
    gateway->targets_ = routing::MakeTargets(*config, options.secrets, warnings);
    DisableUnreachable(options.unreachable, &gateway->targets_, warnings);
    for (size_t i = 0; i < gateway->targets_.size() && i < options.reachable.size(); ++i) {
      gateway->targets_[i].reachable = options.reachable[i];
    }
  } else {
    // Their indices are those of the configuration; nobody asks for their keys.
    for (const config::Target& target : config->providers.targets) {
      routing::Target unused;
      unused.config = &target;
      unused.available = false;
      unused.unavailable_reason = "not routed here";
      gateway->targets_.push_back(std::move(unused));
    }
  }
  gateway->config_ = std::move(config);
  return std::unique_ptr<const Gateway>(std::move(gateway));
}

}  // namespace kt::session
