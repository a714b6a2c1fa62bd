// The texts that benchmarks judge: ordinary ones, and near misses of every rule.
#pragma once

#include <string>
#include <string_view>

#include "core/config/policy_config.h"
#include "core/detect/matcher.h"
#include "core/policies/registry.h"

namespace kt::bench {

// The default chain on its shipped rules.
inline std::unique_ptr<const policy::Chain> DefaultChain() {
  config::PolicyConfig config;
  for (const char* kind : {"prompt-injection", "pii-detector", "safety-filter"}) {
    config.chain.emplace_back().kind = kind;
  }
  std::vector<std::string> warnings;
  auto chain = policies::BuildChain(config, {}, &warnings);
  return chain.ok() ? std::move(chain).value() : nullptr;
}

// English prose and some code, about `bytes` long; no rule matches it.
std::string Clean(size_t bytes);
// What coding agents send: sources (this project's own), lines of a log as JSON, a table as CSV.
// The same texts every time.
std::string Sources(size_t bytes);
std::string LogLines(size_t bytes);
std::string Table(size_t bytes);
// Ids that never repeat: a shape again and again, in which each 0 is any digit, f any of
// hexadecimal, Z any letter or digit.
std::string Shaped(std::string_view shape, size_t bytes);
// Matches of all rules of the matcher in turn, each cut short, between words.
std::string Hostile(const detect::Matcher& matcher, size_t bytes);

}  // namespace kt::bench
