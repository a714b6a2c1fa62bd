#include "cli/pack_check.h"

#include "core/policies/registry.h"

namespace kt::cli {
namespace {

// What the chain's compiler says concerns the configuration as a whole; it names path or pack.
config::Diagnostic FromChain(const std::vector<std::string>& files, std::string reason) {
  config::Diagnostic diagnostic;
  diagnostic.file = files.front();
  diagnostic.reason = std::move(reason);
  return diagnostic;
}

}  // namespace

PackCheck CheckPack(const std::vector<std::string>& files, const std::string& rules) {
  PackCheck check;
  config::LoadResult loaded = config::LoadFiles(files);
  check.errors = std::move(loaded.errors);
  check.warnings = std::move(loaded.warnings);
  check.config = std::move(loaded.config);
  if (check.config == nullptr) return check;

  policies::BuildOptions options;
  if (!rules.empty()) options.packs = policies::PacksInDirectory(rules);
  // Secrets are the running gateway's business: a stand-in keeps their absence out of the verdict.
  options.pii_hash_key = "no secret is read here";
  std::vector<std::string> warnings;
  auto chain = policies::BuildChain(*check.config, options, &warnings);
  for (std::string& warning : warnings) {
    check.warnings.push_back(FromChain(files, std::move(warning)));
  }
  if (chain.ok()) {
    check.chain = std::move(chain).value();
  } else {
    check.errors.push_back(FromChain(files, chain.status().message()));
  }
  return check;
}

std::string DiagnosticLines(const PackCheck& check) {
  std::string out;
  for (const auto& error : check.errors) out += "error: " + error.ToString() + "\n";
  for (const auto& warning : check.warnings) out += "warning: " + warning.ToString() + "\n";
  return out;
}

std::string PackTitle(const config::Pack& pack) {
  return pack.name + "@" + pack.version;
}

}  // namespace kt::cli
