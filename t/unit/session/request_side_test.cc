#include "life.h"

namespace kt::session {
namespace {

class RequestSide : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { gateway_ = MakeGateway(Yaml()).release(); }
  static void TearDownTestSuite() {
    delete gateway_;
    gateway_ = nullptr;
  }
  static Life Head(std::string_view method, std::string_view path, SessionOptions options = {},
                   std::string_view type = "application/json", std::string_view encoding = "") {
    RequestHead head;
    head.method = method;
    head.path = path;
    head.content_type = type;
    head.content_encoding = encoding;
    return Life(*gateway_, options, head);
  }
  static const Gateway* gateway_;
};
const Gateway* RequestSide::gateway_ = nullptr;

TEST_F(RequestSide, ACleanRequestGoesUpAsTheSameBytes) {
  Life life(*gateway_);
  const std::string body =
      R"( {"model" : "m","messages":[{"role":"user","content":"caf\u00e9"}]} )";
  life.Send(body);
  EXPECT_EQ(life.status(), 0);
  EXPECT_EQ(life.session().forwarded_body(), body);
  EXPECT_FALSE(life.session().body_edited());
  EXPECT_EQ(life.Try(), "main");
  EXPECT_EQ(life.request.body, body);
}

TEST_F(RequestSide, PersonalDataIsRedactedInPlace) {
  Life life(*gateway_);
  life.Send(Chat("Mail \"" + std::string(kEmail) + "\" now"));
  EXPECT_EQ(life.session().forwarded_body(), Chat("Mail \"[EMAIL]\" now"));
  EXPECT_EQ(life.session().verdict(), "redacted");
  EXPECT_EQ(life.session().redactions(), 1u);
}

TEST_F(RequestSide, AnInjectionIsBlockedBeforeTheProvider) {
  Life life(*gateway_);
  life.Send(R"({"messages":[{"role":"system","content":"x"},{"role":"user","content":)" +
            json::Quote(kInjection) + "}]}");
  EXPECT_EQ(life.status(), 409);
  EXPECT_EQ(life.error("code"), "input_blocked");
  EXPECT_EQ(life.error("type"), "policy_violation");
  EXPECT_EQ(life.error("policy"), "prompt-injection");
  EXPECT_NE(life.error("message").find("messages[1].content"), std::string::npos);
  EXPECT_EQ(life.header("x-should-retry"), "false");
  EXPECT_EQ(life.header("retry-after-ms"), "0");
  EXPECT_EQ(life.header("x-keeptrusts-verdict"), "blocked");
  EXPECT_EQ(life.header("x-request-id"), "req-1");
  EXPECT_EQ(life.Try(), "");
}

TEST_F(RequestSide, TheBlockStatusCanBeChosen) {
  SessionOptions options;
  options.block_status = 400;
  Life life(*gateway_, "/chat/completions", options);
  life.Send(Chat(kInjection));
  EXPECT_EQ(life.status(), 400);
}

TEST_F(RequestSide, WithoutEnforcementNothingIsBlockedOrEdited) {
  SessionOptions options;
  options.enforce = false;
  Life life(*gateway_, "/chat/completions", options);
  const std::string body = Chat(std::string(kInjection) + " Mail " + kEmail);
  life.Send(body);
  EXPECT_EQ(life.status(), 0);
  EXPECT_EQ(life.session().forwarded_body(), body);
  EXPECT_EQ(life.session().verdict(), "allowed");
  EXPECT_EQ(life.session().reason(), "prompt_injection.detected");
}

TEST_F(RequestSide, ToolArgumentsStillParse) {
  Life life(*gateway_);
  const auto body = [](const std::string& arguments) {
    return R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function",)"
           R"("function":{"name":"send","arguments":)" +
           json::Quote(arguments) + "}}]}]}";
  };
  life.Send(body(R"({"to":"jane.doe@acme-mail.com","card":4111111111111111})"));
  ASSERT_EQ(life.status(), 0);
  const std::string edited(life.session().forwarded_body());
  json::View view, arguments;
  ASSERT_TRUE(view.Parse(edited, 0, {}).ok());
  std::string nested;
  for (json::NodeIndex i = 0; i < view.nodes().size(); ++i) {
    if (view.KeyEquals(i, "arguments")) nested = view.String(i);
  }
  ASSERT_TRUE(arguments.Parse(nested, 0, {}).ok()) << nested;
  EXPECT_EQ(arguments.String(arguments.Find(0, "to")), "[EMAIL]");
  const json::Node& card = arguments.node(arguments.Find(0, "card"));
  EXPECT_EQ(card.kind, json::Kind::kString);
  EXPECT_EQ(nested.find("4111"), std::string::npos);
}

TEST_F(RequestSide, EscapesInToolArgumentsHideNothing) {
  const auto body = [](const std::string& arguments) {
    return R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function",)"
           R"("function":{"name":"send","arguments":)" +
           json::Quote(arguments) + "}}]}]}";
  };
  Life life(*gateway_);
  life.Send(body(R"({"to":"jane.doe\u0040acme-mail.com","x":"a\nb"})"));
  EXPECT_EQ(life.session().forwarded_body(), body(R"({"to":"[EMAIL]","x":"a\nb"})"));
}

TEST_F(RequestSide, AnIdentifierGetsACharsetSafeMarker) {
  Life life(*gateway_);
  life.Send(Chat("Hi", R"(,"user":"jane.doe@acme-mail.com")"));
  EXPECT_EQ(life.session().forwarded_body(), Chat("Hi", R"(,"user":"redacted_email_address")"));
}

TEST_F(RequestSide, AFunctionNameWithPersonalDataIsBlocked) {
  Life life(*gateway_);
  life.Send(
      Chat("Hi", R"(,"tools":[{"type":"function","function":{"name":"jane.doe@acme-mail.com"}}])"));
  EXPECT_EQ(life.status(), 409);
  EXPECT_EQ(life.session().reason(), "pii_detector.in_identifier");
  EXPECT_EQ(life.output.find("jane"), std::string::npos);
}

TEST_F(RequestSide, AKeyWithPersonalDataIsBlockedAndNotNamed) {
  Life life(*gateway_);
  life.Send(Chat("Hi", R"(,"metadata":{"jane.doe@acme-mail.com":"x"})"));
  EXPECT_EQ(life.status(), 409);
  EXPECT_EQ(life.output.find("jane"), std::string::npos);
}

struct Bad {
  const char* body;
  int status;
  const char* code;
};

TEST_F(RequestSide, MalformedBodiesAreRefusedWithTheirCode) {
  const Bad cases[] = {
      {"", 400, "invalid_json"},
      {"{", 400, "invalid_json"},
      {R"({"a":1,"a":2})", 400, "duplicate_key"},
      {R"({"a":1,"\u0061":2})", 400, "duplicate_key"},
      {"{\"a\":\"\xFF\"}", 400, "invalid_utf8"},
      {"\xEF\xBB\xBF{}", 400, "invalid_utf8"},
      {R"({"a":"\ud800"})", 400, "invalid_utf8"},
      {R"({} x)", 400, "invalid_json"},
  };
  for (const Bad& bad : cases) {
    Life life(*gateway_);
    life.Send(bad.body);
    EXPECT_EQ(life.status(), bad.status) << bad.body;
    EXPECT_EQ(life.error("code"), bad.code) << bad.body;
    EXPECT_EQ(life.error("type"), "validation_error") << bad.body;
    EXPECT_EQ(life.session().verdict(), "error");
    EXPECT_FALSE(life.session().recorded());
  }
}

TEST_F(RequestSide, TooDeepJsonIsTooLarge) {
  Life life(*gateway_);
  life.Send(R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}");
  EXPECT_EQ(life.status(), 413);
  EXPECT_EQ(life.error("code"), "body_too_large");
}

TEST_F(RequestSide, AStreamThatIsNoBooleanIsRefused) {
  Life life(*gateway_);
  life.Send(Chat("Hi", R"(,"stream":"yes")"));
  EXPECT_EQ(life.status(), 400);
  EXPECT_EQ(life.error("param"), "stream");
}

TEST_F(RequestSide, BodiesAndTextsOverTheLimitAre413) {
  const auto small = MakeGateway(Yaml(
      OneTarget(), "[pii-detector]", "size_limits: {max_body_bytes: 2000, max_text_bytes: 500}\n"));
  for (const size_t size : {600u, 3000u}) {
    Life life(*small);
    life.Send(Chat(std::string(size, 'x')));
    EXPECT_EQ(life.status(), 413) << size;
    EXPECT_EQ(life.error("code"), "body_too_large");
  }
  Life fits(*small);
  fits.Send(Chat(std::string(400, 'x')));
  EXPECT_EQ(fits.status(), 0);
}

TEST_F(RequestSide, AKnownLengthOverTheLimitIsRefusedBeforeTheBody) {
  RequestHead head;
  head.method = "POST";
  head.path = "chat/completions";
  head.content_length = 1ull << 40;
  Life life(*gateway_, SessionOptions(), head);
  life.session().OnHead();
  EXPECT_EQ(life.status(), 413);
}

TEST_F(RequestSide, UnknownEndpointsAreRefused) {
  for (const char* method : {"GET", "POST"}) {
    Life life = Head(method, "/v1/files");
    life.Send("{}");
    EXPECT_EQ(life.status(), 404);
    EXPECT_EQ(life.error("code"), "unsupported_endpoint");
  }
}

TEST_F(RequestSide, UnknownEndpointsPassWhenToldAndAreRecorded) {
  SessionOptions options;
  options.pass_unknown_endpoint = true;
  Life life = Head("POST", "/v1/files/a b", options, "text/plain");
  life.Send(std::string("\0not JSON ", 10) + kEmail);
  EXPECT_EQ(life.Try(), "main");
  EXPECT_EQ(life.request.head.rfind("POST /v1/files/a%20b HTTP/1.1\r\n", 0), 0u);
  EXPECT_NE(life.request.body.find(kEmail), std::string::npos);
  EXPECT_EQ(life.Head(404, "text/html"), Step::kContinue);
  life.Body("<p>" + std::string(kEmail));
  life.End();
  EXPECT_EQ(life.status(), 404);
  EXPECT_EQ(life.output, "<p>" + std::string(kEmail));
  EXPECT_TRUE(life.session().recorded());
  EXPECT_EQ(life.record().unscanned, std::vector<std::string>{"endpoint"});
}

TEST_F(RequestSide, APassedPathCannotClimb) {
  SessionOptions options;
  options.pass_unknown_endpoint = true;
  for (const char* path : {"/v1/../admin", "..", "a/./b", "a/.."}) {
    Life life = Head("GET", path, options);
    life.Send("");
    EXPECT_EQ(life.status(), 404) << path;
  }
}

TEST_F(RequestSide, AWrongMethodNamesTheRightOne) {
  Life chat = Head("GET", "/v1/chat/completions");
  chat.Send("");
  EXPECT_EQ(chat.status(), 405);
  EXPECT_EQ(chat.header("allow"), "POST");
  EXPECT_EQ(chat.error("code"), "method_not_allowed");
  Life models = Head("POST", "/v1/models");
  models.Send("{}");
  EXPECT_EQ(models.status(), 405);
  EXPECT_EQ(models.header("allow"), "GET, HEAD");
}

TEST_F(RequestSide, EncodedAndMultipartBodiesAreRefused) {
  Life gzip = Head("POST", "chat/completions", {}, "application/json", "gzip");
  gzip.Send("x");
  EXPECT_EQ(gzip.error("code"), "unsupported_encoding");
  Life form = Head("POST", "chat/completions", {}, "Multipart/form-data; boundary=x");
  form.Send("x");
  EXPECT_EQ(form.status(), 400);
  Life identity = Head("POST", "chat/completions", {}, "application/json", "Identity");
  identity.Send(Chat("Hi"));
  EXPECT_EQ(identity.status(), 0);
}

TEST_F(RequestSide, WhatTheBodyIsMustBeSaidOnce) {
  RequestHead head;
  head.method = "POST";
  head.path = "chat/completions";
  head.content_type = "application/json";
  head.content_headers_repeat = true;
  Life life(*gateway_, {}, head);
  life.Send(Chat("Hi"));
  EXPECT_EQ(life.error("code"), "unsupported_content_type");
}

TEST_F(RequestSide, ModelsAreListed) {
  const auto gateway = MakeGateway(
      Yaml(TwoTargets(), "[audit-logger]",
           "  model_groups:\n    - {name: smart, aliases: [clever], targets: [a, b]}\n"));
  RequestHead head;
  head.method = "GET";
  head.path = "models";
  Life life(*gateway, SessionOptions(), head);
  life.session().OnHead();
  ASSERT_TRUE(life.session().finished());
  const std::string list = life.session().TakeOutput();
  for (const char* id : {"\"a\"", "\"b\"", "\"smart\"", "\"clever\"", "\"model-a\""}) {
    EXPECT_NE(list.find("\"id\":" + std::string(id)), std::string::npos) << id << list;
  }
  EXPECT_EQ(life.session().head().content_length, list.size());
  EXPECT_FALSE(life.session().recorded());
}

TEST_F(RequestSide, OnTheStockSurfaceAReadPassesUngoverned) {
  SessionOptions options;
  options.routed = false;
  Life life = Head("GET", "models", options);
  life.Send("");
  EXPECT_EQ(life.status(), 0);
  EXPECT_FALSE(life.session().governs_answer());
  EXPECT_FALSE(life.session().recorded());
}

TEST_F(RequestSide, OnlyAnUnknownEndpointThatPassesMaySwitchProtocols) {
  SessionOptions options;
  options.routed = false;
  options.pass_unknown_endpoint = true;
  for (const char* known : {"models", "responses", "chat/completions"}) {
    Life life = Head("GET", known, options);
    life.Send("");
    EXPECT_FALSE(life.session().governs_answer());
    EXPECT_FALSE(life.session().may_switch_protocols()) << known;
  }
  Life governed = Head("POST", "responses", options);
  governed.Send(R"({"model":"m","input":"Hi"})");
  EXPECT_FALSE(governed.session().may_switch_protocols());
  Life unknown = Head("GET", "realtime", options);
  unknown.Send("");
  EXPECT_TRUE(unknown.session().may_switch_protocols());
}

TEST_F(RequestSide, ADisabledPackRefusesEverything) {
  std::string yaml = Yaml();
  yaml.replace(yaml.find("enabled: true"), 13, "enabled: false");
  const auto gateway = MakeGateway(yaml);
  for (const char* path : {"chat/completions", "unknown"}) {
    SessionOptions options;
    options.pass_unknown_endpoint = true;
    Life life(*gateway, path, options);
    life.Send(Chat("Hi"));
    EXPECT_EQ(life.status(), 503);
    EXPECT_EQ(life.error("code"), "pack_disabled");
    EXPECT_EQ(life.header("x-should-retry"), "false");
  }
}

TEST_F(RequestSide, HipaaControlsRequireAUser) {
  const auto gateway = MakeGateway(Yaml(OneTarget(), "[audit-logger]",
                                        "policy: {audit-logger: {hipaa_audit_controls: true}}\n"));
  Life anonymous(*gateway);
  anonymous.Send(Chat("Hi"));
  EXPECT_EQ(anonymous.status(), 401);
  EXPECT_EQ(anonymous.error("code"), "user_id_required");
  RequestHead head;
  head.method = "POST";
  head.path = "chat/completions";
  head.user_id = "u-1";
  Life known(*gateway, SessionOptions(), head);
  known.Send(Chat("Hi"));
  EXPECT_EQ(known.status(), 0);
}

TEST_F(RequestSide, AnAuditFailureRefusesAlsoWhatWasBlocked) {
  for (const char* text : {"Hello", kInjection}) {
    Life life(*gateway_);
    life.session().OnHead();
    const std::string body = Chat(text);
    life.session().OnRequest(body, 0, 1000);
    life.session().RefuseForAudit();
    life.output = life.session().TakeOutput();
    EXPECT_EQ(life.status(), 503);
    EXPECT_EQ(life.error("code"), "audit_unavailable");
    EXPECT_FALSE(life.header("retry-after").empty());
    EXPECT_FALSE(life.session().recorded());
  }
}

TEST_F(RequestSide, RefusalsOfTheServerGetOurShape) {
  for (const auto& [status, code] : std::map<int, std::string>{{413, "body_too_large"},
                                                               {400, "invalid_request"},
                                                               {408, "request_timeout"},
                                                               {401, "invalid_api_key"},
                                                               {502, "upstream_failed"},
                                                               {507, "internal_error"}}) {
    Life life(*gateway_);
    life.session().RefuseStatus(status);
    life.output = life.session().TakeOutput();
    EXPECT_EQ(life.status(), status);
    EXPECT_EQ(life.error("code"), code);
    EXPECT_EQ(life.error("request_id"), "req-1");
  }
}

}  // namespace
}  // namespace kt::session
