#include <gtest/gtest.h>

#include "core/session/placeholders.h"
#include "life.h"

namespace kt::session {
namespace {

constexpr char kOther[] = "john.roe@acme-mail.com";
constexpr char kOwn[] = "made.up@acme-mail.com";

std::string Reversible(const std::string& more = "") {
  return Yaml(OneTarget(), "[pii-detector, audit-logger]",
              "policy:\n  pii-detector:\n    redaction: {marker_format: reversible" + more + "}\n");
}

std::string Two() {
  return std::string("Write to ") + kEmail + " and " + kOther + ", then " + kEmail + " again.";
}

class ReversibleTest : public testing::Test {
 protected:
  std::unique_ptr<const Gateway> gateway_ = MakeGateway(Reversible());
};

std::string ContentOf(const std::string& answer) {
  json::View view;
  EXPECT_TRUE(view.Parse(answer, 0, {}).ok()) << answer;
  const json::NodeIndex choice = view.Find(0, "choices") + 1;
  return view.String(view.Find(view.Find(choice, "message"), "content"));
}

TEST_F(ReversibleTest, NumbersByFirstAppearanceAndEqualForEqualValues) {
  Life life(*gateway_);
  life.Send(Chat(Two())).AnswerJson(JsonAnswer("ok"));
  EXPECT_NE(life.request.body.find("Write to [EMAIL_1] and [EMAIL_2], then [EMAIL_1] again."),
            std::string_view::npos)
      << life.request.body;
}

TEST_F(ReversibleTest, SkipsTheNumbersThatTheClientWroteItself) {
  Life life(*gateway_);
  life.Send(Chat(std::string("[EMAIL_1] [EMAIL_3] [EMAIL_02] ") + kEmail + " " + kOther))
      .AnswerJson(JsonAnswer("[EMAIL_1] [EMAIL_2] [EMAIL_4]"));
  EXPECT_NE(life.request.body.find("[EMAIL_02] [EMAIL_2] [EMAIL_4]"), std::string_view::npos)
      << life.request.body;
  EXPECT_EQ(ContentOf(life.output), std::string("[EMAIL_1] ") + kEmail + " " + kOther);
}

TEST_F(ReversibleTest, RestoresTheClientsValuesAndRedactsTheAnswersOwn) {
  Life life(*gateway_);
  life.Send(Chat(Two()))
      .AnswerJson(JsonAnswer(std::string("To [EMAIL_2], [EMAIL_1] [EMAIL_3] [EMAIL] and ") + kOwn));
  EXPECT_EQ(ContentOf(life.output),
            std::string("To ") + kOther + ", " + kEmail + " [EMAIL_3] [EMAIL] and [EMAIL]");
  EXPECT_EQ(life.record().redactions.front().count, 4u);
}

TEST_F(ReversibleTest, KeepsValuesOutOfErrorsHeadersAndTheRecord) {
  Life life(*gateway_);
  life.Send(Chat(Two())).AnswerJson(R"({"error":{"message":"bad [EMAIL_1]","type":"x"}})", 400);
  EXPECT_NE(life.output.find("[EMAIL_1]"), std::string::npos);
  EXPECT_EQ(life.output.find("jane"), std::string::npos);
}

TEST_F(ReversibleTest, NorDoErrorsInsideAnAnswerHoldThem) {
  const std::string failed = R"({"id":"r","object":"response","status":"failed","output":[],)"
                             R"("error":{"code":"x","message":"bad [EMAIL_1]"}})";
  const std::string body = R"({"model":"m","input":")" + Two() + "\"";
  Life whole(*gateway_, "/v1/responses");
  whole.Send(body + "}").AnswerJson(failed);
  EXPECT_EQ(whole.output, failed);
  Life stream(*gateway_, "/v1/responses");
  stream.Send(body + R"(,"stream":true})")
      .AnswerStream({Event(R"({"type":"response.output_text.delta","delta":"To [EMAIL_1]. "})"),
                     Event(R"({"type":"response.failed","response":)" + failed + "}")});
  EXPECT_NE(stream.output.find("To jane.doe@acme-mail.com. "), std::string::npos);
  EXPECT_NE(stream.output.find("bad [EMAIL_1]"), std::string::npos) << stream.output;
}

TEST_F(ReversibleTest, IsForOneRequestOnly) {
  Life first(*gateway_);
  first.Send(Chat(Two())).AnswerJson(JsonAnswer("ok"));
  Life second(*gateway_);
  second.Send(Chat("Hello")).AnswerJson(JsonAnswer("[EMAIL_1]"));
  EXPECT_EQ(ContentOf(second.output), "[EMAIL_1]");
}

TEST_F(ReversibleTest, CustomMarkersStayAsTheyAre) {
  const auto gateway = MakeGateway(Reversible(", custom_markers: {EMAIL: <mail>}"));
  Life life(*gateway);
  life.Send(Chat(Two())).AnswerJson(JsonAnswer("[EMAIL_1] <mail>"));
  EXPECT_NE(life.request.body.find("Write to <mail> and <mail>"), std::string_view::npos);
  EXPECT_EQ(ContentOf(life.output), "[EMAIL_1] <mail>");
}

TEST_F(ReversibleTest, ACustomMarkerIsNoPlaceholder) {
  const auto gateway = MakeGateway(Reversible(", custom_markers: {CREDIT_CARD: '[EMAIL_1]'}"));
  Life life(*gateway);
  life.Send(Chat(std::string("4111111111111111 ") + kEmail))
      .AnswerJson(JsonAnswer("[EMAIL_1] [EMAIL_2]"));
  EXPECT_NE(life.request.body.find("[EMAIL_1] [EMAIL_2]"), std::string_view::npos);
  EXPECT_EQ(ContentOf(life.output), std::string("[EMAIL_1] ") + kEmail);
}

TEST_F(ReversibleTest, HalvesOfAPlaceholderInTwoPartsAreNoneInAStreamEither) {
  const auto delta = [](int part, const std::string& text) {
    return Event(
        R"({"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":)" +
        std::to_string(part) + R"(,"delta":)" + json::Quote(text) + "}");
  };
  const std::string parts =
      R"({"id":"r","object":"response","output":[{"type":"message","id":"i","content":[)"
      R"({"type":"output_text","text":"[EMAIL_1] [EMA"},{"type":"output_text","text":"IL_1]"}]}]})";
  const std::string body = R"({"model":"m","input":)" + json::Quote(Two());
  Life whole(*gateway_, "/v1/responses");
  whole.Send(body + "}").AnswerJson(parts);
  EXPECT_NE(whole.output.find(std::string(kEmail) + " [EMA\"},"), std::string::npos)
      << whole.output;
  Life stream(*gateway_, "/v1/responses");
  stream.Send(body + R"(,"stream":true})")
      .AnswerStream({delta(0, "[EMAIL_1] [EMA"), delta(1, "IL_1]"),
                     Event(R"({"type":"response.completed","response":)" + parts + "}")});
  EXPECT_NE(stream.output.find("\"delta\":\"" + std::string(kEmail) + " [EMA\"}"),
            std::string::npos)
      << stream.output;
  EXPECT_NE(stream.output.find("\"delta\":\"IL_1]\"}"), std::string::npos) << stream.output;
}

TEST_F(ReversibleTest, RestoresWithoutAnOutputPhase) {
  const auto gateway =
      MakeGateway(Yaml(OneTarget(), "[{pii-detector: {stage: pre-request}}, audit-logger]",
                       "policy:\n  pii-detector:\n    redaction: {marker_format: reversible}\n"));
  Life life(*gateway);
  life.Send(Chat(Two())).AnswerJson(JsonAnswer("[EMAIL_1]"));
  EXPECT_EQ(ContentOf(life.output), kEmail);
}

// ---- streams -----------------------------------------------------------------------------------

const char kAnswer[] =
    "[a] [EM [EMAIL_1] [[EMAIL_2]] [EMAIL_2 ] [EMAIL_12] made.up@acme-mail.com [EMAIL_";
std::string Restored() {
  return std::string("[a] [EM ") + kEmail + " [" + kOther +
         "] [EMAIL_2 ] [EMAIL_12] [EMAIL] [EMAIL_";
}

TEST_F(ReversibleTest, StreamsRestoreAtEverySplit) {
  const std::string answer = kAnswer;
  for (size_t cut = 0; cut <= answer.size(); ++cut) {
    for (size_t second = cut; second <= answer.size(); second += 3) {
      Life life(*gateway_);
      life.Send(Chat(Two(), R"(,"stream":true)"));
      life.AnswerStream({kRole, Text(answer.substr(0, cut)), Text(answer.substr(cut, second - cut)),
                         Text(answer.substr(second)), Finish(), kDone});
      ASSERT_EQ(Read(life.output).text[0], Restored()) << cut << " " << second;
      ASSERT_TRUE(Read(life.output).done);
    }
  }
}

TEST_F(ReversibleTest, StreamsByteByByteAndBuffered) {
  const auto buffered =
      MakeGateway(Yaml(OneTarget(), "[{pii-detector: {streaming_mode: buffered}}, audit-logger]",
                       "policy:\n  pii-detector:\n    redaction: {marker_format: reversible}\n"));
  for (const Gateway* gateway : {gateway_.get(), buffered.get()}) {
    Life life(*gateway);
    life.Send(Chat(Two(), R"(,"stream":true)"));
    std::vector<std::string> events = {kRole};
    for (const std::string& piece : Pieces(kAnswer, 1)) events.push_back(Text(piece));
    events.push_back(Finish());
    events.push_back(kDone);
    life.AnswerStream(events);
    EXPECT_EQ(Read(life.output).text[0], Restored());
  }
}

TEST_F(ReversibleTest, HoldsNoMoreThanWhatMayBeAPlaceholder) {
  Life life(*gateway_);
  life.Send(Chat(Two(), R"(,"stream":true)"));
  ASSERT_FALSE(life.Try().empty());
  life.Head(200, "text/event-stream");
  life.Body(Text("See [EMAIX and "));
  life.Body(Text("[X1] . "));
  EXPECT_EQ(Read(life.output).text[0], "See [EMAIX and [X1] . ");
  life.Body(Text("[EMA"));
  EXPECT_EQ(Read(life.output).text[0], "See [EMAIX and [X1] . ");
  life.Body(Text("IL_1] . "));
  EXPECT_EQ(Read(life.output).text[0], std::string("See [EMAIX and [X1] . ") + kEmail + " . ");
}

// ---- tool arguments ----------------------------------------------------------------------------

constexpr char kSecret[] = "key \"of\" \\ jane";  // needs escapes

std::string ToolDelta(const std::string& arguments) {
  return Event(Delta(R"({"tool_calls":[{"index":0,"function":{"arguments":)" +
                     json::Quote(arguments) + "}}]}"));
}

std::string ArgumentsOf(const std::string& stream) {
  std::string all;
  for (const std::string& data : Read(stream).data) {
    json::View view;
    if (data == "[DONE]" || !view.Parse(data, 0, {}).ok()) continue;
    const json::NodeIndex delta = view.Find(view.Find(0, "choices") + 1, "delta");
    const json::NodeIndex calls = view.Find(delta, "tool_calls");
    if (calls == json::kNoNode) continue;
    all += view.String(view.Find(view.Find(calls + 1, "function"), "arguments"));
  }
  return all;
}

TEST_F(ReversibleTest, ToolArgumentsStillParseAtEverySplit) {
  const auto gateway =
      MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]",
                       "policy:\n  pii-detector:\n    detect_patterns: ['key \"of\" \\\\ jane']\n"
                       "    redaction: {marker_format: reversible}\n"));
  const std::string arguments =
      R"({"to":"[CUSTOM_1]","cc":["\u005bCUSTOM_1]",[CUSTOM_1]],"in":"{\"a\":\"[CUSTOM_1]\"}"})";
  const std::string value = R"(key \"of\" \\ jane)";
  const std::string deeper = R"(key \\\"of\\\" \\\\ jane)";
  const std::string expected = R"({"to":")" + value + R"(","cc":[")" + value +
                               R"(",[CUSTOM_1]],"in":"{\"a\":\")" + deeper + R"(\"}"})";
  for (size_t cut = 0; cut <= arguments.size(); ++cut) {
    Life life(*gateway);
    life.Send(Chat(std::string("My ") + kSecret, R"(,"stream":true)"));
    ASSERT_NE(std::string(life.session().forwarded_body()).find("My [CUSTOM_1]"),
              std::string::npos);
    life.AnswerStream({kRole, ToolDelta(arguments.substr(0, cut)), ToolDelta(arguments.substr(cut)),
                       Finish(), kDone});
    ASSERT_EQ(ArgumentsOf(life.output), expected) << cut;
  }
}

