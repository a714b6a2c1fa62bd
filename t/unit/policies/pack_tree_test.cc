#include "core/policies/pack_tree.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/policies/registry.h"
#include "core/policies/rule_pack.h"

namespace kt::policies {
namespace {

using config::YamlNode;

// What packs are read for: kinds, texts and lines, in order.
std::string Shape(const YamlNode& node) {
  std::string out = node.file + ":" + std::to_string(node.line) + " ";
  out += std::to_string(static_cast<int>(node.kind)) + "'" + node.scalar + "'";
  for (const YamlNode& item : node.items) out += "\n- " + Shape(item);
  for (const auto& [key, value] : node.members) out += "\n" + Shape(key) + " = " + Shape(value);
  return out;
}

TEST(PackTree, IsWhatTheYamlOfEachShippedPackSays) {
  size_t packs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(KT_SOURCE_DIR "/policies")) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string name = entry.path().filename();
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    YamlNode yaml;
    std::vector<config::YamlError> errors;
    ASSERT_TRUE(config::ParseYaml(text, name, &yaml, &errors)) << name;
    const Result<YamlNode> embedded = ReadPack(ReadEmbeddedPack, name);
    ASSERT_TRUE(embedded.ok()) << embedded.status().message();
    EXPECT_EQ(Shape(embedded.value()), Shape(yaml));
    EXPECT_EQ(ReadEmbeddedPack(name)->front(), '[') << "not read as YAML at each start";
    ++packs;
  }
  EXPECT_GE(packs, 8u);
}

TEST(PackTree, SaysWhatEachNodeIs) {
  const Result<YamlNode> tree =
      ReadPackTree(R"([1,{"a":[1,"x\n\"y"],"b":[3,[[3,null],[4,"z"]],2]}])", "f");
  ASSERT_FALSE(tree.ok()) << "the line of key a is missing";
  const Result<YamlNode> whole =
      ReadPackTree(R"([1,{"a":[1,"x\n\"y",1],"b":[3,[[3,null],[4,"z"]],2]}])", "f");
  ASSERT_TRUE(whole.ok());
  ASSERT_EQ(whole.value().members.size(), 2u);
  EXPECT_EQ(whole.value().Find("a")->scalar, "x\n\"y");
  EXPECT_EQ(whole.value().members[1].key.line, 2);
  EXPECT_EQ(whole.value().Find("b")->items[0].kind, YamlNode::Kind::kNull);
  EXPECT_EQ(whole.value().Find("b")->items[1].line, 4);
}

TEST(PackTree, RefusesWhatIsNone) {
  for (const char* json : {"", "[", "[]", "[1]", "{}", "\"a\"", "[1,2]", "[1,true]", "[1,[2]]",
                           R"([1,{"a":"b"}])", R"([1,{"a":[1]}])", R"([1,[[1,"a"],"b"]])"}) {
    EXPECT_FALSE(ReadPackTree(json, "f").ok()) << json;
  }
}

}  // namespace
}  // namespace kt::policies
