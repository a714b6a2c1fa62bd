// From a configuration to a chain: which class judges for each policy kind.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/config/policy_config.h"
#include "core/policy/chain.h"

namespace kt::policies {

// Reads a file of the rule packs by name ("prompt-injection.yaml"): nullopt when there is none.
using PackReader = std::function<std::optional<std::string>(std::string_view name)>;
// The packs embedded at build time from the project's policies/ folder: trees (pack_tree.h), and
// other files as they are.
std::optional<std::string> ReadEmbeddedPack(std::string_view name);
// A directory that replaces them (keeptrusts_rules): a file missing there is an error at build.
PackReader PacksInDirectory(std::string directory);

// The files of the binary, whose patterns the tests have compiled. Those of any other reader are
// compiled when the chain is built, so that a mistake is found by `nginx -t` and not by a request.
bool AreShipped(const PackReader& packs) noexcept;

// What was derived of the embedded packs' expressions when the project was built.
const detect::KnownFacts* EmbeddedFacts();

struct BuildOptions {
  PackReader packs = ReadEmbeddedPack;
  std::string pii_hash_key;  // value of redaction.hash_key_ref, resolved by the caller
  const detect::KnownFacts* facts = EmbeddedFacts();  // null: what is needed is derived
};

// Compiles the chain of `config` (audit-logger has no policy object and is left out). Errors name
// the pack file and rule, or the configuration path of a user's pattern
// ("policy.pii-detector.detect_patterns[2]: missing closing )"). *warnings gets what lint shows,
// for example that a pattern switches answers to `buffered`.
Result<std::unique_ptr<const policy::Chain>> BuildChain(const config::PolicyConfig& config,
                                                        const BuildOptions& options,
                                                        std::vector<std::string>* warnings);

}  // namespace kt::policies
