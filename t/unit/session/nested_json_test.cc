#include "core/session/nested_json.h"

#include <gtest/gtest.h>

namespace kt::session {
namespace {

struct Outcome {
  bool ok = true;
  std::string text;
};

std::string Apply(const std::string& text, const std::list<SpanEdit>& edits) {
  std::string out;
  size_t at = 0;
  for (const SpanEdit& edit : edits) {
    out += text.substr(at, edit.begin - at) + edit.replacement;
    at = edit.end;
  }
  return out + text.substr(at);
}

// Edits [begin, end) of `text`, fed in two pieces cut at `cut`: an edit is known once its end is.
Outcome EditCut(const std::string& text, std::vector<SpanEdit> edits, size_t cut) {
  NestedJson nested;
  std::list<SpanEdit> out;
  std::vector<SpanEdit> first, second;
  for (SpanEdit& edit : edits) (edit.end <= cut ? first : second).push_back(edit);
  // The chain clears nothing inside a match.
  if (!second.empty() && second.front().begin < cut) cut = second.front().begin;
  const std::string_view all = text;
  const bool ok = nested.Feed(all.substr(0, cut), first, false, &out) &&
                  nested.Feed(all.substr(cut), second, true, &out);
  return {ok, ok ? Apply(text, out) : ""};
}

Outcome EditEverywhere(const std::string& text, const std::vector<SpanEdit>& edits) {
  const Outcome whole = EditCut(text, edits, text.size());
  for (size_t cut = 0; cut < text.size(); ++cut) {
    const Outcome other = EditCut(text, edits, cut);
    EXPECT_EQ(other.ok, whole.ok) << cut;
    EXPECT_EQ(other.text, whole.text) << cut;
  }
  return whole;
}

SpanEdit Span(const std::string& text, const std::string& part, const std::string& marker) {
  const size_t begin = text.find(part);
  EXPECT_NE(begin, std::string::npos);
  return {begin, begin + part.size(), marker};
}

std::string Edited(const std::string& text, const std::string& part,
                   const std::string& marker = "[X]") {
  const Outcome outcome = EditEverywhere(text, {Span(text, part, marker)});
  return outcome.ok ? outcome.text : "refused";
}

TEST(NestedJson, ReplacesInsideAString) {
  EXPECT_EQ(Edited(R"({"to":"a@b.com"})", "a@b.com"), R"({"to":"[X]"})");
}

TEST(NestedJson, EscapesTheMarkerInsideAString) {
  EXPECT_EQ(Edited(R"({"to":"secret"})", "secret", R"(a"b\)"), R"({"to":"a\"b\\"})");
}

TEST(NestedJson, CountsTheStringsThatAnEditLiesIn) {
  for (const auto& [text, strings] :
       std::vector<std::pair<std::string, unsigned>>{{R"({"a":"secret"})", 1},
                                                     {R"({"a":"{\"b\":\"secret\"}"})", 2},
                                                     {R"({"a":"{\"b\":\"[\\\"secret\\\"]\"}"})", 3},
                                                     {R"({"a":"{not JSON: secret}"})", 1},
                                                     {R"({"a":"{\"b\":\"[warn] secret\"}"})", 2},
                                                     {"secret", 0}}) {
    NestedJson nested;
    std::list<SpanEdit> out;
    ASSERT_TRUE(nested.Feed(text, {Span(text, "secret", "[X]")}, true, &out)) << text;
    ASSERT_EQ(out.size(), 1u) << text;
    EXPECT_EQ(out.front().strings, strings) << text;
  }
}

TEST(NestedJson, ResolvesTheEscapesOfAString) {
  EXPECT_EQ(ResolveEscapes(R"(a\n\"\\\u00e9\/b)"), "a\n\"\\\u00e9/b");
  for (const char* open : {"\\", "a\\", "\\u12", "\\u"}) EXPECT_EQ(ResolveEscapes(open), open);
}

TEST(NestedJson, WritesAMarkerInPlaceOfANumberAsAString) {
  EXPECT_EQ(Edited(R"({"ssn":123456789,"n":1})", "123456789"), R"({"ssn":"[X]","n":1})");
  EXPECT_EQ(Edited(R"([123456789])", "123456789"), R"(["[X]"])");
}

TEST(NestedJson, TakesInTheWholeNumber) {
  EXPECT_EQ(Edited(R"({"a":-1234567.25e3})", "1234567"), R"({"a":"[X]"})");
}

TEST(NestedJson, ANumberAsTheWholeTextBecomesAString) {
  EXPECT_EQ(Edited("123456789", "123456789"), R"("[X]")");
}

TEST(NestedJson, TwoMatchesInOneNumberGetOneMarker) {
  const std::string text = R"([111-222])";
  const Outcome outcome =
      EditEverywhere(text, {Span(text, "111", "[X]"), Span(text, "222", "[Y]")});
  EXPECT_EQ(outcome.text, R"(["[X]"])");
}

TEST(NestedJson, NeverCutsAnEscapeSequence) {
  EXPECT_EQ(Edited(R"({"t":"x\nfoo"})", "nfoo"), R"({"t":"x[X]"})");
  EXPECT_EQ(Edited(R"({"t":"a\u0041b"})", "0041b"), R"({"t":"a[X]"})");
  EXPECT_EQ(Edited(R"({"t":"ab\u0041c"})", R"(b\u0)"), R"({"t":"a[X]c"})");
}

TEST(NestedJson, RefusesAnEditThatWouldSwallowStructure) {
  EXPECT_EQ(Edited(R"({"a":"x","b":"y"})", R"(x","b)"), "refused");
  EXPECT_EQ(Edited(R"([1, 2])", "1, 2"), "refused");
  EXPECT_EQ(Edited(R"({"a":"x"})", R"("x")"), "refused");
}

TEST(NestedJson, AStringThatHoldsJsonIsEditedAsJson) {
  EXPECT_EQ(Edited(R"({"b":"{\"n\":123456789,\"m\":1}"})", "123456789"),
            R"({"b":"{\"n\":\"[X]\",\"m\":1}"})");
  EXPECT_EQ(Edited(R"({"b":"[ -123456789.5 ]"})", "123456789"), R"({"b":"[ \"[X]\" ]"})");
  EXPECT_EQ(Edited(R"({"b":"{\"to\":\"a@b.com\"}"})", "a@b.com", R"(a"b)"),
            R"({"b":"{\"to\":\"a\\\"b\"}"})");
  EXPECT_EQ(Edited(R"({"b":"{\"c\":\"[{\\\"n\\\":123456789}]\"}"})", "123456789"),
            R"({"b":"{\"c\":\"[{\\\"n\\\":\\\"[X]\\\"}]\"}"})");
}

TEST(NestedJson, InnerJsonMayBeginWithBlanksOrAnEscape) {
  EXPECT_EQ(Edited(R"({"b":"\n {\"n\":123456789}"})", "123456789"),
            R"({"b":"\n {\"n\":\"[X]\"}"})");
  EXPECT_EQ(Edited(R"({"b":"\u007b\"n\":123456789}"})", "123456789"),
            R"({"b":"\u007b\"n\":\"[X]\"}"})");
  EXPECT_EQ(Edited(R"({"b":" \u005b\"a@b.com\"]"})", "a@b.com", R"(a"b)"),
            R"({"b":" \u005b\"a\\\"b\"]"})");
  // What begins so and is none.
  EXPECT_EQ(Edited(R"({"b":" 123456789"})", "123456789"), R"({"b":" [X]"})");
  EXPECT_EQ(Edited(R"({"b":"\t123456789 x"})", "t123456789"), R"({"b":"[X] x"})");
  EXPECT_EQ(Edited(R"({"b":" \n x"})", R"(\n x)"), R"({"b":" [X]"})");
  EXPECT_EQ(Edited(R"({"b":"\"a\" 123456789"})", "123456789"), R"({"b":"\"a\" [X]"})");
}

