#include "core/json/view.h"

#include <gtest/gtest.h>

#include <string>

namespace kt::json {
namespace {

using std::string_literals::operator""s;

Refusal Refused(std::string_view text, const Limits& limits = {}) {
  View view;
  const Status status = view.Parse(text, 0, limits);
  EXPECT_EQ(status.ok(), view.refusal() == Refusal::kNone) << text;
  EXPECT_EQ(view.empty(), !status.ok());
  return view.refusal();
}

TEST(View, GivesSpansInDocumentOrder) {
  const std::string text = R"( {"a" : [1, "x"] , "b":{ } } )";
  View view;
  ASSERT_TRUE(view.Parse(text, 0, {}).ok());
  ASSERT_EQ(view.nodes().size(), 5u);
  const auto span = [&](NodeIndex i) {
    return text.substr(view.node(i).begin, view.node(i).end - view.node(i).begin);
  };
  EXPECT_EQ(span(0), R"({"a" : [1, "x"] , "b":{ } })");
  EXPECT_EQ(span(1), R"([1, "x"])");
  EXPECT_EQ(span(2), "1");
  EXPECT_EQ(span(3), R"("x")");
  EXPECT_EQ(span(4), "{ }");
  EXPECT_EQ(text.substr(view.node(1).key_begin, 3), R"("a")");
  EXPECT_EQ(view.node(1).after, 4u);
  EXPECT_EQ(view.node(3).position, 1u);
  EXPECT_EQ(view.node(3).parent, 1u);
  EXPECT_EQ(view.node(0).parent, kNoNode);
  EXPECT_EQ(view.node(2).key_end, 0u);
}

TEST(View, ReadsTheSameWithAndWithoutPadding) {
  const std::string text = R"({"a":[1,2,"\u00e9"]})";
  const std::string padded = text + std::string(64, '"');
  View plain, with_padding;
  ASSERT_TRUE(plain.Parse(text, 0, {}).ok());
  ASSERT_TRUE(with_padding.Parse(std::string_view(padded).substr(0, text.size()), 64, {}).ok());
  EXPECT_EQ(plain.nodes().size(), with_padding.nodes().size());
  EXPECT_EQ(plain.nodes().back().end, with_padding.nodes().back().end);
}

TEST(View, RefusesByteOrderMark) {
  EXPECT_EQ(Refused("\xEF\xBB\xBF{}"), Refusal::kInvalidUtf8);
}

TEST(View, TellsInvalidUtf8FromOtherErrors) {
  EXPECT_EQ(Refused("\"\xFF\""), Refusal::kInvalidUtf8);
  EXPECT_EQ(Refused("\"\xFF"), Refusal::kInvalidUtf8);
  EXPECT_EQ(Refused("\"\xC0\x80\""), Refusal::kInvalidUtf8);
  EXPECT_EQ(Refused("\"\xED\xA0\x80\""), Refusal::kInvalidUtf8);
  EXPECT_EQ(Refused("{\"a\xF5\x80\x80\x80\":1}"), Refusal::kInvalidUtf8);
  EXPECT_EQ(Refused("\"abc"), Refusal::kInvalidJson);
  EXPECT_EQ(Refused("\"a\nb\""), Refusal::kInvalidJson);
  EXPECT_EQ(Refused(""), Refusal::kInvalidJson);
  EXPECT_EQ(Refused("  "), Refusal::kInvalidJson);
}

TEST(View, RefusesTrailingBytes) {
  EXPECT_EQ(Refused("{} x"), Refusal::kInvalidJson);
  EXPECT_EQ(Refused("{}{}"), Refusal::kInvalidJson);
  EXPECT_EQ(Refused("1 2"), Refusal::kInvalidJson);
  EXPECT_EQ(Refused("{}\0"s), Refusal::kInvalidJson);
  EXPECT_EQ(Refused("{} \r\n\t"), Refusal::kNone);
}

TEST(View, RefusesDuplicateKeysAlsoWhenEscaped) {
  EXPECT_EQ(Refused(R"({"a":1,"a":2})"), Refusal::kDuplicateKey);
  EXPECT_EQ(Refused(R"({"a":1,"\u0061":2})"), Refusal::kDuplicateKey);
  EXPECT_EQ(Refused(R"([{"\u0061\n":1,"b":0,"a\u000A":2}])"), Refusal::kDuplicateKey);
  EXPECT_EQ(Refused(R"({"a":1,"A":2,"":3," ":{"a":1}})"), Refusal::kNone);
}

// Of an object's keys only some are compared: those that look alike at first sight.
TEST(View, TellsKeysApartHoweverAlikeTheyAre) {
  std::vector<std::string> keys = {"", "a", "b", "ab", "ba", "id", "model", "prompt_tokens"};
  for (int i = 0; i < 100; ++i) keys.push_back("prompt_" + std::to_string(i) + "_tokens");
  for (const std::string& first : keys) {
    for (const std::string& second : keys) {
      const std::string text = "{\"" + first + "\":{\"x\":0},\"y\":1,\"" + second + "\":2}";
      const bool same = first == second;
      EXPECT_EQ(Refused(text), same ? Refusal::kDuplicateKey : Refusal::kNone) << text;
    }
  }
}

TEST(View, FindsDuplicateAmongManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += "\"key" + std::to_string(i) + "\":0,";
  Limits limits;
  EXPECT_EQ(Refused(text + "\"last\":0}", limits), Refusal::kNone);
  EXPECT_EQ(Refused(text + "\"\\u006bey49998\":0}", limits), Refusal::kDuplicateKey);
}

TEST(View, LoneSurrogatesAreRefusedOrKept) {
  Limits answers;
  answers.lone_surrogates = LoneSurrogates::kKeep;
  for (const char* text : {R"("\ud800")", R"("\udc00")", R"("\ud83d\u0041")", R"("\ud83d\ud83d")",
                           R"("\udc00\ud83d")", R"({"\ud800":1})"}) {
    EXPECT_EQ(Refused(text), Refusal::kInvalidUtf8) << text;
    EXPECT_EQ(Refused(text, answers), Refusal::kNone) << text;
  }
  View view;
  ASSERT_TRUE(view.Parse(R"("a\ud83d\ud83d\ude00b")", 0, answers).ok());
  EXPECT_EQ(view.String(0), "a\xED\xA0\xBD\xF0\x9F\x98\x80"s + "b");
}

TEST(View, CountsDepthOfObjectsAndArrays) {
  Limits limits;
  limits.max_depth = 3;
  EXPECT_EQ(Refused(R"([{"a":[1]}])", limits), Refusal::kNone);
  EXPECT_EQ(Refused(R"([{"a":[[]]}])", limits), Refusal::kTooDeep);
  EXPECT_EQ(Refused(std::string(1'000'000, '[')), Refusal::kTooDeep);
}

TEST(View, CountsKeysAndStringValues) {
  Limits limits;
  limits.max_strings = 4;
  EXPECT_EQ(Refused(R"({"a":"b","c":["d",1,2,3]})", limits), Refusal::kNone);
  EXPECT_EQ(Refused(R"({"a":"b","c":["d","e"]})", limits), Refusal::kTooManyStrings);
}

TEST(View, BoundsValuesOfAnyKind) {
  Limits limits;
  limits.max_values = 4;
  EXPECT_EQ(Refused("[1,2,3]", limits), Refusal::kNone);
  EXPECT_EQ(Refused("[1,2,3,4]", limits), Refusal::kTooManyStrings);
}

TEST(View, ErrorsNameThePlaceAndNotTheText) {
  View view;
  const Status status = view.Parse(R"({"secret":tomato})", 0, {});
  EXPECT_NE(status.message().find("at byte 10"), std::string::npos) << status.message();
  EXPECT_EQ(status.message().find("tomato"), std::string::npos);
}

TEST(View, DecodedSpanMapsBackToRawBytes) {
  const std::string text = R"(["ab\n\ud83d\ude00cd\u00e9"])";
  View view;
  ASSERT_TRUE(view.Parse(text, 0, {}).ok());
  Decoded decoded;
  view.Decode(1, &decoded);
  ASSERT_EQ(decoded.text(), "ab\n\xF0\x9F\x98\x80"s + "cd\xC3\xA9");
  const auto raw = [&](size_t begin, size_t end) {
    const auto [first, second] = decoded.RawSpan(begin, end);
    return text.substr(first, second - first);
  };
  EXPECT_EQ(raw(0, 2), "ab");
  EXPECT_EQ(raw(1, 3), R"(b\n)");
  EXPECT_EQ(raw(2, 3), R"(\n)");
  EXPECT_EQ(raw(3, 7), R"(\ud83d\ude00)");
  EXPECT_EQ(raw(4, 5), R"(\ud83d\ude00)");  // cuts the sequence
  EXPECT_EQ(raw(5, 5), R"(\ud83d\ude00)");
  EXPECT_EQ(raw(3, 3), "");
  EXPECT_EQ(raw(7, 9), "cd");
  EXPECT_EQ(raw(8, 11), R"(d\u00e9)");
  EXPECT_EQ(raw(0, 11), R"(ab\n\ud83d\ude00cd\u00e9)");
  EXPECT_EQ(decoded.RawSpan(11, 11), (std::pair<uint32_t, uint32_t>(26, 26)));
  EXPECT_EQ(decoded.RawSpan(0, 0), (std::pair<uint32_t, uint32_t>(2, 2)));
}

TEST(View, StringWithoutEscapesIsNotCopied) {
  const std::string text = R"({"key":"plain"})";
  View view;
  ASSERT_TRUE(view.Parse(text, 0, {}).ok());
  Decoded decoded;
  view.Decode(1, &decoded);
  EXPECT_EQ(decoded.text().data(), text.data() + 8);
  EXPECT_EQ(decoded.RawSpan(1, 3), (std::pair<uint32_t, uint32_t>(9, 11)));
  view.DecodeKey(1, &decoded);
  EXPECT_EQ(decoded.text().data(), text.data() + 2);
}

TEST(View, DecodedTextSurvivesAMove) {
  const std::string text = R"("a\tb")";
  View view;
  ASSERT_TRUE(view.Parse(text, 0, {}).ok());
  Decoded decoded;
  view.Decode(0, &decoded);
  const Decoded moved = std::move(decoded);
  EXPECT_EQ(moved.text(), "a\tb");
}

TEST(View, FindsAndComparesMembers) {
  View view;
  ASSERT_TRUE(view.Parse(R"({"a":{"b":"no"},"\u0062":"y\u0065s","n":42})", 0, {}).ok());
  const NodeIndex b = view.Find(0, "b");
  ASSERT_NE(b, kNoNode);
  EXPECT_TRUE(view.Equals(b, "yes"));
  EXPECT_FALSE(view.Equals(b, "ye"));
  EXPECT_FALSE(view.Equals(b, "yess"));
  EXPECT_TRUE(view.Equals(view.Find(view.Find(0, "a"), "b"), "no"));
  EXPECT_EQ(view.Find(0, "c"), kNoNode);
  EXPECT_EQ(view.Find(b, "c"), kNoNode);
  EXPECT_EQ(view.Find(kNoNode, "c"), kNoNode);
  EXPECT_FALSE(view.Equals(kNoNode, ""));
  EXPECT_EQ(view.Unsigned(view.Find(0, "n"), 7), 42u);
}

TEST(View, UnsignedTakesWholeNumbersInRangeOnly) {
  View view;
  ASSERT_TRUE(view.Parse(R"([4294967295,4294967296,-1,1.0,1e3,"3",0])", 0, {}).ok());
  EXPECT_EQ(view.Unsigned(1, 7), UINT32_MAX);
  for (NodeIndex i = 2; i <= 6; ++i) EXPECT_EQ(view.Unsigned(i, 7), 7u) << i;
  EXPECT_EQ(view.Unsigned(7, 7), 0u);
  EXPECT_EQ(view.Unsigned(kNoNode, 7), 7u);
}

TEST(View, PathNamesThePlace) {
  View view;
  const std::string long_key(80, 'k');
  const std::string text =
      R"({"messages":[0,{"content":"x"}],"a\n b":1,")" + long_key + R"(":{"z":[[1]]}})";
  ASSERT_TRUE(view.Parse(text, 0, {}).ok());
  EXPECT_EQ(view.Path(4), "messages[1].content");
  EXPECT_EQ(view.Path(5), "a?n?b");
  EXPECT_EQ(view.Path(9), std::string(64, 'k') + ".z[0][0]");
  EXPECT_EQ(view.Path(0), "");
}

TEST(View, IsReusable) {
  View view;
  ASSERT_TRUE(view.Parse("[1,2,3]", 0, {}).ok());
  ASSERT_FALSE(view.Parse("[1,", 0, {}).ok());
  EXPECT_TRUE(view.empty());
  ASSERT_TRUE(view.Parse("[]", 0, {}).ok());
  EXPECT_EQ(view.nodes().size(), 1u);
  EXPECT_EQ(view.refusal(), Refusal::kNone);
}

// What a client can do to the parser that all share must not reach who comes next.
TEST(View, AParserThatFailedServesTheNextViewLikeANewOne) {
  const std::string deep(100, '['), large = "[\"" + std::string(300'000, 'x') + "\",";
  const std::string bad[] = {
      "",   "{\"a\":1,\"a\":2}", "[1,",        "[\"open", "\xEF\xBB\xBF[]",
      deep, "[\"\\ud800\"]",     "[\"\xFF\"]", large,     "[{\"b\":[{\"c\":"};
  const std::string good = R"({"a":"b","c":[1,{"a":"\u0062"}]})";
  SharedParser parser;
  View alone;
  ASSERT_TRUE(alone.Parse(good, 0, {}).ok());
  for (const std::string& text : bad) {
    View failed(&parser), next(&parser);
    EXPECT_FALSE(failed.Parse(text, 0, {}).ok());
    ASSERT_TRUE(next.Parse(good, 0, {}).ok()) << text.substr(0, 40);
    ASSERT_EQ(next.nodes().size(), alone.nodes().size());
    for (NodeIndex i = 0; i < next.nodes().size(); ++i) {
      EXPECT_EQ(next.node(i).begin, alone.node(i).begin);
      EXPECT_EQ(next.node(i).end, alone.node(i).end);
      EXPECT_EQ(next.node(i).after, alone.node(i).after);
    }
    EXPECT_TRUE(failed.empty());
  }
}

// A request that waits keeps what it was read as, whatever is parsed meanwhile.
TEST(View, ViewsOfOneParserDoNotTouchEachOther) {
  SharedParser parser;
  View first(&parser), second(&parser);
  ASSERT_TRUE(first.Parse(R"({"a":["x","y"]})", 0, {}).ok());
  ASSERT_TRUE(second.Parse(R"([[["z"]]])", 0, {}).ok());
  View failed(&parser);
  EXPECT_FALSE(failed.Parse(R"({"a":)", 0, {}).ok());
  EXPECT_EQ(first.String(first.Find(0, "a") + 2), "y");
  EXPECT_EQ(second.String(3), "z");
}

}  // namespace
}  // namespace kt::json
