// How long an event waits for others: what a model thinks may end in what may begin a value, and
// what it says must not wait for that until the stream ends.
#include "stream_fixture.h"

namespace kt::session {
namespace {

std::string Thought(const std::string& text) {
  return Event(Delta(R"({"reasoning_content":)" + json::Quote(text) + "}"));
}

class StreamOrder : public Stream {
 protected:
  static Life Begun(const Gateway* gateway = redacting_, const std::string& path = "") {
    Life life(*gateway, path.empty() ? "/v1/chat/completions" : path);
    life.Send(path.empty() ? StreamChat() : R"({"model":"m","input":"Hi","stream":true})").Try();
    life.Head(200, "text/event-stream");
    return life;
  }
  static std::string Named(const std::string& type, const std::string& members) {
    return "event: " + type + "\n" + Event(R"({"type":")" + type + "\"," + members + "}");
  }
  static std::string Summary(const std::string& kind, const std::string& text) {
    return Named("response.reasoning_summary_" + kind,
                 R"("item_id":"i","output_index":0,"summary_index":0,)" + text);
  }
  static std::string Said(int output, const std::string& text) {
    return Named("response.output_text.delta",
                 R"("item_id":"i","content_index":0,"output_index":)" + std::to_string(output) +
                     ",\"delta\":" + json::Quote(text));
  }
};

TEST_F(StreamOrder, WhatIsSaidDoesNotWaitForLongForWhatWasThought) {
  Life life = Begun();
  const std::string thought = Thought("I look ") + Thought("at it");
  life.Body(thought);
  EXPECT_EQ(life.output, Thought("I look "));
  life.Body(Text("It is. "));
  EXPECT_EQ(life.output, Thought("I look "));
  life.now_ms += 600;
  life.Body(Text("Sunny! "));
  EXPECT_EQ(life.output, Thought("I look ") + Text("It is. ") + Text("Sunny! "));
  life.Body(Finish() + kDone);
  EXPECT_EQ(life.output, Thought("I look ") + Text("It is. ") + Text("Sunny! ") + Thought("at it") +
                             Finish() + kDone);
}

TEST_F(StreamOrder, InAStreamThatIsQuickNothingIsOvertaken) {
  const std::string stream = kRole + Thought("I look ") + Thought("at it") + Text("It is sunny") +
                             Thought(" so they") + Text(" today") + Finish() + kDone;
  EXPECT_EQ(Run({stream}), stream);
  EXPECT_EQ(Run(Pieces(stream, 7)), stream);
  EXPECT_EQ(Run({stream}, buffered_), stream);
}

TEST_F(StreamOrder, NoValuePassesBesideWhatOvertakes) {
  const std::string text = std::string("Mail ") + kEmail + " now. ";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    Life life = Begun();
    for (const std::string& event : {Thought(text.substr(0, cut)), Text("It is. "), Text("Sunny! "),
                                     Thought(text.substr(cut)), Text("Bye. "), Finish(), kDone}) {
      life.Body(event);
      life.now_ms += 600;
    }
    std::string thought;
    ForEachData(life.output, {}, [&](std::string_view, const json::View* view) {
      if (view == nullptr) return;
      const json::NodeIndex choices = view->Find(0, "choices");
      thought += view->String(view->Find(view->Find(choices + 1, "delta"), "reasoning_content"));
    });
    EXPECT_EQ(thought, "Mail [EMAIL] now. ") << cut;
    EXPECT_EQ(Read(life.output).text.at(0), "It is. Sunny! Bye. ") << cut;
  }
}

TEST_F(StreamOrder, AnEventOfBothIsNotOvertaken) {
  const std::string both = Event(Delta(R"({"reasoning":"at it","content":"so"})"));
  Life life = Begun();
  life.Body(both);
  life.now_ms += 600;
  life.Body(Text("It is. "));
  life.Body(Thought("I look. "));
  EXPECT_EQ(life.output, "");
  life.Body(Finish() + kDone);
  EXPECT_EQ(life.output, both + Text("It is. ") + Thought("I look. ") + Finish() + kDone);
}

TEST_F(StreamOrder, ASummaryWaitsForTheEndOfItsItemOnly) {
  Life life = Begun(redacting_, "responses");
  const std::string part = R"({"type":"summary_text","text":"I look at it"})";
  const std::string item = R"({"id":"i","type":"reasoning","summary":[)" + part + "]}";
  const std::string thought = Summary("part.added", R"("part":{"type":"summary_text","text":""})") +
                              Summary("text.delta", R"("delta":"I look at it")") +
                              Summary("text.done", R"("text":"I look at it")") +
                              Summary("part.done", "\"part\":" + part);
  life.Body(thought);
  EXPECT_LT(life.output.size(), thought.size());
  const std::string done = Named("response.output_item.done", R"("output_index":0,"item":)" + item);
  life.Body(done);
  EXPECT_EQ(life.output, thought + done);
  life.Body(Said(1, "It is. "));
  EXPECT_EQ(life.output, thought + done + Said(1, "It is. "));
  // Behind the end nothing follows.
  life.Body(Summary("text.delta", R"("delta":"@acme-mail.com")"));
  EXPECT_NE(life.output.find("upstream_invalid_response"), std::string::npos);
  Life other = Begun(redacting_, "responses");
  other.Body(thought + done +
             Named("response.reasoning_summary_text.delta",
                   R"("item_id":"i","output_index":0,"summary_index":1,)"
                   R"("delta":"@acme-mail.com. ")"));
  EXPECT_NE(other.output.find("upstream_invalid_response"), std::string::npos);
}

TEST_F(StreamOrder, AnItemOfAnotherTypeDoesNotEndTheTextsOfMessages) {
  Life life = Begun(redacting_, "responses");
  life.Body(Said(0, "Mail jane.doe@ac") +
            Named("response.output_item.done", R"("output_index":0,"item":{"type":"reasoning"})") +
            Said(1, "me-mail.com now. ") +
            Named("response.completed", R"("response":{"id":"r","output":[]})"));
  EXPECT_NE(life.output.find("Mail [EMAIL]"), std::string::npos) << life.output;
  EXPECT_EQ(life.output.find("me-mail"), std::string::npos) << life.output;
}

}  // namespace
}  // namespace kt::session
