// The view against jansson, a parser with another history: both must accept the same texts and
// read the same strings.
#include <gtest/gtest.h>
#include <jansson.h>

#include <memory>
#include <string>
#include <vector>

#include "core/json/view.h"

namespace kt::json {
namespace {

struct Free {
  void operator()(json_t* json) const { json_decref(json); }
};
using Tree = std::unique_ptr<json_t, Free>;

Tree Load(std::string_view text) {
  return Tree(json_loadb(text.data(), text.size(),
                         JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, nullptr));
}

std::string_view StringOf(const json_t* json) {
  return {json_string_value(json), json_string_length(json)};
}

bool Same(const View& view, NodeIndex i, const json_t* json) {
  const Node& node = view.node(i);
  switch (node.kind) {
    case Kind::kNull:
      return json_is_null(json);
    case Kind::kTrue:
      return json_is_true(json);
    case Kind::kFalse:
      return json_is_false(json);
    case Kind::kNumber:
      return json_is_number(json);
    case Kind::kString:
      return json_is_string(json) && view.String(i) == StringOf(json) &&
             view.Equals(i, StringOf(json));
    default:
      break;
  }
  const bool object = node.kind == Kind::kObject;
  if (object != json_is_object(json)) return false;
  size_t count = 0;
  for (NodeIndex child = i + 1; child < node.after; child = view.node(child).after, ++count) {
    json_t* other = nullptr;
    if (object) {
      Decoded key;
      view.DecodeKey(child, &key);
      other = json_object_get(json, std::string(key.text()).c_str());
    } else {
      other = json_array_get(json, count);
    }
    if (other == nullptr || view.node(child).parent != i || !Same(view, child, other)) return false;
  }
  return count == (object ? json_object_size(json) : json_array_size(json));
}

void Compare(View& view, std::string_view text) {
  const Tree tree = Load(text);
  const bool accepted = view.Parse(text, 0, {}).ok();
  ASSERT_EQ(accepted, tree != nullptr) << testing::PrintToString(std::string(text));
  if (!accepted) return;
  ASSERT_TRUE(Same(view, 0, tree.get())) << text;
}

const std::vector<std::string>& Texts() {
  static const std::vector<std::string> texts = {
      "0",
      "-0",
      "-",
      "01",
      "-01",
      "1.",
      ".5",
      "1.5",
      "1e5",
      "1E+5",
      "1e-05",
      "1e",
      "1e+",
      "+1",
      "0x10",
      "1.2.3",
      "1e5.5",
      "--1",
      "00",
      "0e0",
      "-0.0e-0",
      "1 ",
      " 1",
      "1a",
      "1\"",
      "1\"a\"",
      "NaN",
      "Infinity",
      "-Infinity",
      "nan",
      "true",
      "True",
      "tru",
      "truee",
      "false",
      "null",
      "nulll",
      "n",
      "true false",
      "\"\"",
      "\"",
      "\"a",
      "a\"",
      "'a'",
      "\"a\"b",
      "\"a\"\"b\"",
      "\"a\\\"",
      "\"\\\\\"",
      "\"\\\\\\\"\"",
      "\"\\/\"",
      "\"\\a\"",
      "\"\\x41\"",
      "\"\\'\"",
      "\"\\u12\"",
      "\"\\u123g\"",
      "\"\\U0041\"",
      "\"\\u 041\"",
      "\"\\uD83D\\uDE00\"",
      "\"\\uD83D\"",
      "\"\\uDE00\"",
      "\"\\uD83Dx\"",
      "\"\\uD83D\\n\"",
      "\"\\uD83D\\u\"",
      "\"\\ud83d\\ud83d\\ude00\"",
      "\"\\u0000\"",
      "\"\\u001f\\u0020\"",
      "\"\t\"",
      "\"\x7f\"",
      "\"\x1f\"",
      "[]",
      "[",
      "]",
      "[1",
      "[1,",
      "[1,]",
      "[,1]",
      "[,]",
      "[1 2]",
      "[1,,2]",
      "[1]]",
      "[[1]",
      "[1}",
      "{",
      "}",
      "{}",
      "{]",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1",
      "{\"a\":1,}",
      "{\"a\" 1}",
      "{\"a\"::1}",
      "{a:1}",
      "{1:1}",
      "{null:1}",
      "{\"a\":1 \"b\":2}",
      "{,\"a\":1}",
      "{\"a\":1,,\"b\":2}",
      "{\"a\":{\"a\":{}}}",
      "{\"a\":1,\"a\":1}",
      "{\"\":1}",
      "{\"a\":1}//x",
      "/*x*/1",
      "[1]#",
      "\\\"a\"",
      "[\\]",
      "[\"a\\\\\",\"b\"]",
      "\x0c[]",
      "[\x0b]",
      "[1\x0c]",
      "[\"a\"\x1a\"b\"]",
      "\xc2\xa0"
      "1",
      "[1]\xe2\x80\xa8",
      "\"\xe2\x80\xa8\"",
      "\"\xf4\x8f\xbf\xbf\"",
      "\"\xf4\x90\x80\x80\"",
      "\"\xe0\x80\x80\"",
      "\"\xc3\"",
      "\"\xc3\"\"",
      "1,2",
      ":",
      ",",
      "\"a\":1",
      "[\"a\",\r\n\t 1 , true ,false, null,{ \"k\\u00e9\" : [ { } ] } ] ",
  };
  return texts;
}

TEST(Differential, AgreesOnCornerCases) {
  View view;
  for (const std::string& text : Texts()) Compare(view, text);
}

TEST(Differential, AgreesOnEveryOneByteChange) {
  const std::string base =
      R"({"a\"b" : [-1.5e3,"x\\","\ud83d\ude00\n",{"k":null}], "t":true , "é":[{},[ ]],"z":""})";
  constexpr std::string_view kBytes = "\"\\{}[]:,0-.e+u \n\tatn\x01\x0c\x1a\x7f\x80\xc3\xff/'#";
  View view;
  Compare(view, base);
  for (size_t i = 0; i <= base.size(); ++i) {
    for (const char c : kBytes) {
      std::string text = base;
      if (i < base.size()) {
        text[i] = c;
        Compare(view, text);
        text = base;
      }
      text.insert(i, 1, c);
      Compare(view, text);
      if (HasFatalFailure()) return;
    }
    Compare(view, base.substr(0, i));
    Compare(view, base.substr(i));
    if (i < base.size()) Compare(view, std::string(base).erase(i, 1));
    if (HasFatalFailure()) return;
  }
}

TEST(Differential, AgreesWhereverATokenLiesInTheBlocks) {
  // simdjson works in blocks of 64 bytes: everything must hold at every offset.
  View view;
  for (const std::string& text : Texts()) {
    for (size_t blanks = 56; blanks < 72; ++blanks) {
      Compare(view, std::string(blanks, ' ') + text);
      Compare(view, "[\"" + std::string(blanks, '\\') + "\"," + text + "]");
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace kt::json
