// Structured outputs: the client asked for JSON, and what comes is JSON after redaction, too.
#include "random_streams.h"

namespace kt::session {
namespace {

constexpr char kSecret[] = "key \"of\" \\ jane";  // needs escapes

class JsonAnswers : public RandomStreams {
 protected:
  JsonAnswers() : RandomStreams(57) {}

  static const Place& Content() { return Places()[0]; }
  static const Place& OutputText() {
    for (const Place& place : Places()) {
      if (std::string(place.name) == "output_text") return place;
    }
    throw std::logic_error("no such place");
  }
  static std::string Ask(const Place& place, const std::string& type, bool stream) {
    const std::string more = stream ? R"(,"stream":true)" : "";
    const std::string format = R"({"type":")" + type + "\"}";
    const std::string says = std::string("My ") + kSecret + " and " + kEmail;
    if (std::string(place.path) == "/v1/responses") {
      return R"({"model":"m","input":)" + json::Quote(says) + R"(,"text":{"format":)" + format +
             "}" + more + "}";
    }
    return Chat(says, R"(,"response_format":)" + format + more);
  }
  std::string Whole(const Place& place, const std::string& text,
                    const std::string& type = "json_object") {
    Life life(*gateway_, place.path);
    life.Send(Ask(place, type, false)).AnswerJson(place.whole(json::Quote(text)));
    return life.output;
  }
  Got Stream(const Place& place, const std::string& text, const std::vector<size_t>& cuts,
             int form = 0) {
    const std::vector<std::string> units = Units(text, form);
    std::string events;
    size_t from = 0;
    for (size_t i = 0; i <= cuts.size(); ++i) {
      const size_t to = i < cuts.size() ? cuts[i] : units.size();
      events += Event(place.event(Joined(units, from, to)));
      from = to;
    }
    events += place.repeat(Joined(units, 0, units.size()));
    Life life(*gateway_, place.path);
    life.Send(Ask(place, "json_schema", true)).AnswerStream({events});
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
  for (const Place* place : {&Content(), &OutputText()}) {
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
    const Place& place = Below(2) == 0 ? Content() : OutputText();
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
