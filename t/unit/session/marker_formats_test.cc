// Every marker format in every place: what is edited still parses, as deep as it was.
#include "life.h"

namespace kt::session {
namespace {

struct Format {
  const char* settings;
  const char* email;  // its marker
  const char* card;
};
const Format kFormats[] = {
    {"{marker_format: label}", "[EMAIL]", "[CREDIT_CARD]"},
    {"{marker_format: asterisk}", "****", "****"},
    {"{marker_format: asterisk, preserve_length: true}", "**********************",
     "****************"},
    {"{marker_format: partial}", "****.com", "****1111"},
    {"{marker_format: partial, preserve_length: true}", "******************.com",
     "************1111"},
    {"{custom_markers: {EMAIL: <mail>, CREDIT_CARD: '{card}'}}", "<mail>", "{card}"},
};

std::string WithRedaction(const std::string& settings) {
  return Yaml(OneTarget(), "[pii-detector, audit-logger]",
              "policy:\n  pii-detector:\n    redaction: " + settings + "\n");
}

// Arguments with the value in a string, as a bare number, and in JSON two and three deep.
std::string Arguments() {
  const std::string inner = std::string(R"({"to":")") + kEmail + R"(","n":1})";
  const std::string middle = R"({"in":)" + json::Quote(inner) + "}";
  return std::string(R"({"to":")") + kEmail + R"(","card":4111111111111111,"a":)" +
         json::Quote(inner) + R"(,"b":)" + json::Quote(middle) + "}";
}

std::string Member(const std::string& object, std::string_view key) {
  json::View view;
  EXPECT_TRUE(view.Parse(object, 0, {}).ok()) << object;
  return view.String(view.Find(0, key));
}

void ExpectEdited(const std::string& arguments, const Format& format) {
  EXPECT_EQ(Member(arguments, "to"), format.email);
  EXPECT_EQ(Member(arguments, "card"), format.card);
  EXPECT_EQ(Member(Member(arguments, "a"), "to"), format.email);
  EXPECT_EQ(Member(Member(Member(arguments, "b"), "in"), "to"), format.email);
}

std::string Call(const std::string& arguments) {
  return R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
         R"("index":0,"function":{"name":"f","arguments":)" +
         json::Quote(arguments) + "}}]}";
}

std::string CalledWith(const json::View& view, json::NodeIndex message) {
  const json::NodeIndex call = view.Find(message, "tool_calls") + 1;
  return view.String(view.Find(view.Find(call, "function"), "arguments"));
}

TEST(MarkerFormats, InTheArgumentsOfARequest) {
  for (const Format& format : kFormats) {
    const auto gateway = MakeGateway(WithRedaction(format.settings));
    Life life(*gateway);
    life.Send(R"({"model":"m","user":"jane.doe@acme-mail.com","messages":[)" + Call(Arguments()) +
              "]}");
    json::View view;
    ASSERT_TRUE(view.Parse(life.session().forwarded_body(), 0, {}).ok());
    ExpectEdited(CalledWith(view, view.Find(0, "messages") + 1), format);
    EXPECT_EQ(view.String(view.Find(0, "user")), "redacted_email_address");
  }
}

TEST(MarkerFormats, InTheArgumentsOfAnAnswer) {
  for (const Format& format : kFormats) {
    const auto gateway = MakeGateway(WithRedaction(format.settings));
    Life life(*gateway);
    life.Send(Chat("Hi"))
        .AnswerJson(R"({"id":"1","choices":[{"index":0,"message":)" + Call(Arguments()) +
                    R"(,"finish_reason":"stop"}]})");
    json::View view;
    ASSERT_TRUE(view.Parse(life.output, 0, {}).ok());
    ExpectEdited(CalledWith(view, view.Find(view.Find(0, "choices") + 1, "message")), format);
  }
}

TEST(MarkerFormats, InStreamedArgumentsAtEverySize) {
  for (const Format& format : kFormats) {
    const auto gateway = MakeGateway(WithRedaction(format.settings));
    for (const size_t size : {1, 2, 5, 17, 400}) {
      Life life(*gateway);
      std::vector<std::string> events = {kRole};
      for (const std::string& piece : Pieces(Arguments(), size)) {
        events.push_back(Event(Delta(Call(piece))));
      }
      events.push_back(Finish());
      events.push_back(kDone);
      life.Send(StreamChat()).AnswerStream(events);
      std::string arguments;
      for (const std::string& data : Read(life.output).data) {
        json::View view;
        if (data == "[DONE]" || !view.Parse(data, 0, {}).ok()) continue;
        const json::NodeIndex delta = view.Find(view.Find(0, "choices") + 1, "delta");
        if (view.Find(delta, "tool_calls") != json::kNoNode) arguments += CalledWith(view, delta);
      }
      ExpectEdited(arguments, format);
    }
  }
}

// A client sends marks again with the next turn, and the model repeats them.
TEST(MarkerFormats, AHashIsNoValueItself) {
  const std::string redaction = "redaction: {marker_format: hash, hash_key_ref: {env: KEY}}";
  const auto gateway = MakeGateway(WithRedaction(redaction.substr(redaction.find('{'))));
  const auto with_dlp =
      MakeGateway(Yaml(OneTarget(), "[pii-detector, dlp-filter, audit-logger]",
                       "policy:\n  pii-detector: {" + redaction +
                           "}\n  dlp-filter: {sensitivity_level: restricted, action: block}\n"));
  const std::string said =
      "password: hunter2Abc9! or key q8Zk=tr83kx0qz15vw97hbn, curl -u bob:hunter2Abc9 https://x.io";
  Life first(*gateway);
  first.Send(Chat(said));
  json::View view;
  ASSERT_TRUE(view.Parse(first.session().forwarded_body(), 0, {}).ok());
  const std::string marks = view.String(view.Find(view.Find(0, "messages") + 1, "content"));
  EXPECT_NE(marks.find("[SECRET:"), std::string::npos) << marks;
  EXPECT_NE(marks.find("[CREDENTIALS:"), std::string::npos) << marks;
  for (const Gateway* any : {gateway.get(), with_dlp.get()}) {
    Life next(*any);
    next.Send(Chat(marks)).AnswerJson(JsonAnswer(marks));
    EXPECT_EQ(next.request.body.find(json::Quote(marks)) != std::string_view::npos, true)
        << next.request.body;
    EXPECT_NE(next.output.find(json::Quote(marks)), std::string::npos) << next.output;
    for (const size_t size : {1, 3, 20}) {
      Life stream(*any);
      stream.Send(StreamChat());
      std::string events = kRole;
      for (const std::string& piece : Pieces(marks, size)) events += Text(piece);
      stream.AnswerStream({events + Finish() + kDone});
      EXPECT_EQ(Read(stream.output).text[0], marks);
    }
  }
}

TEST(MarkerFormats, HealthcareModeRedactsWhatTheDefaultLeaves) {
  const std::string text = "Patient, medical record number: MRN 48210937, was seen.";
  for (const bool on : {false, true}) {
    const auto gateway = MakeGateway(Yaml(OneTarget(), "[pii-detector, audit-logger]",
                                          std::string("policy: {pii-detector: {healthcare_mode: ") +
                                              (on ? "true" : "false") + "}}\n"));
    Life life(*gateway);
    life.Send(Chat(text));
    const bool left = life.session().forwarded_body().find("48210937") != std::string_view::npos;
    EXPECT_EQ(left, !on);
  }
}

TEST(MarkerFormats, CountsAreInTheRecordUnlessTheyAreUnwanted) {
  for (const bool wanted : {true, false}) {
    const auto gateway = MakeGateway(WithRedaction(wanted ? "{}" : "{include_metadata: false}"));
    Life life(*gateway);
    life.Send(Chat(std::string(kEmail) + " " + kEmail)).AnswerJson(JsonAnswer(kEmail));
    EXPECT_EQ(life.record().verdict, "redacted");
    uint64_t count = 0;
    for (const auto& entry : life.record().redactions) count += entry.count;
    EXPECT_EQ(count, wanted ? 3u : 0u);
  }
}

}  // namespace
}  // namespace kt::session
