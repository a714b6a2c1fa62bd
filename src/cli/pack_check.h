// What `kt policy lint`, `kt gateway run` and `nginx -t` agree on: a configuration loads, and its
// chain compiles.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/loader.h"
#include "core/policy/chain.h"

namespace kt::cli {

struct PackCheck {
  std::shared_ptr<const config::PolicyConfig> config;  // null when the files do not load
  std::unique_ptr<const policy::Chain> chain;          // null when there is any error
  std::vector<config::TestCase> tests;                 // of `testing.suites`
  std::vector<config::Diagnostic> errors, warnings;
  bool ok() const { return chain != nullptr; }
};

// Reads the files; resolves no secret. `rules`: a directory that replaces the built-in rule packs;
// empty: those.
PackCheck CheckPack(const std::vector<std::string>& files, const std::string& rules);

// What is said of a configuration without targets: right for `keeptrusts on`, and for nothing else.
config::Diagnostic NoTarget(const std::vector<std::string>& files);

// One line for each error, then for each warning, as `error: file:line:column: path: reason`.
std::string DiagnosticLines(const PackCheck& check);

// A JSON list of {file, line, column, path, reason, suggestion, message}.
std::string DiagnosticsJson(const std::vector<config::Diagnostic>& diagnostics);

// "<name>@<version>"
std::string PackTitle(const config::Pack& pack);

}  // namespace kt::cli
