// YAML text -> a plain tree with marks. yaml_tree.cc is the only includer of yaml-cpp; policy
// configurations and rule packs both come through here.
//
// Bounded: 1 MiB, depth 32, 50,000 nodes; aliases and anchors, duplicate keys, tags, several
// documents and non-scalar keys are errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kt::config {

struct YamlMember;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;  // scalar: written in quotes, hence a string
  std::string scalar;
  std::vector<YamlNode> items;      // list
  std::vector<YamlMember> members;  // map, in order
  int line = 0, column = 0;         // 1-based
  std::string file;
  const YamlNode* Find(std::string_view key) const;
};

struct YamlMember {
  YamlNode key;  // a scalar
  YamlNode value;
};

struct YamlError {
  int line = 0, column = 0;
  std::string reason;
  std::string path = {};  // "pack.name": of what is refused; empty: not known
};

// False: *errors says why (at least one). *root is then what could be read: complete but for the
// refused parts when the text is well-formed YAML (duplicate keys, aliases, tags), else null, so
// that a caller can go on and report everything at once. Never throws. An empty text is a null
// root.
bool ParseYaml(std::string_view text, const std::string& file, YamlNode* root,
               std::vector<YamlError>* errors);

}  // namespace kt::config
