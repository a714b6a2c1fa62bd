// Structured outputs: the client asked for JSON, and what comes is JSON after redaction, too.
#include "random_streams.h"

namespace kt::session {
namespace {

constexpr char kSecret[] = "key \"of\" \\ jane";  // needs escapes

class JsonAnswers : public RandomStreams {
 protected:
  JsonAnswers() : RandomStreams(57) {}

  static const Place& Content() { return Places()[0]; }
  static const Place& Part() { return Places()[4]; }
  static std::string Ask(const std::string& type, bool stream) {
    return Chat(
        std::string("My ") + kSecret + " and " + kEmail,
        R"(,"response_format":{"type":")" + type + "\"}" + (stream ? R"(,"stream":true)" : ""));
  }
  std::string Whole(const Place& place, const std::string& text,
                    const std::string& type = "json_object") {
    Life life(*gateway_, place.path);
    life.Send(Ask(type, false)).AnswerJson(place.whole(json::Quote(text)));
    return life.output;
  }
  Got Stream(const Place& place, const std::string& text, const std::vector<size_t>& cuts,
             int form = 0) {
    const std::vector<std::string> units = Units(text, form);
    const std::string events = EventsOf(place, units, cuts);
    Life life(*gateway_, place.path);
    life.Send(Ask("json_schema", true)).AnswerStream({events});
    return ReadAt(life.output, place);
  }
  static bool Parses(const std::string& text) {
    json::View view;
    return view.Parse(text, 0, Lenient()).ok() || view.refusal() == json::Refusal::kDuplicateKey;
  }

  const std::unique_ptr<const Gateway> gateway_ =
      MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]",
                       "policy:\n  pii-detector:\n    detect_patterns: ['key \"of\" \\\\ jane']\n"
                       "    redaction: {marker_format: reversible}\n"));
};

const char kSays[] = R"({"to":"[EMAIL_1]","key":"[CUSTOM_1]","card":4111111111111111,)"
                     R"("own":["made.up\u0040acme-mail.com"],"in":"{\"a\":\"[CUSTOM_1]\"}"})";
const char kEdited[] =
    R"({"to":"jane.doe@acme-mail.com","key":"key \"of\" \\ jane","card":"[CREDIT_CARD]",)"
    R"("own":["[EMAIL]"],"in":"{\"a\":\"key \\\"of\\\" \\\\ jane\"}"})";

TEST_F(JsonAnswers, StayJsonWholeAndAtEveryCut) {
  for (const Place* place : {&Content(), &Part()}) {
    for (const char* type : {"json_object", "json_schema"}) {
      ExpectSameStrings(Whole(*place, kSays, type), place->whole(json::Quote(kEdited)));
    }
    for (size_t cut = 1; cut < sizeof kSays - 1; ++cut) {
      const Got got = Stream(*place, kSays, {cut});
      ASSERT_TRUE(got.complete) << got.error;
      ASSERT_EQ(got.text, kEdited) << place->name << cut;
      ExpectRepeated(got);
    }
  }
}

// Strings and parts go on with one another.
TEST_F(JsonAnswers, InStringsAndPartsByTurns) {
  const std::string says = kSays;
  for (size_t size = 1; size < 40; size += 3) {
    std::string events;
    size_t i = 0;
    for (const std::string& piece : Pieces(says, size)) {
      events += Event((i++ % 2 == 0 ? Content() : Part()).event(json::Quote(piece)));
    }
    Life life(*gateway_);
    life.Send(Ask("json_object", true)).AnswerStream({events + Finish() + kDone});
    std::string text;
    for (const std::string& data : Read(life.output).data) {
      json::View view;
      if (!view.Parse(data, 0, {}).ok()) continue;
      const json::NodeIndex content =
          view.Find(view.Find(view.Find(0, "choices") + 1, "delta"), "content");
      if (content == json::kNoNode) continue;
      const bool part = view.node(content).kind == json::Kind::kArray;
      text += view.String(part ? view.Find(content + 1, "text") : content);
    }
    ASSERT_EQ(text, kEdited) << size;
  }
}

TEST_F(JsonAnswers, AValueOverPartsIsFoundAsInAnyAnswer) {
  Life life(*gateway_);
  life.Send(Ask("json_object", false))
      .AnswerJson(R"({"id":"1","choices":[{"index":0,"message":{"content":[)"
                  R"({"type":"text","text":"{\"a\":\"made.up@acme"},)"
                  R"({"type":"text","text":"-mail.com\"}"}]},"finish_reason":"stop"}]})");
  EXPECT_EQ(life.output.find("made.up"), std::string::npos) << life.output;
  EXPECT_EQ(life.output.find("-mail.com"), std::string::npos) << life.output;
}

TEST_F(JsonAnswers, WhatIsNoJsonIsPlainText) {
  const std::string says = "Sorry: [CUSTOM_1], 4111111111111111 \"x";
  const std::string edited = std::string("Sorry: ") + kSecret + ", [CREDIT_CARD] \"x";
  ExpectSameStrings(Whole(Content(), says), Content().whole(json::Quote(edited)));
  EXPECT_EQ(Stream(Content(), says, {3, 12}).text, edited);
  // Nor is what was not asked to be.
  const std::string bare = R"({"card":4111111111111111})";
  ExpectSameStrings(Whole(Content(), bare, "text"),
                    Content().whole(json::Quote(R"({"card":[CREDIT_CARD]})")));
}

TEST_F(JsonAnswers, StreamsAreAsWholeAnswers) {
  const char* const fillers[] = {" ", "\n", "x", "\"", "\\", "\xF0\x9F\x98\x80",
                                 "é", "[",  "]", "{"};
  const char* const known[] = {"[EMAIL_1]", "[CUSTOM_1]", "[EMAIL_", "4111 1111 1111 1111"};
  for (size_t round = 0, rounds = Setting("KT_ROUNDS", 400); round < rounds; ++round) {
    const Place& place = Below(2) == 0 ? Content() : Part();
    std::string text;
    for (size_t i = 0, n = 1 + Below(5); i < n; ++i) {
      text += OneOf(fillers);
      text += Below(2) == 0 ? OneOf(known) : OneOf(policies::kSampleValues);
    }
    const std::string inner = Below(2) == 0 ? "{\"deep\":[" + json::Quote(text) + "]}" : text;
    const std::string says = "{\"n\":4111111111111111,\"to\":" + json::Quote(inner) + "}";
    SCOPED_TRACE(says);
    const std::string whole = Whole(place, says);
    const int form = static_cast<int>(Below(3));
    const Got got = Stream(place, says, Cuts(Units(says, form).size()), form);
    ASSERT_EQ(IsBlocked(whole), got.error == "output_blocked") << whole;
    if (IsBlocked(whole)) continue;
    ASSERT_TRUE(got.complete) << got.error;
    ASSERT_TRUE(Parses(got.text)) << got.text;
    ExpectSameStrings(whole, place.whole(json::Quote(got.text)));
    ExpectRepeated(got);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace kt::session