TEST(NestedJson, EscapesOfInnerJsonAreNeverCut) {
  EXPECT_EQ(Edited(R"({"b":"{\"t\":\"x\\nfoo\"}"})", "nfoo"), R"({"b":"{\"t\":\"x[X]\"}"})");
  EXPECT_EQ(Edited(R"({"b":"{\"t\":\"a\\u0040b\"}"})", "0040"), R"({"b":"{\"t\":\"a[X]b\"}"})");
  EXPECT_EQ(Edited(R"({"b":"{\u0022n\u0022:12345\u0036}"})", "12345"),
            R"({"b":"{\u0022n\u0022:\"[X]\"}"})");
}

TEST(NestedJson, AStringThatOnlyLooksLikeJsonIsPlain) {
  EXPECT_EQ(Edited(R"({"b":"[12:30] bob 123456789"})", "123456789"), R"({"b":"[12:30] bob [X]"})");
  EXPECT_EQ(Edited(R"({"b":"{name}: a@b.com"})", "a@b.com"), R"({"b":"{name}: [X]"})");
  EXPECT_EQ(Edited(R"({"b":"[1] 123456789"})", "123456789"), R"({"b":"[1] [X]"})");
  EXPECT_EQ(Edited(R"({"b":"[a, 123 456]"})", "123 456", "a\"b"), R"({"b":"[a, a\"b]"})");
  EXPECT_EQ(Edited(R"({"b":"[1, 2]"})", "1, 2"), R"({"b":"[[X]]"})");
  EXPECT_EQ(Edited(R"({"b":"[1]","c":2})", R"(1]","c)"), "refused");
}

TEST(NestedJson, ManyEditsOfInnerJson) {
  const std::string text = R"({"a":1111,"b":"{\"c\":2222,\"d\":\"x 3333\"}","e":"[4444]"})";
  const Outcome outcome =
      EditEverywhere(text, {Span(text, "1111", "[1]"), Span(text, "2222", "[2]"),
                            Span(text, "3333", "[3]"), Span(text, "4444", "[4]")});
  EXPECT_EQ(outcome.text, R"({"a":"[1]","b":"{\"c\":\"[2]\",\"d\":\"x [3]\"}","e":"[\"[4]\"]"})");
}

TEST(NestedJson, PlainTextIsEditedAsItIs) {
  EXPECT_EQ(Edited(R"(call "Bob" at once)", R"("Bob" at)"), "call [X] once");
}

TEST(NestedJson, HoldsAnUnfinishedTokenOrEscape) {
  NestedJson nested;
  std::list<SpanEdit> out;
  ASSERT_TRUE(nested.Feed(R"({"a":12)", {}, false, &out));
  EXPECT_EQ(nested.safe_end(), 5u);
  ASSERT_TRUE(nested.Feed(R"(,"b":"x\u00)", {}, false, &out));
  EXPECT_EQ(nested.safe_end(), std::string(R"({"a":12,"b":"x)").size());
  ASSERT_TRUE(nested.Feed("41", {}, false, &out));
  EXPECT_EQ(nested.safe_end(), std::string(R"({"a":12,"b":"x\u0041)").size());
}

// ---- what policies see -------------------------------------------------------------------------

std::string Seen(const std::string& raw) {
  std::string text;
  NestedText nested;
  nested.Append(raw, &text);
  nested.Finish(&text);
  for (size_t cut = 0; cut <= raw.size(); ++cut) {
    std::string other;
    NestedText pieces;
    pieces.Append(std::string_view(raw).substr(0, cut), &other);
    pieces.Append(std::string_view(raw).substr(cut), &other);
    pieces.Finish(&other);
    EXPECT_EQ(other, text) << cut;
  }
  return text;
}

TEST(NestedText, ResolvesTheEscapesOfStrings) {
  EXPECT_EQ(Seen(R"({"a":"x\u0040y\nz\"\\\/\u00e9\u20ac"})"),
            "{\"a\":\"x@y\nz\"\\/\xC3\xA9\xE2\x82\xAC\"}");
}

TEST(NestedText, LeavesTheRestAlone) {
  for (const char* raw :
       {R"({"n":1.5e3,"t":true})", R"(plain \u0040 text)", "", R"({"a":"x\u00)"}) {
    EXPECT_EQ(Seen(raw), raw);
  }
}

TEST(NestedText, KeepsHalvesOfPairsAndReplacesWhatIsNoCharacter) {
  EXPECT_EQ(Seen(R"(["\ud83d","\uzzzz"])"), "[\"\xED\xA0\xBD\",\"\xEF\xBF\xBD\"]");
}

TEST(NestedText, FindsTheWayBack) {
  const std::string raw = R"({"a":"x\u0040y\nz"})";
  std::string text;
  NestedText nested;
  nested.Append(raw, &text);
  EXPECT_EQ(nested.RawOf(text.find('x')), raw.find('x'));
  EXPECT_EQ(nested.RawOf(text.find('@')), raw.find('\\'));
  EXPECT_EQ(nested.RawOf(text.find('y')), raw.find('y'));
  EXPECT_EQ(nested.RawOf(text.find('z')), raw.find('z'));
  EXPECT_EQ(nested.RawOf(text.size()), raw.size());
  nested.Forget(text.find('y'));
  EXPECT_EQ(nested.RawOf(text.find('y')), raw.find('y'));
  EXPECT_EQ(nested.RawOf(text.find('z')), raw.find('z'));
}

}  // namespace
}  // namespace kt::session
