// What clients put together of the calls in a `responses` stream, and how often what is found in
// the events that repeat it counts.
#include "stream_fixture.h"

namespace kt::session {
namespace {

class StreamSayings : public Stream {
 protected:
  static std::string Ask(const std::string& events, uint64_t* redactions = nullptr) {
    Life life(*redacting_, "responses");
    life.Send(R"({"model":"m","input":"Hi","stream":true})").AnswerStream({events});
    if (redactions != nullptr) *redactions = life.session().redactions();
    return life.output;
  }
  // `output`: the items of the whole response.
  static std::string Answer(const std::string& events, const std::string& output = "") {
    return Named("response.created", R"("response":{"id":"r","output":[]})") + events +
           Named("response.completed", R"("response":{"id":"r","output":[)" + output + "]}");
  }
  static std::string Named(const std::string& type, const std::string& members) {
    return "event: " + type + "\n" + Event(R"({"type":")" + type + "\"," + members + "}");
  }
  static std::string Command(int command, const std::string& kind, const std::string& text) {
    return Named("response.shell_call_command." + kind,
                 R"("output_index":0,"command_index":)" + std::to_string(command) + "," + text);
  }
  static std::string ShellItem(const std::string& event, const std::string& commands) {
    return Named("response.output_item." + event,
                 R"("output_index":0,"item":{"id":"s","type":"shell_call","action":{"commands":[)" +
                     commands + "]}}");
  }
  // The strings of all members `key` of the stream's events, put together.
  static std::string Joined(const std::string& stream, const char* key) {
    std::string text;
    ForEachData(stream, {}, [&](std::string_view, const json::View* view) {
      if (view != nullptr) text += view->String(view->Find(0, key));
    });
    return text;
  }
  // What the events that begin a command or a patch say of it.
  static std::string Begun(const std::string& stream) {
    std::string text = Joined(stream, "command");
    ForEachData(stream, {}, [&](std::string_view, const json::View* view) {
      const json::NodeIndex item = view->Find(0, "item");
      text += view->String(view->Find(view->Find(item, "operation"), "diff"));
      const json::NodeIndex commands = view->Find(view->Find(item, "action"), "commands");
      if (commands != json::kNoNode) text += view->String(commands + 1);
    });
    return text;
  }
};

TEST_F(StreamSayings, WhatIsSaidAgainCountsOnce) {
  const std::string text = json::Quote(kValue);
  const std::string part = R"({"type":"output_text","text":)" + text + "}";
  const std::string item = R"({"id":"i","type":"message","content":[)" + part + "]}";
  const std::string place = R"("item_id":"i","output_index":0,"content_index":0,)";
  const std::string deltas =
      Named("response.output_text.delta", place + R"("delta":"Please write to jane.doe")") +
      Named("response.output_text.delta",
            place + R"("delta":"@acme-mail.com before noon, thanks.")");
  const std::string repeats =
      Named("response.output_text.done", place + "\"text\":" + text) +
      Named("response.content_part.done", place + "\"part\":" + part) +
      Named("response.output_item.done", R"("output_index":0,"item":)" + item);
  uint64_t redactions = 0;
  const std::string output = Ask(Answer(deltas + repeats, item), &redactions);
  EXPECT_EQ(output.find(kEmail), std::string::npos) << output;
  EXPECT_EQ(redactions, 1u);
  // What a later saying has more counts, too.
  const std::string more = R"({"id":"j","type":"message","content":[)" + part + "," + part + "]}";
  Ask(Answer(deltas + repeats, item + "," + more), &redactions);
  EXPECT_EQ(redactions, 3u);
}

}  // namespace
}  // namespace kt::session