// ---- values that are spelled out ---------------------------------------------------------------

TEST_F(ReversibleTest, SpelledValuesInToolArgumentsLeaveJson) {
  const auto gateway = MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]", ""));
  const std::string value = "j a n e @ a c m e . c o m",
                    bytes = "6a 61 6e 65 40 61 63 6d 65 2e 63 6f 6d";
  const std::string arguments =
      R"({"to":")" + value + R"(","n":[1,2,3],"x":{"y":")" + bytes + R"("}})";
  const std::string expected = R"({"to":"[EMAIL]","n":[1,2,3],"x":{"y":"[EMAIL]"}})";
  for (size_t cut = 0; cut <= arguments.size(); ++cut) {
    Life life(*gateway);
    life.Send(StreamChat());
    life.AnswerStream({kRole, ToolDelta(arguments.substr(0, cut)), ToolDelta(arguments.substr(cut)),
                       Finish(), kDone});
    ASSERT_EQ(ArgumentsOf(life.output), expected) << cut;
  }
  // The brackets and commas of an array cannot be taken away: nothing of it goes out.
  for (const std::string list : {R"(["j","a","n","e","@","a","c","m","e",".","c","o","m"])",
                                 "[106,97,110,101,64,97,99,109,101,46,99,111,109]"}) {
    Life life(*gateway);
    life.Send(StreamChat());
    life.AnswerStream({kRole, ToolDelta(R"({"a":)" + list + "}"), Finish(), kDone});
    EXPECT_NE(life.output.find("output_blocked"), std::string::npos) << life.output;
  }
}

