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

TEST_F(StreamSayings, CommandsOfAShellCallFollowEachOther) {
  const std::string stream = Answer(
      ShellItem("added", "") + Command(0, "added", R"("command":"")") +
          Command(0, "delta", R"("delta":"ls -l")") + Command(0, "done", R"("command":"ls -l")") +
          Command(1, "added", R"("command":"")") + Command(1, "delta", R"("delta":"pwd")") +
          Command(1, "done", R"("command":"pwd")") + ShellItem("done", R"("ls -l","pwd")"),
      R"({"id":"s","type":"shell_call","action":{"commands":["ls -l","pwd"]}})");
  EXPECT_EQ(Ask(stream), stream);
}

TEST_F(StreamSayings, ACommandIsOneTextFromItsItemOn) {
  const std::string text = std::string("mail ") + kEmail + " now";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    const std::string begin = json::Quote(text.substr(0, cut));
    const std::string rest = Command(0, "delta", "\"delta\":" + json::Quote(text.substr(cut)));
    for (const std::string& first :
         {ShellItem("added", begin), Command(0, "added", "\"command\":" + begin)}) {
      const std::string output = Ask(Answer(first + rest));
      EXPECT_EQ(Begun(output) + Joined(output, "delta"), "mail [EMAIL] now") << output;
    }
  }
}

TEST_F(StreamSayings, CommandsWithAndWithoutAnIndexDoNotMix) {
  const std::string output =
      Ask(Answer(Command(0, "delta", R"("delta":"ls. ")") +
                 Named("response.shell_call_command.delta", R"("output_index":0,"delta":"pwd")")));
  EXPECT_NE(output.find("upstream_invalid_response"), std::string::npos) << output;
}

TEST_F(StreamSayings, APatchIsOneTextFromItsItemOn) {
  const std::string text = std::string("+ mail ") + kEmail + "\n";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    const std::string item = R"({"id":"p","type":"apply_patch_call","operation":{"diff":)" +
                             json::Quote(text.substr(0, cut)) + "}}";
    const std::string output = Ask(Answer(
        Named("response.output_item.added", R"("output_index":0,"item":)" + item) +
        Named("response.apply_patch_call_operation_diff.delta",
              R"("item_id":"p","output_index":0,"delta":)" + json::Quote(text.substr(cut)))));
    EXPECT_EQ(Begun(output) + Joined(output, "delta"), "+ mail [EMAIL]\n") << output;
  }
}

TEST_F(StreamSayings, APartIsOneTextFromItsBeginOn) {
  const std::string text = std::string("Mail ") + kEmail + " now";
  const char* const kinds[][4] = {
      {"content_part", "output_text", "text", "output_text"},
      {"content_part", "refusal", "refusal", "refusal"},
      {"content_part", "reasoning_text", "text", "reasoning_text"},
      {"reasoning_summary_part", "summary_text", "text", "reasoning_summary_text"}};
  for (const auto& [part, type, member, stem] : kinds) {
    for (size_t cut = 1; cut < text.size(); ++cut) {
      const std::string place = R"("item_id":"i","output_index":0,"content_index":0,)";
      const std::string begin =
          std::string("\"") + member + "\":" + json::Quote(text.substr(0, cut));
      const std::string output =
          Ask(Answer(Named(std::string("response.") + part + ".added",
                           place + R"("part":{"type":")" + type + "\"," + begin + "}") +
                     Named(std::string("response.") + stem + ".delta",
                           place + "\"delta\":" + json::Quote(text.substr(cut)))));
      std::string got;
      ForEachData(output, {}, [&](std::string_view, const json::View* view) {
        got += view->String(view->Find(view->Find(0, "part"), member));
        got += view->String(view->Find(0, "delta"));
      });
      EXPECT_EQ(got, "Mail [EMAIL] now") << type << cut;
    }
  }
}

TEST_F(StreamSayings, APartOfArgumentsKeepsNothingApart) {
  const std::string arguments = std::string(R"({"to":")") + kEmail + "\"}";
  for (const char* index : {"content_index", "summary_index", "command_index"}) {
    for (const char* stem : {"function_call", "mcp_call"}) {
      for (size_t cut = 1; cut < arguments.size(); ++cut) {
        std::string events;
        for (int i = 0; i < 2; ++i) {
          const std::string piece = i == 0 ? arguments.substr(0, cut) : arguments.substr(cut);
          events += Named(std::string("response.") + stem + "_arguments.delta",
                          R"("item_id":"i","output_index":0,")" + std::string(index) +
                              "\":" + std::to_string(i) + ",\"delta\":" + json::Quote(piece));
        }
        EXPECT_EQ(Joined(Ask(Answer(events)), "delta"), R"({"to":"[EMAIL]"})") << index << cut;
      }
    }
  }
}

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

TEST_F(Stream, EventsWithoutDataInThemKeepAConnectionAlive) {
  const std::string beats = "data:\n\n" + Text("Hello. ") + "data: \n\nevent: ping\ndata:\n\n" +
                            Text("Bye. ") + Finish() + kDone;
  EXPECT_EQ(Run({beats}), beats);
  // Nothing hides in their names.
  const std::string named = Run({"event: " + std::string(kEmail) + "\ndata:\n\n" + Finish()});
  EXPECT_EQ(named.find(kEmail), std::string::npos) << named;
}

}  // namespace
}  // namespace kt::session
