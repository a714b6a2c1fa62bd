// All that is wrong with the values of a configuration that only its policies can judge: patterns
// that do not compile, entity types that no pack knows. BuildChain stops at the first of them.
#pragma once

#include <string>
#include <vector>

#include "core/config/loader.h"
#include "core/policies/registry.h"

namespace kt::policies {

// Adds what is found in the policies of the chain to *errors and puts them in order of position
// (`files`: the configuration's, in order). `config` may be LoadResult::draft. Nothing is added
// where the packs themselves cannot be read: that is BuildChain's to say.
void AddValueErrors(const config::PolicyConfig& config, const BuildOptions& options,
                    const std::vector<std::string>& files, std::vector<config::Diagnostic>* errors);

// Where a message of the chain's compiler belongs: a value of the configuration, or else the rule
// packs, those in the directory `rules` or, where that is empty, the built-in ones (no file then).
config::Diagnostic LocatedInPacks(const config::PolicyConfig& config, const std::string& rules,
                                  std::string_view message);

}  // namespace kt::policies
