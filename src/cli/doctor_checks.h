// The checks of `kt doctor`. Each tells what was found, what it means and what to do; none prints,
// and none holds the value of a secret.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/policy_config.h"

namespace kt::cli {

struct Finding {
  enum class State { kGood, kWrong, kNotChecked };
  State state;
  std::string what, found;
  std::string advice;  // what it means and what to do; empty where all is good
};

// nginx with its version, the module, and whether the one loads the other.
std::vector<Finding> CheckNginx(const std::string& nginx, const std::string& module);

// The configuration as `kt policy lint` checks it. *config: null when it does not load.
std::vector<Finding> CheckConfiguration(const std::vector<std::string>& files,
                                        const std::string& rules,
                                        std::shared_ptr<const config::PolicyConfig>* config);

// That the keys which the configuration refers to are there.
std::vector<Finding> CheckKeys(const config::PolicyConfig& config, const std::string& secret_store);

// That each target's host resolves and its port takes a connection.
std::vector<Finding> CheckReach(const config::PolicyConfig& config);

Finding CheckAuditDirectory(const std::string& directory);

}  // namespace kt::cli
