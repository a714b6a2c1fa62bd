// Streams that try to get a value past the policies.
#include <chrono>

#include "stream_attack.h"

namespace kt::session {
namespace {

// ---- what stands beside the data ---------------------------------------------------------------

TEST_F(StreamAttack, CommentsIdsAndEventNamesAreJudged) {
  const std::string email = kEmail;
  for (const std::string& line :
       {": " + email, "id: " + email, "event: " + email, "retry: " + email, "note: " + email, email,
        ":\xEF\xBB\xBF" + email}) {
    for (const std::string eol : {"\n", "\r\n", "\r"}) {
      ExpectNoLeak(Run(kRole + Text("Hi ") + line + eol + eol + Finish() + kDone));
      ExpectNoLeak(Run(kRole + line + eol + Text("Hi ", 0, eol) + Finish() + kDone));
      ExpectNoLeak(
          Run(kRole + "data: {\"choices\":[]}" + eol + line + eol + eol + Finish() + kDone));
    }
  }
}

TEST_F(StreamAttack, HarmlessLinesKeepTheirBytes) {
  const std::string events = ": ping\n\nid: 7\nretry: 10\nevent: message\n" + Text("Hi. ") +
                             ": OPENROUTER PROCESSING\n\n" + Finish() + kDone;
  EXPECT_EQ(Run(events), events);
}

TEST_F(StreamAttack, AByteOrderMarkMakesDataOfTheFirstLineOnly) {
  const std::string mark = "\xEF\xBB\xBF";
  const Seen seen = Read(Run(mark + Text(kEmail) + Finish() + kDone));
  EXPECT_EQ(seen.text.at(0), "[EMAIL]");
  EXPECT_TRUE(seen.done);
  ExpectNoLeak(Run(kRole + Text("Hi. ") + mark + Text(kEmail) + Finish() + kDone));
}

// What clients do not see as data must not stand between the halves of a value.
TEST_F(StreamAttack, AMarkedEventIsNoExampleForLaterOnes) {
  const std::string mark = "\xEF\xBB\xBF";
  const std::string half =
      Event(Delta(R"({"content":"jane.doe@acme-"})", 0, R"(,"logprobs":{"content":[]})"));
  ExpectNoLeak(
      Run(mark + Text("Mail ") + half + mark + Text(" zz ") + Text("mail.com") + Finish() + kDone));
}

// Nobody needs what they say, so that the stream goes on.
TEST_F(StreamAttack, CommentsAndUnknownLinesWithValuesAreEmptied) {
  const std::string mark = "\xEF\xBB\xBF";
  for (const std::string eol : {"\n", "\r\n", "\r"}) {
    const std::string text = Text("Hi. ", 0, eol), end = Finish(0, eol) + Event("[DONE]", eol);
    for (const std::string& line :
         {": " + std::string(kEmail), ":" + std::string(kEmail), "note: " + std::string(kEmail),
          std::string(kEmail), std::string(": \xFF\xFE"), ": ping " + std::string(kEmail),
          "data : " + std::string(kEmail)}) {
      EXPECT_EQ(Run(text + line + eol + eol + end), text + ":" + eol + eol + end);
      EXPECT_EQ(Run(text + line + eol + text + end), text + ":" + eol + text + end);
      EXPECT_EQ(Run(line + eol + text + line + eol + end), ":" + eol + text + ":" + eol + end);
    }
    for (const std::string line : {": hi", ":1111 1111", "note: x", "note", "EVENT: x"}) {
      EXPECT_EQ(Run(text + line + eol + eol + end), text + line + eol + eol + end);
      EXPECT_EQ(Run(line + eol + text + line + eol + end), line + eol + text + line + eol + end);
    }
    // In pieces, of which the last one makes the value.
    const std::string jane = ": jane.doe" + eol, at = ":@acme-" + eol, mail = ": mail.com" + eol;
    EXPECT_EQ(Run(text + jane + at + eol + mail + text + end),
              text + jane + at + eol + ":" + eol + text + end);
    const std::string marked = mark + ": " + std::string(kEmail) + eol;
    EXPECT_EQ(Run(text + marked + text + end), text + ":" + eol + text + end);
    const std::string known =
        ":" + eol + ": OPENROUTER PROCESSING" + eol + eol + ":keep-alive" + eol;
    EXPECT_EQ(Run(known + text + known + text + known + end),
              known + text + known + text + known + end);
  }
  const std::string email = Event(Delta(R"({"content":"jane.doe@acme-mail.com"})"));
  // Data behind a mark, or in several lines, beside a comment.
  EXPECT_EQ(Run(mark + "data: {\"choices\":[{\"index\":0,\n: x\ndata:\"delta\":{\"content\":\"" +
                std::string(kEmail) + "\"}}]}\n\n" + Finish() + kDone)
                .find("jane"),
            std::string::npos);
  EXPECT_EQ(Run(": x\n" + email + Finish() + kDone), ": x\n" + Text("[EMAIL]") + Finish() + kDone);
}

// ---- choices and calls -------------------------------------------------------------------------

TEST_F(StreamAttack, ChoicesOutOfOrderAndInterleaved) {
  const std::string email = kEmail;
  std::string events;
  for (size_t i = 0; i < email.size(); ++i) {
    for (const int choice : {3, 0, 2}) events += Text(email.substr(i, 1), choice);
  }
  for (const int choice : {0, 3, 2}) events += Finish(choice);
  const Seen seen = Read(Run(events + kDone));
  for (const int choice : {0, 2, 3}) EXPECT_EQ(seen.text.at(choice), "[EMAIL]");
  EXPECT_TRUE(seen.done);
}

TEST_F(StreamAttack, ToolCallsWithoutIndexGoByTheirPlace) {
  ExpectNoLeak(Run(Tool(R"("name":"mail","arguments":"{\"to\":\"jane.doe")", "") +
                   Tool(R"("arguments":"@acme-mail.com\"}")", "") + Finish() + kDone));
}

TEST_F(StreamAttack, ARepeatedRoleChangesNothing) {
  ExpectNoLeak(Run(Event(Delta(R"({"role":"assistant","content":"jane.doe"})")) +
                   Event(Delta(R"({"role":"assistant","content":"@acme-mail.com"})")) + Finish() +
                   kDone));
}

TEST_F(StreamAttack, ReasoningAndUnknownFieldsAreLanesToo) {
  for (const std::string field : {"reasoning_content", "reasoning", "refusal", "x_vendor"}) {
    std::string events;
    for (const std::string& piece : Pieces(kEmail, 3)) {
      events += Event(Delta("{\"" + field + "\":" + json::Quote(piece) + "}"));
    }
    ExpectNoLeak(Run(events + Finish() + kDone));
  }
}

TEST_F(StreamAttack, ContentInTheFinishingEventJoinsWhatWasHeld) {
  ExpectNoLeak(Run(
      Text("jane.doe") +
      Event(Delta(R"({"content":"@acme-mail.com"})", 0, R"(,"finish_reason":"stop")")) + kDone));
}

TEST_F(StreamAttack, TextBehindTheFinishReasonEndsTheStream) {
  const std::string output = Run(Text("mail jane.doe") + Finish() + Text("@acme-mail.com") + kDone);
  EXPECT_EQ(output.find("acme"), std::string::npos);
  EXPECT_EQ(Read(output).error_code, "upstream_invalid_response");
}

TEST_F(StreamAttack, TwoEventsInOneDataAreNoJson) {
  const std::string one = Delta(R"({"content":"jane.doe@acme-mail.com"})");
  ExpectNoLeak(Run(kRole + "data: " + one + "\ndata: " + one + "\n\n" + Finish() + kDone));
}

// The next annotation in the same place is another text, and does not go on with the last one.
TEST_F(StreamAttack, AnnotationsOfADeltaAreTextsOfTheirOwn) {
  const auto cites = [](const std::string& title) {
    return Event(Delta(R"({"annotations":[{"type":"url_citation","url_citation":{"title":)" +
                       json::Quote(title) + "}}]}"));
  };
  const std::string end = Finish() + kDone;
  EXPECT_EQ(Run(Text("Hi. ") + cites("card 4111 1111 1111 1111") + cites("22 results") + end),
            Text("Hi. ") + cites("card [CREDIT_CARD]") + cites("22 results") + end);
  const Seen behind = Read(Run(Text("Hi. ") + cites("a") + Finish() + cites(kEmail) + kDone));
  EXPECT_TRUE(behind.done);
  EXPECT_EQ(behind.data.at(3).find("jane"), std::string::npos);
}

// Some clients read "Content" as "content", so that the halves of a value are one text to them.
TEST_F(StreamAttack, AKeyThatDiffersInItsCaseEndsTheStream) {
  const auto content = [](const std::string& key, const std::string& text) {
    return Event(Delta("{\"" + key + "\":" + json::Quote(text) + "}"));
  };
  const std::string halves[] = {
      content("content", "jane.doe@") + content("Content", "acme-mail.com"),
      content("Content", "jane.doe@") + content("CONTENT", "acme-mail.com"),
      Text("Hi ") + Event(R"({"choices":[{"index":0,"Delta":{"content":"jane.doe@acme-"}}]})") +
          Event(R"({"choices":[{"index":0,"delta":{"content":"mail.com"}}]})"),
      Text("Hi ") + Event(R"({"Choices":[{"index":0,"delta":{"content":"jane.doe@"}}]})") +
          Event(R"({"Choices":[{"index":0,"delta":{"content":"acme-mail.com"}}]})"),
      content("content", "jane.doe@") +
          Event("{\"\\u0063hoices\":[{\"\\u0049ndex\":1,\"delta\":{\"content\":\"acme\"}}]}"),
      content("reasoning", "jane.doe@") + content("rea\xC5\xBFoning", "acme-mail.com"),
  };
  for (const std::string& events : halves) {
    const std::string output = Run(events + Finish() + kDone);
    ExpectNoLeak(output);
    EXPECT_NE(output.find("upstream_invalid_response"), std::string::npos) << output;
  }
  // The keys of an object that is not the API's are the provider's own.
  const std::string own = Event(Delta(R"({"content":"Hi. ","x":{"Content":"a"},"X_Vendor":"b"})"));
  EXPECT_EQ(Run(own + Finish() + kDone), own + Finish() + kDone);
}

// ---- tokens ------------------------------------------------------------------------------------

TEST_F(StreamAttack, LogprobsApartFromTheirTextGo) {
  const std::string logprobs =
      R"(,"logprobs":{"content":[{"token":"jane.doe"},{"token":"@acme-mail.com"}]})";
  const std::string output = Run(Text(kEmail) + Event(Delta("{}", 0, logprobs)) + Finish() + kDone);
  ExpectNoLeak(output);
  EXPECT_TRUE(Read(output).done);
  const std::string empty = Event(Delta("{}", 0, R"(,"logprobs":{"content":[]})"));
  EXPECT_NE(Run(Text("Hi. ") + empty + Finish() + kDone).find(empty), std::string::npos);
}

// Together says the token of each delta.
TEST_F(StreamAttack, TokenIdsOfATouchedEventGo) {
  const auto token = [](const std::string& id, const std::string& text) {
    return Event(Delta("{\"token_id\":" + id + ",\"content\":" + json::Quote(text) + "}"));
  };
  const std::string end = Finish() + kDone;
  EXPECT_EQ(Run(token("17", "Mail ") + token("18", "jane.doe@acme-") + token("19", "mail.com") +
                token("20", " now") + end),
            token("17", "Mail ") + token("null", "[EMAIL]") + token("null", "") +
                token("20", " now") + end);
}

// ---- sizes -------------------------------------------------------------------------------------

TEST_F(StreamAttack, AnEventOfOneMegabyteIsJudged) {
  std::string text;
  while (text.size() < 1 << 20) text += "word ";
  const Seen seen = Read(Run(kRole + Text(text + kEmail + " " + text) + Finish() + kDone));
  EXPECT_EQ(seen.text.at(0), text + "[EMAIL] " + text);
}

TEST_F(StreamAttack, ManyTinyEventsThatAreHeldAreBounded) {
  std::string events = kRole + Text("jane.doe@");
  for (int i = 0; i < 100'000; ++i) events += Event(Delta(R"({"content":""})"));
  const auto start = std::chrono::steady_clock::now();
  const std::string output = Run(events + Finish() + kDone);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  ExpectNoLeak(output);
}

// ---- responses ---------------------------------------------------------------------------------

std::string Named(const std::string& type, const std::string& more) {
  return "event: " + type + "\ndata: {\"type\":\"" + type +
         R"(","item_id":"msg_1","output_index":0,"content_index":0,)" + more + "}\n\n";
}
std::string TextDelta(const std::string& text) {
  return Named("response.output_text.delta", "\"delta\":" + json::Quote(text));
}
TEST_F(StreamAttack, CompleteTextsThatDifferFromTheirDeltasAreJudged) {
  for (const std::string& done :
       {Named("response.output_text.done", std::string("\"text\":\"") + kEmail + "\""),
        Named("response.content_part.done",
              std::string(R"("part":{"type":"output_text","text":")") + kEmail + "\"}"),
        std::string(
            "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\","
            "\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"content\":"
            "[{\"type\":\"output_text\",\"text\":\"jane.doe@acme-mail.com\"}]}}\n\n")}) {
    const std::string output = Run(TextDelta("All fine. ") + done + kCompleted, "/v1/responses");
    ExpectNoLeak(output);
    EXPECT_NE(output.find("[EMAIL]"), std::string::npos);
  }
}

TEST_F(StreamAttack, ADeltaBehindItsDoneEndsTheStream) {
  const std::string done = Named("response.output_text.done", R"("text":"mail")");
  const std::string output =
      Run(TextDelta("mail ") + done + TextDelta("jane.doe@acme-mail.com") + kCompleted,
          "/v1/responses");
  ExpectNoLeak(output);
  EXPECT_EQ(Read(output).error_code, "upstream_invalid_response");
}

TEST_F(StreamAttack, DeltasBeforeTheirItemWasAdded) {
  const std::string added =
      "data: "
      "{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":\"msg_1\","
      "\"type\":\"message\",\"content\":[]}}\n\n";
  ExpectNoLeak(Run(TextDelta("jane.doe") + added + TextDelta("@acme-mail.com") + kCompleted,
                   "/v1/responses"));
}

}  // namespace
}  // namespace kt::session
