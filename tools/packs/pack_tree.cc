// pack_tree PACK.yaml OUT
//
// Writes a rule pack's YAML as the JSON that the binary holds (core/policies/pack_tree.h). Part of
// the build: a pack that is no valid YAML ends it.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "core/config/yaml_tree.h"

namespace {

using kt::config::YamlNode;

void AppendString(std::string_view text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      *out += escape;
      continue;
    }
    if (c == '"' || c == '\\') *out += '\\';
    *out += c;
  }
  *out += '"';
}

void AppendNode(const YamlNode& node, int key_line, std::string* out) {
  *out += '[' + std::to_string(node.line) + ',';
  const char* comma = "";
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      *out += "null";
      break;
    case YamlNode::Kind::kScalar:
      AppendString(node.scalar, out);
      break;
    case YamlNode::Kind::kList:
      *out += '[';
      for (const YamlNode& item : node.items) {
        *out += comma;
        AppendNode(item, 0, out);
        comma = ",";
      }
      *out += ']';
      break;
    case YamlNode::Kind::kMap:
      *out += '{';
      for (const auto& [key, value] : node.members) {
        *out += comma;
        AppendString(key.scalar, out);
        *out += ':';
        AppendNode(value, key.line, out);
        comma = ",";
      }
      *out += '}';
      break;
  }
  if (key_line > 0) *out += ',' + std::to_string(key_line);
  *out += ']';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: pack_tree PACK.yaml OUT\n", 2;
  std::ifstream in(argv[1], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  YamlNode root;
  std::vector<kt::config::YamlError> errors;
  if (!in || !kt::config::ParseYaml(text, argv[1], &root, &errors)) {
    for (const auto& error : errors) {
      std::cerr << argv[1] << ':' << error.line << ':' << error.column << ": " << error.reason
                << '\n';
    }
    return std::cerr << argv[1] << ": cannot be read\n", 1;
  }
  std::string json;
  AppendNode(root, 0, &json);
  std::ofstream out(argv[2], std::ios::binary);
  out << json << std::flush;
  return out ? 0 : 1;
}
