// policy-config.yaml -> PolicyConfig, or all that is wrong with it, at once.
//
// Pure apart from LoadFiles, which reads the named files; resolves no secret, opens no socket.
// `kt policy lint`, `nginx -t` and tests all come here, so they agree.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/policy_config.h"
#include "core/config/testing.h"

namespace kt::config {

struct Diagnostic {
  std::string file;
  int line = 0, column = 0;  // 1-based; 0: the file as a whole, the line as a whole
  std::string path;          // "providers.targets[1].weigth"; empty: the file
  std::string reason;        // "unknown key"
  std::string suggestion;    // "weight"; a full sentence where a word is not enough; may be empty
  // "policy-config.yaml:14:7: providers.targets[1].weigth: unknown key; did you mean \"weight\"?"
  std::string ToString() const;
};

struct SourceFile {
  std::string name, text;
};

struct LoadResult {
  std::shared_ptr<const PolicyConfig> config;  // null when there are errors
  // What could be read in spite of errors, for checks that find more of them; null when nothing.
  std::shared_ptr<const PolicyConfig> draft;
  std::vector<TestCase> tests;               // of `testing.suites`
  std::vector<Diagnostic> errors, warnings;  // in order of position
  bool ok() const { return config != nullptr; }
};

// Several files: maps merge, lists and scalars replace, later over earlier.
LoadResult Load(const std::vector<SourceFile>& files);
LoadResult LoadFiles(const std::vector<std::string>& names);

// What a later stage says of a value ("policy.pii-detector.entities[2]: unknown type"), with the
// place where that value was written. A message that begins with no path of `config.places` stays
// without one.
Diagnostic Located(const PolicyConfig& config, std::string_view message);

// In order of position, files in the order of `files`.
void SortByPosition(const std::vector<std::string>& files, std::vector<Diagnostic>* diagnostics);

// The running configuration as YAML text with every secret left out (references are named, values
// are never known here): for the status page.
std::string MaskedYaml(const PolicyConfig& config);

}  // namespace kt::config
