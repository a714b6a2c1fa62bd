// Streams whose events repeat all of the text so far, as Perplexity's do beside each delta.
#include "life.h"

namespace kt::session {
namespace {

constexpr char kOther[] = "4111 1111 1111 1111";

std::string Repeating(const std::string& message, const std::string& delta, bool last = false) {
  return R"({"choices":[{"index":0,"finish_reason":)" + std::string(last ? R"("stop")" : "null") +
         R"(,"message":{"role":"assistant",)" + message + R"(},"delta":{)" + delta + "}}]}";
}

std::string Content(const std::string& quoted) {
  return "\"content\":" + quoted;
}
std::string Parts(const std::string& quoted) {
  return R"("content":[{"type":"text","text":)" + quoted + "}]";
}
std::string Arguments(const std::string& quoted) {
  return R"("tool_calls":[{"index":0,"function":{"name":"f","arguments":)" + quoted + "}}]";
}

using Spell = std::string (*)(const std::string& quoted);

// All strings but those that every event holds.
std::string TextOf(const json::View& view, json::NodeIndex node) {
  std::string text;
  for (json::NodeIndex i = node; i < view.node(node).after; ++i) {
    const bool constant =
        view.KeyEquals(i, "role") || view.KeyEquals(i, "type") || view.KeyEquals(i, "name");
    if (view.node(i).kind == json::Kind::kString && !constant) text += view.String(i);
  }
  return text;
}

class GrowingTextsTest : public ::testing::Test {
 protected:
  struct Seen {
    std::vector<std::string> messages;
    std::string deltas, error;
    bool done = false;
  };
  static Seen Run(const Gateway& gateway, Spell spell, const std::string& text, size_t size) {
    std::vector<std::string> events;
    std::string so_far;
    for (const std::string& piece : Pieces(text, size)) {
      so_far += piece;
      events.push_back(Event(Repeating(spell(json::Quote(so_far)), spell(json::Quote(piece)))));
    }
    events.push_back(Event(Repeating(spell(json::Quote(so_far)), "", true)));
    events.push_back(kDone);
    Life life(gateway);
    life.Send(Chat("I am bob@acme-mail.com", R"(,"stream":true)")).AnswerStream(events);
    return SeenIn(life.output);
  }
  static Seen SeenIn(const std::string& output) {
    Seen seen;
    ForEachData(output, {}, [&](std::string_view, const json::View* view) {
      seen.done |= view == nullptr;
      if (view == nullptr) return;
      ReadErrorCode(*view, &seen.error);
      const json::NodeIndex choices = view->Find(0, "choices");
      if (choices == json::kNoNode) return;
      const json::NodeIndex message = view->Find(choices + 1, "message");
      if (message != json::kNoNode) seen.messages.push_back(TextOf(*view, message));
      seen.deltas += TextOf(*view, view->Find(choices + 1, "delta"));
    });
    return seen;
  }
  static std::unique_ptr<const Gateway> With(const std::string& settings,
                                             const std::string& entry = "pii-detector") {
    return MakeGateway(Yaml(OneTarget(), "[" + entry + ", audit-logger]",
                            "policy: {pii-detector: {" + settings + "}}\n"));
  }
};

const std::string kText = std::string("Mail ") + kEmail + " or [EMAIL_1], pay " + kOther + " é.";

TEST_F(GrowingTextsTest, EachIsABeginOfTheEditedText) {
  const struct {
    std::string settings, edited;
  } cases[] = {
      {"action: redact", "Mail [EMAIL] or [EMAIL_1], pay [CREDIT_CARD] é."},
      {"redaction: {marker_format: reversible}",
       "Mail [EMAIL] or bob@acme-mail.com, pay [CREDIT_CARD] é."},
      {"redaction: {custom_markers: {EMAIL: '<m>'}}",
       "Mail <m> or [EMAIL_1], pay [CREDIT_CARD] é."},
  };
  for (const auto& [settings, edited] : cases) {
    const auto gateway = With(settings);
    for (const Spell spell : {Content, Parts, Arguments}) {
      for (size_t size = 1; size < kText.size(); size += 1 + size / 4) {
        const Seen seen = Run(*gateway, spell, kText, size);
        ASSERT_TRUE(seen.done) << seen.error;
        ASSERT_EQ(seen.deltas, edited);
        for (const std::string& message : seen.messages) {
          ASSERT_TRUE(edited.starts_with(message)) << size << ": " << message;
        }
        ASSERT_EQ(seen.messages.back(), edited);
      }
    }
  }
}

// What the client has after each event.
std::vector<size_t> ReleasedAfterEach(const Gateway& gateway,
                                      const std::vector<std::string>& events) {
  Life life(gateway);
  life.Send(StreamChat());
  EXPECT_FALSE(life.Try().empty());
  life.Head(200, "text/event-stream");
  std::vector<size_t> released;
  for (const std::string& event : events) {
    life.Body(event);
    released.push_back(Read(life.output).data.size());
  }
  return released;
}

TEST_F(GrowingTextsTest, AnEventWaitsNoLongerThanItsDelta) {
  const auto gateway = With("action: redact");
  std::vector<std::string> growing, deltas;
  std::string so_far;
  for (const std::string& piece : Pieces(kText, 1)) {
    so_far += piece;
    const std::string delta = Content(json::Quote(piece));
    growing.push_back(Event(Repeating(Content(json::Quote(so_far)), delta)));
    deltas.push_back(Event(Delta("{" + delta + "}")));
  }
  const std::vector<size_t> released = ReleasedAfterEach(*gateway, growing);
  EXPECT_EQ(released, ReleasedAfterEach(*gateway, deltas));
  EXPECT_EQ(released[4], 5u);
  EXPECT_EQ(released[6], 5u);
}

// The last message need not say that it is the last.
TEST_F(GrowingTextsTest, NothingOfTheLastOneIsLost) {
  for (const char* entry : {"pii-detector", "{pii-detector: {streaming_mode: buffered}}"}) {
    const auto gateway = With("action: redact", entry);
    for (const Spell spell : {Content, Arguments}) {
      for (const std::string text : {"Mail it to jane.doe", "Mail it to jane.doe@acme-mail.com"}) {
        std::string events;
        for (size_t end = 1; end <= text.size(); ++end) {
          events += Event(Repeating(spell(json::Quote(text.substr(0, end))), ""));
        }
        Life life(*gateway);
        life.Send(StreamChat()).AnswerStream({events, Finish(), kDone});
        const Seen seen = SeenIn(life.output);
        ASSERT_TRUE(seen.done) << life.output;
        EXPECT_EQ(seen.messages.size(), text.size());
        const bool value = text.ends_with(".com");
        EXPECT_EQ(seen.messages.back(), value ? "Mail it to [EMAIL]" : text);
      }
    }
  }
}

TEST_F(GrowingTextsTest, OfABlockedTextNothingOfTheValueGoesOut) {
  const auto gateway = With("action: block", "{pii-detector: {stage: output}}");
  for (size_t size = 1; size < kText.size(); ++size) {
    const Seen seen = Run(*gateway, Content, kText, size);
    ASSERT_FALSE(seen.done);
    for (const std::string& message : seen.messages) {
      ASSERT_TRUE(std::string_view("Mail ").starts_with(message)) << size << ": " << message;
    }
  }
}

TEST_F(GrowingTextsTest, BufferedAnswersSayBeginsOfTheEditedTextToo) {
  const auto gateway = With("action: redact", "{pii-detector: {streaming_mode: buffered}}");
  const Seen seen = Run(*gateway, Content, kText, 4);
  ASSERT_TRUE(seen.done);
  const std::string edited = "Mail [EMAIL] or [EMAIL_1], pay [CREDIT_CARD] é.";
  for (const std::string& message : seen.messages) EXPECT_TRUE(edited.starts_with(message));
  EXPECT_EQ(seen.messages[0], "Mail");
  EXPECT_EQ(seen.messages.back(), edited);
}

// One that does not go on with the text before, and one behind the end.
TEST_F(GrowingTextsTest, AnotherTextIsJudgedAnew) {
  const auto gateway = With("action: redact");
  const auto buffered = With("action: redact", "{pii-detector: {streaming_mode: buffered}}");
  const auto run = [&](const std::vector<std::string>& events) {
    Life life(*gateway);
    life.Send(StreamChat()).AnswerStream(events);
    EXPECT_TRUE(Read(life.output).done) << life.output;
    return life.output;
  };
  const auto says = [](const std::string& text, bool last = false) {
    return Event(Repeating(Content(json::Quote(text)), "", last));
  };
  // It may be meant as a delta.
  const std::string two = run({says("to jane.doe@ac"), says("me-mail.com now"), Finish(), kDone});
  EXPECT_EQ(two, says("to ") + says("me-mail.com now") + Finish() + kDone);
  const std::string shorter =
      run({says("to jane.doe@acme-mail.com, "), says("to jane.doe@acm"), Finish(), kDone});
  EXPECT_EQ(shorter, says("to [EMAIL]") + says("to jane.doe@acm") + Finish() + kDone);
  Life life(*buffered);
  life.Send(StreamChat())
      .AnswerStream({says("to jane.doe@ac"), says("me-mail.com"), Finish(), kDone});
  EXPECT_EQ(life.output, says("") + says("me-mail.com") + Finish() + kDone);
  // Behind its end a text is complete: nothing of it waits.
  EXPECT_NE(run({Text("a. "), Finish(), says("a. b"), kDone}).find("a. b"), std::string::npos);
  EXPECT_EQ(run({Finish(), says(kEmail), kDone}).find("jane"), std::string::npos);
}

TEST_F(GrowingTextsTest, TheyAreCountedAndReckonedOnce) {
  const auto gateway = With("action: redact");
  const std::string text = std::string("Mail ") + kEmail + " " + std::string(400, '.');
  std::vector<std::string> events;
  for (size_t end = 5; end < text.size(); ++end) {
    events.push_back(Event(Repeating(Content(json::Quote(text.substr(0, end))), "")));
  }
  events.push_back(Finish());
  events.push_back(kDone);
  Life life(*gateway);
  life.Send(StreamChat()).AnswerStream(events);
  const audit::Record& record = life.record();
  ASSERT_EQ(record.redactions.size(), 1u);
  EXPECT_EQ(record.redactions.front().count, 1u);
  EXPECT_EQ(record.completion_tokens.value_or(0), 0u);
}

}  // namespace
}  // namespace kt::session
