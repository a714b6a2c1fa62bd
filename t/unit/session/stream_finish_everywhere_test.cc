// Providers that give every event of a choice a finish_reason (proxies in front of Gemini, some
// that show reasoning): it ends nothing, and all text is judged as without.
#include "stream_against_whole.h"
#include "stream_fixture.h"

namespace kt::session {
namespace {

using FinishEverywhere = Stream;

const char kFinish[] = R"(,"finish_reason":"stop")";

std::string Finished(const std::string& delta, int index = 0) {
  return Event(Delta(delta, index, kFinish));
}
std::string Said(const std::string& text, int index = 0) {
  return Finished(R"({"content":)" + json::Quote(text) + "}", index);
}

TEST_F(FinishEverywhere, TheStreamGoesOnAsItCame) {
  const std::string body = Finished(R"({"role":"assistant"})") +
                           Finished(R"({"reasoning_content":"Let me think. "})") +
                           Said("All is well. ") + Finished(R"({"content":""})") +
                           Said("Goodbye. ") + Finished("{}") + kDone;
  EXPECT_EQ(Run({body}), body);
  EXPECT_EQ(Run(Pieces(body, 7)), body);
  EXPECT_EQ(Run({body}, buffered_), body);
}

TEST_F(FinishEverywhere, ClearTextDoesNotWaitForTheEnd) {
  Life life(*redacting_);
  life.Send(StreamChat()).Try();
  life.Head(200, "text/event-stream");
  life.Body(Said("All is well. "));
  EXPECT_EQ(life.output, Said("All is well. "));
  life.Body(Said("mail jane.doe"));
  EXPECT_EQ(life.output, Said("All is well. "));
  life.Body(Said(" or so. "));
  EXPECT_EQ(life.output, Said("All is well. ") + Said("mail jane.doe") + Said(" or so. "));
}

// As sent by each of the places that a text may come in; `wrap` makes the delta of a piece.
void ExpectNoLeakAtAnyCut(const Gateway& gateway, const std::string& path,
                          const std::function<std::string(const std::string&)>& wrap) {
  for (size_t cut = 0; cut <= kValue.size(); ++cut) {
    for (const std::string& between :
         {std::string(), Finished("{}"), Finished(R"({"content":""})")}) {
      const std::string body =
          wrap(kValue.substr(0, cut)) + between + wrap(kValue.substr(cut)) + kDone;
      Life life(gateway, path);
      life.Send(path.ends_with("chat/completions") ? StreamChat()
                                                   : R"({"model":"m","prompt":"x","stream":true})");
      life.AnswerStream({body});
      EXPECT_EQ(life.output.find("jane"), std::string::npos) << cut << life.output;
      EXPECT_EQ(life.output.find("acme"), std::string::npos) << cut << life.output;
      EXPECT_TRUE(Read(life.output).done) << cut;
      EXPECT_NE(life.output.find("[EMAIL]"), std::string::npos) << cut;
    }
  }
}

TEST_F(FinishEverywhere, AValueIsRedactedAtEveryCut) {
  for (const std::string field : {"content", "reasoning_content", "reasoning", "refusal"}) {
    ExpectNoLeakAtAnyCut(*redacting_, "/v1/chat/completions", [&](const std::string& piece) {
      return Finished("{\"" + field + "\":" + json::Quote(piece) + "}");
    });
  }
  ExpectNoLeakAtAnyCut(*redacting_, "/v1/chat/completions", [](const std::string& piece) {
    return Finished(R"({"tool_calls":[{"index":0,"function":{"arguments":)" + json::Quote(piece) +
                    "}}]}");
  });
  ExpectNoLeakAtAnyCut(*redacting_, "/v1/completions", [](const std::string& piece) {
    return Event(R"({"choices":[{"index":0,"text":)" + json::Quote(piece) + kFinish + "}]}");
  });
}

TEST_F(FinishEverywhere, AGrowingMessageIsRedactedAtEveryCut) {
  for (size_t cut = 0; cut <= kValue.size(); ++cut) {
    const auto so_far = [](const std::string& text) {
      return Event(R"({"choices":[{"index":0,"message":{"content":)" + json::Quote(text) + "}" +
                   kFinish + "}]}");
    };
    const std::string output = Run({so_far(kValue.substr(0, cut)) + so_far(kValue) + kDone});
    EXPECT_EQ(output.find("jane"), std::string::npos) << cut << output;
    EXPECT_TRUE(Read(output).done);
  }
}

TEST_F(FinishEverywhere, AFinishReasonBeforeAGrowingMessageEndsItNeither) {
  const auto so_far = [](const std::string& text) {
    return Event(R"({"choices":[{"index":0,"message":{"content":)" + json::Quote(text) + "}}]}");
  };
  const std::string output = Run({Finished(R"({"role":"assistant"})") + so_far("mail jane.doe") +
                                  so_far(kValue) + Finish() + kDone});
  EXPECT_EQ(output.find("jane"), std::string::npos) << output;
}

TEST_F(FinishEverywhere, TextBehindIsJudgedWithThatOfEventsWithout) {
  // The thought had one, what is said has none but at its end.
  const std::string body = Finished(R"({"reasoning_content":"Hm. "})") + Text("mail jane.doe") +
                           Text("@acme-mail.com now") + Finish() + kDone;
  const Seen seen = Read(Run({body}));
  EXPECT_EQ(seen.text.at(0), "mail [EMAIL] now");
  EXPECT_TRUE(seen.done);
}

TEST_F(FinishEverywhere, SeveralChoicesAreKeptApart) {
  const std::string body = Said("mail jane.doe", 0) + Said("I am ", 1) + Said("@acme-mail.com", 0) +
                           Said("well. ", 1) + kDone;
  const Seen seen = Read(Run({body}));
  EXPECT_EQ(seen.text.at(0), "mail [EMAIL]");
  EXPECT_EQ(seen.text.at(1), "I am well. ");
}

TEST_F(FinishEverywhere, AFinishReasonBehindTextEndsItStill) {
  for (const std::string& first :
       {Text("mail jane.doe"), Event(Delta(R"({"content":"a"})")) + Said("mail jane.doe")}) {
    const std::string output = Run({first + Finish() + Said("@acme-mail.com") + kDone});
    EXPECT_EQ(output.find("acme"), std::string::npos);
    EXPECT_EQ(Read(output).error_code, "upstream_invalid_response");
  }
}

TEST_F(FinishEverywhere, TheEndIsThatOfTheBody) {
  EXPECT_EQ(Run({Said("mail jane.doe")}), Said("mail jane.doe") + kDone);
  const std::string cut = Run({Said("Hello. ") + Said("jane.doe")}, nullptr, UpstreamEnd::kReset);
  EXPECT_EQ(cut.substr(0, Said("Hello. ").size()), Said("Hello. "));
  EXPECT_EQ(cut.find("jane"), std::string::npos);
  EXPECT_FALSE(Read(cut).done);
  EXPECT_EQ(Read(cut).error_code, "upstream_failed");
}

TEST_F(FinishEverywhere, ABlockedValueNeverLeaves) {
  for (size_t cut = 0; cut <= kValue.size(); ++cut) {
    const std::string output =
        Run({Said(kValue.substr(0, cut)) + Said(kValue.substr(cut)) + kDone}, blocking_);
    EXPECT_EQ(output.find("jane"), std::string::npos) << cut;
    EXPECT_EQ(output.find("[DONE]"), std::string::npos) << cut;
    EXPECT_NE(output.find("output_blocked"), std::string::npos) << cut;
  }
}

// A place of a chat, in which every delta has a finish_reason.
Place FinishedPlace(const char* name, const std::string& before, const std::string& after,
                    std::vector<const char*> at, bool arguments = false) {
  Place place = ChatPlace(name, before, after, std::move(at), arguments);
  place.event = [=](const std::string& quoted) {
    return Delta(before + quoted + after, 0, kFinish);
  };
  return place;
}

using FinishedAgainstWhole = StreamAgainstWhole;

TEST_F(FinishedAgainstWhole, EveryValueIsTheSameAtEveryCut) {
  const Place places[] = {
      FinishedPlace("content", R"({"content":)", "}", {"choices", "delta", "content"}),
      FinishedPlace("arguments", R"({"tool_calls":[{"index":0,"function":{"arguments":)", "}}]}",
                    {"choices", "delta", "tool_calls", "function", "arguments"}, true)};
  size_t step = 1;
  for (const std::string value : policies::kSampleValues) {
    for (const Place& place : places) {
      const std::string text = Wrapped(place, value);
      const size_t units = Units(text, 0).size();
      for (size_t cut = 1 + step % 3; cut < units; cut += 3) {
        ExpectAsWhole(place, text, 0, {cut}, static_cast<int>(cut % 4), 1 + cut * 7);
        if (HasFatalFailure()) FAIL() << place.name << " cut " << cut;
      }
      ++step;
    }
  }
}

}  // namespace
}  // namespace kt::session
