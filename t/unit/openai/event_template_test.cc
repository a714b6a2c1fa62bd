#include "core/openai/event_template.h"

#include "core/json/escape.h"
#include "core/sse/splitter.h"
#include "map_util.h"

namespace kt::openai {
namespace {

constexpr Endpoint kChat = Endpoint::kChatCompletions;

std::string Chunk(const std::string& text, const std::string& more = "") {
  return R"({"id":"c-1","object":"chat.completion.chunk","created":17,"model":"gpt-4o","choices":)"
         R"([{"index":0,"delta":{"content":")" +
         text + R"("},"logprobs":null,"finish_reason":null}])" + more + "}";
}
std::string Raw(const std::string& data, const std::string& eol = "\n") {
  return "data: " + data + eol + eol;
}

EventTemplate Learned(const std::string& raw, Endpoint endpoint = kChat) {
  sse::Splitter splitter(1 << 20);
  splitter.Feed(raw);
  sse::Event event;
  EXPECT_TRUE(splitter.Next(&event).value());
  const json::View view = ParseView(event.data);
  EventInfo info;
  MapEvent(view, endpoint, event.name, &info);
  EventTemplate alike;
  alike.Learn(event.raw, view, info);
  return alike;
}

bool Reads(const EventTemplate& alike, std::string_view bytes) {
  EventTemplate::Match match;
  return alike.Read(bytes, &match);
}

TEST(EventTemplate, ReadsWhatDiffersInItsTextOnly) {
  for (const std::string eol : {"\n", "\r\n"}) {
    const EventTemplate alike = Learned(Raw(Chunk("Hello"), eol));
    const std::string next = Raw(Chunk(" a \\\"quoted\\\" \xC3\xA9 \\u00e9"), eol);
    EventTemplate::Match match;
    ASSERT_TRUE(alike.Read(next + "data: more", &match));
    EXPECT_EQ(match.size, next.size());
    EXPECT_EQ(next.substr(match.text_begin, match.text_end - match.text_begin),
              " a \\\"quoted\\\" \xC3\xA9 \\u00e9");
    EXPECT_TRUE(match.escaped);
    EXPECT_EQ(next.substr(match.data_begin, match.data_end - match.data_begin),
              Chunk(" a \\\"quoted\\\" \xC3\xA9 \\u00e9"));
  }
}

TEST(EventTemplate, LeavesWhatMustBeParsedToTheParser) {
  const EventTemplate alike = Learned(Raw(Chunk("Hello")));
  for (const std::string text : {"", "a\nb", "a\tb", "\\", "\\x", "\\u12", "\xFF", "\xC3",
                                 "\xED\xA0\x80", "a\",\"content\":\"b", "a\"},\"x\":{\"y\":\"z"}) {
    EXPECT_FALSE(Reads(alike, Raw(Chunk(text)))) << text;
  }
  const std::string whole = Raw(Chunk("more"));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Reads(alike, whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(Reads(alike, Raw(Chunk("more"), "\r\n")));
  EXPECT_FALSE(Reads(alike, " " + whole));
}

TEST(EventTemplate, LearnsNothingFromWhatIsMoreThanAPieceOfText) {
  for (const std::string& raw :
       {Raw(Chunk("")), Raw(Chunk("Hi", R"(,"usage":{"prompt_tokens":1})")),
        Raw(Chunk("Hi", R"(,"more":"text")")), Raw(Chunk("Hi"), "\r"),
        Raw(R"({"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]})"),
        Raw(R"({"choices":[{"index":0,"delta":{"content":"a","reasoning_content":"b"}}]})"),
        Raw(R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":)"
            R"({"arguments":"{"}}]}}]})")}) {
    EXPECT_FALSE(Reads(Learned(raw), raw)) << raw;
  }
}

TEST(EventTemplate, PaddingAndSequenceNumbersMayDiffer) {
  const EventTemplate chat = Learned(Raw(Chunk("Hi", R"(,"obfuscation":"aB3")")));
  EXPECT_TRUE(Reads(chat, Raw(Chunk("there", R"(,"obfuscation":"Zz09-_")"))));
  EXPECT_FALSE(Reads(chat, Raw(Chunk("there", R"(,"obfuscation":"write to me")"))));
  EXPECT_FALSE(Reads(chat, Raw(Chunk("there", R"(,"obfuscation":"a\u0062c")"))));

  const auto delta = [](const std::string& number, const std::string& text) {
    return "event: response.output_text.delta\n" +
           Raw(R"({"type":"response.output_text.delta","sequence_number":)" + number +
               R"(,"item_id":"m1","output_index":0,"content_index":0,"delta":")" + text + "\"}");
  };
  const EventTemplate responses = Learned(delta("9", "Hi"), Endpoint::kResponses);
  EventTemplate::Match match;
  ASSERT_TRUE(responses.Read(delta("10", "there"), &match));
  EXPECT_EQ(match.sequence_number, 10u);
  for (const char* number : {"010", "-1", "1.5", "1e3", "\"10\"", "4294967296", "null", ""}) {
    EXPECT_FALSE(responses.Read(delta(number, "there"), &match)) << number;
  }
}

// Whatever it reads, the parser reads too, and in the same way.
TEST(EventTemplate, AgreesWithTheParserOnEveryMutation) {
  const std::string first = Chunk("Hello", R"(,"obfuscation":"aB3")");
  const EventTemplate alike = Learned(Raw(first));
  const std::string base = Raw(Chunk("a\\nb \xC3\xA9 \\ud83d\\ude00", R"(,"obfuscation":"x")"));
  const std::string bytes = std::string("\"\\{}[]:, \n\r\t\0u0nd", 17) + "\xC3\xA9\xED\x80\xFF";
  size_t read = 0;
  for (size_t at = 0; at < base.size(); ++at) {
    for (const char byte : bytes) {
      for (const int kind : {0, 1, 2}) {  // replaced, inserted, removed
        std::string raw = base;
        if (kind == 0) raw[at] = byte;
        if (kind == 1) raw.insert(at, 1, byte);
        if (kind == 2) raw.erase(at, 1);
        EventTemplate::Match match;
        if (!alike.Read(raw, &match)) continue;
        ++read;
        sse::Splitter splitter(1 << 20);
        splitter.Feed(raw);
        sse::Event event;
        ASSERT_TRUE(splitter.Next(&event).value()) << raw;
        ASSERT_EQ(event.raw.size(), match.size) << raw;
        ASSERT_EQ(event.data, raw.substr(match.data_begin, match.data_end - match.data_begin));
        const json::View view = ParseView(event.data);
        ASSERT_FALSE(view.empty()) << raw;
        EventInfo info;
        MapEvent(view, kChat, event.name, &info);
        ASSERT_EQ(LinesOf(view, info.segments).size(), 1u) << raw;
        ASSERT_EQ(info.segments[0].node, alike.info().segments[0].node);
        ASSERT_EQ(info.segments[0].lane, alike.info().segments[0].lane);
        ASSERT_EQ(info.choices, alike.info().choices);
        std::string text;
        json::AppendUnescaped(raw.substr(match.text_begin, match.text_end - match.text_begin),
                              &text);
        ASSERT_EQ(view.String(info.segments[0].node), text);
      }
    }
  }
  EXPECT_GT(read, 100u);
}

}  // namespace
}  // namespace kt::openai
