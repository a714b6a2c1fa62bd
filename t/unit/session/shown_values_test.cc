// A marker that shows the end of its value (`partial`) beside other policies: what another one
// takes away or blocks is not shown.
#include "stream_fixture.h"

namespace kt::session {
namespace {

constexpr char kSays[] = "mail jane.doe@internal.acme.corp and 5555555555554444 ok";

std::unique_ptr<const Gateway> Partial(const std::string& chain, const std::string& dlp,
                                       const std::string& more = "") {
  return MakeGateway(Yaml(OneTarget(), chain,
                          "policy:\n  pii-detector: {redaction: {marker_format: partial" + more +
                              "}}\n  dlp-filter: {" + dlp + "}\n"));
}

constexpr char kPiiFirst[] = "[pii-detector, dlp-filter, audit-logger]";
constexpr char kDlpFirst[] = "[dlp-filter, pii-detector, audit-logger]";

TEST(ShownValues, ATermThatAMarkerWouldShowBlocksInAnyOrder) {
  for (const char* chain : {kPiiFirst, kDlpFirst}) {
    const auto gateway = Partial(chain, "blocked_terms: [corp], action: block");
    Life request(*gateway);
    request.Send(Chat(kSays));
    EXPECT_EQ(request.status(), 409) << request.session().forwarded_body();
    Life answer(*gateway);
    answer.Send(Chat("Hi")).AnswerJson(JsonAnswer(kSays));
    EXPECT_EQ(answer.error("code"), "output_blocked");
    Life stream(*gateway);
    stream.Send(StreamChat()).AnswerStream({Whole(Pieces(kSays, 3))});
    EXPECT_EQ(stream.output.find("corp"), std::string::npos) << stream.output;
    EXPECT_NE(stream.output.find("output_blocked"), std::string::npos);
  }
}

TEST(ShownValues, OrIsTakenOutOfTheMarker) {
  const std::string expected = "mail ******** and ****4444 ok";
  for (const char* chain : {kPiiFirst, kDlpFirst}) {
    const auto gateway = Partial(chain, "blocked_terms: [corp]");
    Life request(*gateway);
    request.Send(Chat(kSays)).AnswerJson(JsonAnswer(kSays));
    EXPECT_NE(request.request.body.find(expected), std::string_view::npos) << request.request.body;
    EXPECT_NE(request.output.find(expected), std::string::npos) << request.output;
    for (const size_t size : {1, 4, 60}) {
      Life stream(*gateway);
      stream.Send(StreamChat()).AnswerStream({Whole(Pieces(kSays, size))});
      EXPECT_EQ(Read(stream.output).text[0], expected);
    }
  }
}

TEST(ShownValues, TheLengthStaysWhereItIsToBePreserved) {
  const auto gateway = Partial(kPiiFirst, "blocked_terms: [corp]", ", preserve_length: true");
  Life life(*gateway);
  life.Send(Chat(kSays));
  EXPECT_NE(life.session().forwarded_body().find("mail *************************** and "
                                                 "************4444 ok"),
            std::string_view::npos)
      << life.session().forwarded_body();
}

// What reaches into the hidden part is gone with it.
TEST(ShownValues, OfAValueThatTheOtherFindsAsAWholeTheEndIsShown) {
  const auto gateway = Partial(kPiiFirst, "detect_patterns: ['[a-z.]+@[a-z.]+'], action: block");
  Life life(*gateway);
  life.Send(Chat(kSays));
  EXPECT_NE(life.session().forwarded_body().find("mail ****corp and ****4444 ok"),
            std::string_view::npos)
      << life.output;
}

TEST(ShownValues, InArgumentsWithHalvesOfPairs) {
  const auto gateway =
      MakeGateway(Yaml(OneTarget(), kPiiFirst,
                       "policy:\n  pii-detector: {detect_patterns: ['~[^~]+~~~~'], redaction: "
                       "{marker_format: partial}}\n  dlp-filter: {blocked_terms: ['~~~~']}\n"));
  const std::string arguments = R"({"a":"~\ud83d\ude00\ud83d\ude00\ud83d\ude00 here~~~~"})";
  Life life(*gateway);
  life.Send(R"({"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":)"
            R"("function","function":{"name":"f","arguments":)" +
            json::Quote(arguments) + "}}]}]}");
  EXPECT_EQ(life.session().forwarded_body().find("~"), std::string_view::npos)
      << life.session().forwarded_body();
}

}  // namespace
}  // namespace kt::session
