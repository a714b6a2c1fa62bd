// Between JSON text and the tree that configurations are read from, so that JSON files get the same
// typed reading and the same errors. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/loader.h"
#include "core/config/yaml_tree.h"

namespace kt::cli {

// False: *errors says why. Strings become quoted scalars, all else plain ones, with their places.
bool ParseJsonTree(const std::string& text, const std::string& file, config::YamlNode* root,
                   std::vector<config::Diagnostic>* errors);

// Appends `node` as JSON: a plain scalar is a number, true or false where it is written so, else a
// string.
void AppendJson(const config::YamlNode& node, std::string* out);
inline std::string ToJson(const config::YamlNode& node) {
  std::string out;
  AppendJson(node, &out);
  return out;
}

}  // namespace kt::cli
