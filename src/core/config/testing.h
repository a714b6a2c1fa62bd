// The test cases of a pack: `testing.suites` of policy-config.yaml and the files of its tests
// directory. No part of the running configuration: the loader checks them, and only
// `kt policy test` runs them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/yaml_tree.h"

namespace kt::config {

struct Diagnostic;

struct TestCase {
  std::string suite, name;
  // Of `input`. At least one of the first two is there; `request` is a map, or a text that is sent
  // as it is; with `messages` it has none of its own.
  std::optional<YamlNode> messages, request;
  std::optional<YamlNode> upstream_response;                 // a map, a list or a text
  std::string path;                                          // empty: the request's shape decides
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  // Of `expected`.
  std::string verdict;                     // as the audit record names it
  std::optional<std::string> reason_code;  // nullopt: any
};

// One file of the tests directory: a case, a list of cases, or a suite {name, cases}. `suite` names
// cases that bring no suite. Appends to *cases, and what is wrong to *errors.
void ReadTestFile(const YamlNode& root, const std::string& suite, std::vector<TestCase>* cases,
                  std::vector<Diagnostic>* errors);

// A finding of the loader in `testing`. As a warning it tells of a documented key that has no
// effect: no harm to a gateway, but a test that checks less than it says.
bool IsOfTesting(const Diagnostic& diagnostic);

}  // namespace kt::config
