// Streams whose choices, calls or items a client may count in two ways.
#include "stream_attack.h"

namespace kt::session {
namespace {

using StreamNumbering = StreamAttack;

std::string Choice(const std::string& index, const std::string& text) {
  return "{" + index + R"("delta":{"content":")" + text + R"("},"finish_reason":null})";
}
std::string Choices(const std::string& list) {
  return "data: {\"object\":\"chat.completion.chunk\",\"choices\":[" + list + "]}\n\n";
}

TEST_F(StreamNumbering, ChoicesWithAndWithoutAnIndexDoNotMix) {
  // Joined as one text, "ane" interrupts the address; a client that keeps them apart reads it.
  const std::string with = Choices(Choice(R"("index":0,)", "jane.doe@acme-"));
  const std::string without = Choices(Choice("", " ane "));
  const std::string rest = Choices(Choice(R"("index":0,)", "mail.com "));
  for (const std::string& events : {with + without + rest, without + with + rest}) {
    const std::string output = Run(events + Finish() + kDone);
    EXPECT_EQ(output.find("acme-"), std::string::npos) << output;
    EXPECT_NE(output.find("upstream_invalid_response"), std::string::npos) << output;
  }
}

TEST_F(StreamNumbering, AnIndexThatIsNoNumberEndsTheStream) {
  const std::string one = Choices(Choice(R"("index":0,)", "Hi. "));
  const char* const unsound[] = {R"("index":"1",)", R"("index":-1,)", R"("index":1.0,)",
                                 R"("index":4294967296,)", R"("index":true,)"};
  for (const char* index : unsound) {
    const std::string output = Run(one + Choices(Choice(index, "Ho. ")) + Finish() + kDone);
    EXPECT_EQ(Read(output).error_code, "upstream_invalid_response") << index;
    EXPECT_EQ(output.find("Ho"), std::string::npos) << output;
  }
  const std::string call = Tool(R"("arguments":"{}")", R"("index":"0",)");
  EXPECT_EQ(Read(Run(one + call + Finish() + kDone)).error_code, "upstream_invalid_response");
  const std::string two = Choices(Choice("", "Hi. ") + "," + Choice("", "Ho. "));
  EXPECT_NE(Run(two + Finish() + kDone).find("upstream_invalid_response"), std::string::npos);
}

TEST_F(StreamNumbering, OneChoiceNeedsNoIndex) {
  for (const char* index : {"", R"("index":null,)"}) {
    const Seen seen = Read(Run(Choices(Choice(index, "Mail jane.doe@")) +
                               Choices(Choice(index, "acme-mail.com now. ")) + Finish() + kDone));
    EXPECT_EQ(seen.text.at(0), "Mail [EMAIL] now. ");
    EXPECT_TRUE(seen.done);
  }
}

TEST_F(StreamNumbering, CallsWithAndWithoutAnIndexDoNotMix) {
  const auto call = [](const std::string& index, const std::string& arguments) {
    return Tool("\"arguments\":" + json::Quote(arguments), index);
  };
  const std::string with = R"("index":0,)", end = Finish() + kDone;
  // A client that keeps them apart reads the address.
  const std::string mixed = Run(kRole + call(with, "{\"to\":\"jane.doe@") + call("", " zz ") +
                                call(with, "acme-mail.com\"}") + end);
  EXPECT_EQ(mixed.find("jane.doe@"), std::string::npos) << mixed;
  EXPECT_NE(mixed.find("upstream_invalid_response"), std::string::npos) << mixed;
  const std::string both = Run(Text("Hi. ") +
                               Event(Delta(R"({"tool_calls":[{"function":{"arguments":"{}"}},)"
                                           R"({"index":1,"function":{"arguments":"{}"}}]})")) +
                               end);
  EXPECT_EQ(Read(both).error_code, "upstream_invalid_response");
  // A whole message counts its calls by their places.
  const std::string whole =
      R"({"choices":[{"index":0,"finish_reason":"stop","delta":{},"message":)"
      R"({"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}}]})";
  EXPECT_TRUE(Read(Run(call(with, "{}") + Event(whole) + kDone)).done);
}

TEST_F(StreamNumbering, ItemsOfResponsesAreNumberedInOneWay) {
  const auto delta = [](const std::string& place, const std::string& text) {
    return Event(R"({"type":"response.function_call_arguments.delta","item_id":"a",)" + place +
                 "\"delta\":" + json::Quote(text) + "}");
  };
  const auto says = [](const std::string& text) {
    return Event(R"({"type":"response.output_text.delta","output_index":0,"content_index":0,)"
                 "\"delta\":" +
                 json::Quote(text) + "}");
  };
  const std::string first = R"("output_index":0,)", start = says("Hi. ");
  for (const std::string other :
       {R"()", R"("output_index":null,)", R"("output_index":"0",)", R"("output_index":0.0,)",
        R"("output_index":0,"content_index":"0",)", R"("output_index":0,"summary_index":-1,)"}) {
    const std::string output = Run(
        start + delta(first, "{\"to\":\"jane.doe@") + delta(other, "acme-mail.com\"}") + kCompleted,
        "/v1/responses");
    EXPECT_NE(output.find("upstream_invalid_response"), std::string::npos) << output;
    EXPECT_EQ(output.find("acme"), std::string::npos) << output;
  }
  for (const std::string place : {"", R"("output_index":0,)", R"("output_index":null,)"}) {
    const std::string output =
        Run(delta(place, "{\"to\":\"jane.doe@") + delta(place, "acme-mail.com\"}") + kCompleted,
            "/v1/responses");
    EXPECT_NE(output.find("[EMAIL]"), std::string::npos) << output;
    EXPECT_NE(output.find("response.completed"), std::string::npos) << output;
  }
  // What is spoken has no index, and is a text of its own.
  const std::string spoken =
      Run(start + Event(R"({"type":"response.audio.transcript.delta","delta":"Mail jane.doe@"})") +
              Event(R"({"type":"response.audio.transcript.delta","delta":"acme-mail.com."})") +
              says("Bye.") + kCompleted,
          "/v1/responses");
  EXPECT_NE(spoken.find("[EMAIL]"), std::string::npos) << spoken;
  EXPECT_NE(spoken.find("response.completed"), std::string::npos) << spoken;
}

}  // namespace
}  // namespace kt::session
