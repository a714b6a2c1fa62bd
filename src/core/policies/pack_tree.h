// Rule packs as the binary holds them: the tree of the YAML text as JSON, which is read by a
// twentieth of the instructions. tools/packs writes it when the project is built.
//
// A node is [line, value], the value null, a string, a list of nodes or an object of nodes; those
// of an object have the line of their key behind it.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/config/yaml_tree.h"

namespace kt::policies {

// What ParseYaml gave, but for columns and quotes, of which packs make nothing.
Result<config::YamlNode> ReadPackTree(std::string_view json, const std::string& file);

}  // namespace kt::policies