// A key file that a tool writes: its line ends are escaped once for each string that it lies in.
TEST_F(ReversibleTest, ValuesInStringsOfStringsComeBackAsTheyWere) {
  const std::string key =
      "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us\n"
      "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n"
      "-----END PRIVATE KEY-----";
  const auto call = [](const std::string& arguments) {
    return R"({"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{)"
           R"("name":"write","arguments":)" +
           json::Quote(arguments) + "}}]}";
  };
  std::string arguments = "{\"content\":" + json::Quote(key) + "}";
  for (int strings = 1; strings <= 3; ++strings) {
    Life life(*gateway_);
    life.Send(R"({"messages":[{"role":"user","content":)" + json::Quote(key) + "}," +
              call(arguments) + "]}");
    ASSERT_EQ(life.status(), 0);
    const std::string sent(life.session().forwarded_body());
    EXPECT_EQ(sent.find("PRIVATE"), std::string::npos);
    EXPECT_EQ(sent.find("KEY_2]"), std::string::npos) << "one value, one number: " << sent;
    json::View view;
    ASSERT_TRUE(view.Parse(sent, 0, {}).ok());
    std::string back;
    for (json::NodeIndex i = 0; i < view.nodes().size(); ++i) {
      if (view.KeyEquals(i, "arguments")) back = view.String(i);
    }
    life.AnswerJson(R"({"id":"x","choices":[{"index":0,"finish_reason":"stop","message":)" +
                    call(back) + "}]}");
    EXPECT_NE(life.output.find(json::Quote(arguments)), std::string::npos) << life.output;
    arguments = "{\"path\":\"key.json\",\"content\":" + json::Quote(arguments) + "}";
  }
}

}  // namespace
}  // namespace kt::session
