// Collects what is wrong with a configuration. Bounded: a hostile file gets 100 errors, not 50,000.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/loader.h"
#include "core/config/yaml_tree.h"

namespace kt::config {

// A piece of untrusted text for a message: control characters escaped, cut to 64 bytes.
std::string Printable(std::string_view untrusted_text);

// The candidate that `word` probably means: another case, `-` for `_`, a typing error or two,
// or the only one that begins with it. Empty when none is near.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates);

class Diagnostics {
 public:
  // `at` gives file, line and column. `suggestion` is a word, or a sentence when a word is not
  // enough.
  void Error(const YamlNode& at, std::string path, std::string reason, std::string suggestion = {});
  void Warn(const YamlNode& at, std::string path, std::string reason, std::string suggestion = {});
  void Add(Diagnostic error);
  // What the YAML itself is refused for. Comes before what is said of the values in it.
  void AddOfParser(Diagnostic error);

  // No further error is kept: what costs time to word can be left out.
  bool full() const noexcept;
  bool has_errors() const noexcept { return !errors_.empty(); }

  // Both lists by position, files in the order of `files`.
  void Take(const std::vector<SourceFile>& files, std::vector<Diagnostic>* errors,
            std::vector<Diagnostic>* warnings) &&;

 private:
  std::vector<Diagnostic> errors_, warnings_;
  size_t of_parser_ = 0;  // the first so many errors
};

}  // namespace kt::config
