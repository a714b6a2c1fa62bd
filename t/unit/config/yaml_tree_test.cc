#include "core/config/yaml_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kt::config {
namespace {

struct Parsed {
  bool ok;
  YamlNode root;
  std::vector<YamlError> errors;
};

Parsed Parse(const std::string& text) {
  Parsed parsed;
  parsed.ok = ParseYaml(text, "f.yaml", &parsed.root, &parsed.errors);
  return parsed;
}

// "line:column reason" of the only error.
std::string OnlyError(const std::string& text) {
  const Parsed parsed = Parse(text);
  if (parsed.ok || parsed.errors.size() != 1) {
    return std::to_string(parsed.errors.size()) + " errors";
  }
  const YamlError& e = parsed.errors[0];
  return std::to_string(e.line) + ":" + std::to_string(e.column) + " " + e.reason;
}

std::string Place(const YamlNode& node) {
  return std::to_string(node.line) + ":" + std::to_string(node.column);
}

TEST(YamlTree, KeepsKindsMarksAndFile) {
  const Parsed p = Parse("a: 1\nb:\n  - x\n  - 'y'\n");
  ASSERT_TRUE(p.ok);
  ASSERT_EQ(p.root.kind, YamlNode::Kind::kMap);
  EXPECT_EQ(Place(*p.root.Find("a")), "1:4");
  const YamlNode& list = *p.root.Find("b");
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(Place(list.items[1]), "4:5");
  EXPECT_EQ(list.items[1].file, "f.yaml");
  EXPECT_FALSE(list.items[0].quoted);
  EXPECT_TRUE(list.items[1].quoted);
}

TEST(YamlTree, TakesBlockScalarsForQuoted) {
  const Parsed p = Parse("a: |\n  true\n");
  ASSERT_TRUE(p.ok);
  EXPECT_TRUE(p.root.Find("a")->quoted);
  EXPECT_EQ(p.root.Find("a")->scalar, "true\n");
}

TEST(YamlTree, MarksAMissingValueAtItsKey) {
  const Parsed p = Parse("a:\nb: ~\n");
  ASSERT_TRUE(p.ok);
  EXPECT_EQ(p.root.Find("a")->kind, YamlNode::Kind::kNull);
  EXPECT_EQ(Place(*p.root.Find("a")), "1:1");
}

TEST(YamlTree, MarksAMissingListEntryAtItsDash) {
  const Parsed p = Parse("a:\n  - x\n  -\n\nb: 1\n");
  ASSERT_TRUE(p.ok);
  EXPECT_EQ(Place(p.root.Find("a")->items[1]), "3:3");
}

TEST(YamlTree, FindsNothingForAnUnknownKey) {
  EXPECT_EQ(Parse("a: 1\n").root.Find("b"), nullptr);
}

TEST(YamlTree, ReadsAnEmptyTextAsNull) {
  for (const std::string text : {"", "\n\n", "# only a comment\n", "---\n"}) {
    const Parsed p = Parse(text);
    EXPECT_TRUE(p.ok) << text;
    EXPECT_EQ(p.root.kind, YamlNode::Kind::kNull) << text;
  }
}

TEST(YamlTree, RefusesDuplicateKeysAtTheSecond) {
  EXPECT_EQ(OnlyError("a: 1\nb:\n  c: 1\n  c: 2\n"),
            "4:3 a duplicate key; it is already given above");
}

TEST(YamlTree, SeesDuplicatesThroughQuotesAndEscapes) {
  EXPECT_EQ(OnlyError("a: 1\n\"\\x61\": 2\n"), "2:1 a duplicate key; it is already given above");
}

TEST(YamlTree, KeepsTheFirstOfDuplicateKeysAndGoesOn) {
  const Parsed p = Parse("a: 1\na: 2\nb: 3\nb: 4\n");
  EXPECT_EQ(p.errors.size(), 2u);
  EXPECT_EQ(p.root.Find("a")->scalar, "1");
  EXPECT_EQ(p.root.Find("b")->scalar, "3");
}

TEST(YamlTree, RefusesAliasesAndAnchors) {
  const Parsed p = Parse("a: &x 1\nb: *x\n");
  ASSERT_EQ(p.errors.size(), 2u);
  EXPECT_EQ(p.errors[0].line, 1);
  EXPECT_EQ(p.errors[1].line, 2);
  EXPECT_EQ(p.errors[1].column, 4);
}

TEST(YamlTree, RefusesAnAnchorThatNothingRefersTo) {
  EXPECT_EQ(OnlyError("a: &x 1\n"),
            "1:4 anchors and aliases are not accepted; write the value out");
}

TEST(YamlTree, RefusesTags) {
  EXPECT_EQ(OnlyError("a: !!str 1\n"), "1:4 tags are not accepted");
  EXPECT_EQ(OnlyError("a: !x [1]\n"), "1:4 tags are not accepted");
}

TEST(YamlTree, RefusesMergeKeys) {
  EXPECT_EQ(OnlyError("<<: {a: 1}\n"), "1:1 merge keys are not accepted");
}

TEST(YamlTree, RefusesKeysThatAreNoTexts) {
  EXPECT_EQ(OnlyError("? [a]\n: b\n"), "1:3 a key must be a text, not a list or a map");
  EXPECT_EQ(OnlyError("~: 1\n"), "1:1 a key must be a text");
}

TEST(YamlTree, RefusesASecondDocument) {
  EXPECT_EQ(OnlyError("a: 1\n---\nb: 2\n"), "2:1 a second document; one file holds one");
}

TEST(YamlTree, AcceptsDepth32AndRefuses33) {
  const auto nested = [](int n) { return std::string(n, '[') + std::string(n, ']') + "\n"; };
  EXPECT_TRUE(Parse(nested(32)).ok);
  EXPECT_EQ(OnlyError(nested(33)), "1:33 nested deeper than 32 levels");
}

TEST(YamlTree, RefusesMoreThan50000Values) {
  std::string text;
  for (int i = 0; i < 50'001; ++i) text += "- a\n";
  EXPECT_EQ(OnlyError(text), "50000:3 more than 50,000 values");
}

TEST(YamlTree, AcceptsOneMebibyteAndRefusesOneByteMore) {
  std::string text = "a: 1\n#";
  text.resize(1u << 20, 'x');
  EXPECT_TRUE(Parse(text).ok);
  EXPECT_EQ(OnlyError(text + "x"), "0:0 the file is larger than 1 MiB");
}

TEST(YamlTree, RefusesInvalidUtf8AtItsPlace) {
  EXPECT_EQ(OnlyError("a: 1\nb: \xff\n"), "2:4 is not valid UTF-8");
  EXPECT_EQ(OnlyError("a: \xed\xa0\x80\n"), "1:4 is not valid UTF-8");
}

TEST(YamlTree, RefusesAByteOrderMark) {
  EXPECT_EQ(OnlyError("\xEF\xBB\xBF"
                      "a: 1\n"),
            "1:1 begins with a byte order mark; save it as UTF-8 without one");
}

TEST(YamlTree, RefusesUtf16) {
  EXPECT_FALSE(Parse(std::string("\xFF\xFE"
                                 "a\0:\0",
                                 6))
                   .ok);
  EXPECT_FALSE(Parse(std::string("\0a\0:", 4)).ok);
}

TEST(YamlTree, SaysHowAnExpressionIsQuoted) {
  EXPECT_EQ(
      OnlyError("a: \"\\d{3}\"\n"),
      "1:7 not valid YAML: unknown escape character: d; in 'single quotes' a backslash stands "
      "for itself");
}

TEST(YamlTree, RefusesControlCharactersAtTheirPlace) {
  EXPECT_EQ(OnlyError(std::string("a: 1\nb: x\0y\n", 12)), "2:5 a control character");
  EXPECT_EQ(OnlyError("a: 1\rb: 2\n"), "1:5 a carriage return without a line feed");
}

TEST(YamlTree, AcceptsWindowsLineEnds) {
  const Parsed p = Parse("a: 1\r\nb: 2\r\n");
  ASSERT_TRUE(p.ok);
  EXPECT_EQ(p.root.Find("a")->scalar, "1");
  EXPECT_EQ(Place(*p.root.Find("b")), "2:4");
}

TEST(YamlTree, NamesTheTabThatIndents) {
  EXPECT_EQ(OnlyError("a:\n\tb: 1\n"), "2:1 a tab in the indentation; use spaces");
}

TEST(YamlTree, RefusesAnUnclosedQuote) {
  EXPECT_EQ(OnlyError("a: 'x\n"), "1:4 a quoted text that is not closed");
  EXPECT_EQ(OnlyError("a: \"x\\\"\n"), "1:4 a quoted text that is not closed");
  EXPECT_EQ(OnlyError("a: 'it''s\n"), "1:4 a quoted text that is not closed");
}

TEST(YamlTree, AcceptsQuotesInQuotes) {
  const Parsed p = Parse("a: 'it''s'\nb: \"x\\\"\"\nc: ''\n");
  ASSERT_TRUE(p.ok);
  EXPECT_EQ(p.root.Find("a")->scalar, "it's");
  EXPECT_EQ(p.root.Find("b")->scalar, "x\"");
  EXPECT_EQ(p.root.Find("c")->scalar, "");
}

TEST(YamlTree, PlacesSyntaxErrors) {
  EXPECT_EQ(OnlyError("a: 1\n  b: 2\n"),
            "2:4 not valid YAML: wrong indentation, or a text with \": \" that needs quotes");
  EXPECT_EQ(OnlyError("a: @x\n"), "1:4 not valid YAML: unknown token");
}

TEST(YamlTree, PlacesAnUnclosedBracketWhereItOpens) {
  EXPECT_EQ(OnlyError("a:\n  b: [1, 2\nc: 3\n"), "2:6 not valid YAML: \"[\" that is not closed");
  EXPECT_EQ(OnlyError("a:\n  b: {c: 1\n"), "2:6 not valid YAML: \"{\" that is not closed");
}

TEST(YamlTree, GivesNoTreeOfATextThatIsNotYaml) {
  EXPECT_EQ(Parse("a: 1\n  b: 2\n").root.kind, YamlNode::Kind::kNull);
}

TEST(YamlTree, StopsAt100Errors) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a: 1\n";
  EXPECT_EQ(Parse(text).errors.size(), 100u);
}

}  // namespace
}  // namespace kt::config
