// One configured gateway: pack, chain, targets. Built once at configuration time, immutable,
// shared by all requests of the locations that use it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/config/policy_config.h"
#include "core/policies/registry.h"
#include "core/policy/chain.h"
#include "core/routing/target.h"

namespace kt::session {

struct GatewayOptions {
  policies::PackReader packs = policies::ReadEmbeddedPack;
  routing::SecretSource secrets;
  // False: `keeptrusts on`, where targets are not used: no key is needed, none is warned about.
  bool routed = true;
  // By target: why it cannot be reached at all (a name that does not resolve); empty: it can.
  // Shorter than the list of targets: the rest can.
  std::vector<std::string> unreachable;
  // By target: whether an address of it is known now; outlives the gateway. nullptr: always.
  std::vector<const bool*> reachable;
};

class Gateway {
 public:
  // *warnings gets what is worth a [warn] line: disabled targets, buffered answers.
  static Result<std::unique_ptr<const Gateway>> Build(
      std::shared_ptr<const config::PolicyConfig> config, const GatewayOptions& options,
      std::vector<std::string>* warnings);

  const config::PolicyConfig& config() const noexcept { return *config_; }
  const policy::Chain& chain() const noexcept { return *chain_; }
  const std::vector<routing::Target>& targets() const noexcept { return targets_; }

 private:
  Gateway() = default;
  std::shared_ptr<const config::PolicyConfig> config_;
  std::unique_ptr<const policy::Chain> chain_;
  std::vector<routing::Target> targets_;
};

}  // namespace kt::session
