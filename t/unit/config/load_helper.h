// A valid document, and what Load says of it and of its variations.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/config/loader.h"

namespace kt::config {

inline constexpr char kPack[] = "pack: {name: p, version: 1.0.0, enabled: true}\n";
inline constexpr char kChain[] = "policies: {chain: [audit-logger]}\npolicy: {audit-logger: {}}\n";

inline LoadResult LoadText(const std::string& text) {
  return Load({{"f.yaml", text}});
}

inline std::vector<std::string> Lines(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& d : diagnostics) lines.push_back(d.ToString());
  return lines;
}
inline std::vector<std::string> Errors(const std::string& text) {
  return Lines(LoadText(text).errors);
}
inline std::vector<std::string> Warnings(const std::string& text) {
  return Lines(LoadText(text).warnings);
}

// Documents of which one part is of interest; the part begins on the line after kPack (and kChain).
inline std::string WithPolicies(const std::string& text) {
  return kPack + text;
}
inline std::string WithProviders(const std::string& text) {
  return std::string(kPack) + kChain + text;
}
// One policy in the chain and its block, in lines 4 and following, indented by four blanks.
inline std::string WithPolicy(const std::string& kind, const std::string& block) {
  return std::string(kPack) + "policies: {chain: [" + kind + ", audit-logger]}\npolicy:\n  " +
         kind + ":\n" + block + "  audit-logger: {}\n";
}
// One target; `keys` are lines indented by six blanks, the first of them is line 7.
inline std::string WithTarget(const std::string& keys) {
  return WithProviders("providers:\n  targets:\n    - id: t\n" + keys);
}

// The one target of a document that loads.
inline Target TargetOf(const std::string& keys) {
  const LoadResult result = LoadText(WithTarget(keys));
  for (const Diagnostic& d : result.errors) ADD_FAILURE() << d.ToString();
  return result.ok() ? result.config->providers.targets[0] : Target();
}

using Messages = std::vector<std::string>;

}  // namespace kt::config
