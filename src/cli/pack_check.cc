#include "cli/pack_check.h"

#include "core/json/edits.h"
#include "core/policies/check_values.h"
#include "core/policies/registry.h"

namespace kt::cli {
namespace {

// What the chain's compiler says: of a value, or else of the rule packs, which are those of `rules`
// where that is given.
config::Diagnostic FromChain(const config::PolicyConfig& config,
                             const std::vector<std::string>& files, const std::string& rules,
                             std::string_view message) {
  config::Diagnostic diagnostic = policies::LocatedInPacks(config, rules, message);
  if (diagnostic.file.empty()) diagnostic.file = files.front();
  return diagnostic;
}

}  // namespace

PackCheck CheckPack(const std::vector<std::string>& files, const std::string& rules) {
  PackCheck check;
  config::LoadResult loaded = config::LoadFiles(files);
  check.errors = std::move(loaded.errors);
  check.warnings = std::move(loaded.warnings);
  check.config = std::move(loaded.config);
  check.tests = std::move(loaded.tests);

  policies::BuildOptions options;
  if (!rules.empty()) options.packs = policies::PacksInDirectory(rules);
  if (check.config == nullptr) {
    if (loaded.draft != nullptr) {
      policies::AddValueErrors(*loaded.draft, options, files, &check.errors);
    }
    return check;
  }
  // Secrets are the running gateway's business: a stand-in keeps their absence out of the verdict.
  options.pii_hash_key = "no secret is read here";
  std::vector<std::string> warnings;
  auto chain = policies::BuildChain(*check.config, options, &warnings);
  for (const std::string& warning : warnings) {
    check.warnings.push_back(FromChain(*check.config, files, rules, warning));
  }
  config::SortByPosition(files, &check.warnings);
  if (chain.ok()) {
    check.chain = std::move(chain).value();
    return check;
  }
  policies::AddValueErrors(*check.config, options, files, &check.errors);
  if (check.errors.empty()) {
    check.errors.push_back(FromChain(*check.config, files, rules, chain.status().message()));
  }
  return check;
}

config::Diagnostic NoTarget(const std::vector<std::string>& files) {
  config::Diagnostic diagnostic;
  diagnostic.file = files.front();
  diagnostic.path = "providers.targets";
  diagnostic.reason =
      "names no target: `keeptrusts_pass` and `kt gateway run` need one, `keeptrusts on` does not";
  return diagnostic;
}

std::string DiagnosticLines(const PackCheck& check) {
  std::string out;
  for (const auto& error : check.errors) out += "error: " + error.ToString() + "\n";
  for (const auto& warning : check.warnings) out += "warning: " + warning.ToString() + "\n";
  return out;
}

std::string DiagnosticsJson(const std::vector<config::Diagnostic>& diagnostics) {
  using json::Quote;
  std::string out = "[";
  for (const config::Diagnostic& d : diagnostics) {
    if (out.size() > 1) out += ",";
    out += "{\"file\":" + Quote(d.file) + ",\"line\":" + std::to_string(d.line) +
           ",\"column\":" + std::to_string(d.column) + ",\"path\":" + Quote(d.path) +
           ",\"reason\":" + Quote(d.reason) + ",\"suggestion\":" + Quote(d.suggestion) +
           ",\"message\":" + Quote(d.ToString()) + "}";
  }
  return out + "]";
}

std::string PackTitle(const config::Pack& pack) {
  return pack.name + "@" + pack.version;
}

}  // namespace kt::cli
