// The answer to GET models: every name by which a request may choose.
#pragma once

#include <string>
#include <vector>

#include "core/config/policy_config.h"
#include "core/routing/target.h"

namespace kt::session {

// {"object":"list","data":[…]}: ids of available targets, their models, groups and aliases, each
// name once, in configuration order.
std::string ModelsList(const config::Providers& providers,
                       const std::vector<routing::Target>& targets);

}  // namespace kt::session
