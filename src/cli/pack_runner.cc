#include "cli/pack_runner.h"

#include <algorithm>
#include <vector>

#include "cli/json_tree.h"
#include "core/json/edits.h"
#include "core/openai/echo.h"
#include "core/session/session.h"

namespace kt::cli {
namespace {

using config::TestCase;
using config::YamlNode;
using session::Session;
using session::Step;

constexpr uint64_t kBeganMs = 1000;
constexpr int64_t kBeganUnixSeconds = 1'700'000'000;
constexpr int kMaxTries = 1000;  // far beyond what a configuration can ask for
constexpr const char* kHarmless = "Here is an answer.";

// Stands for every secret, so that none is asked for.
std::optional<std::string> StandIn(const std::string&) {
  return "no-secret-is-read-here";
}

void ReplaceReference(config::SecretRef* reference) {
  if (!reference->empty()) *reference = {.env = "STAND_IN", .file = {}, .store = {}};
}

std::string RequestBody(const TestCase& test, const std::string& model) {
  if (!test.messages) {
    const bool text = test.request->kind == YamlNode::Kind::kScalar;
    return text ? test.request->scalar : ToJson(*test.request);
  }
  YamlNode body;
  if (test.request) body = *test.request;
  body.kind = YamlNode::Kind::kMap;
  const auto add = [&body](const char* name, YamlNode value) {
    YamlNode key;
    key.scalar = name;
    body.members.push_back({std::move(key), std::move(value)});
  };
  if (body.Find("model") == nullptr) {
    YamlNode value;
    value.kind = YamlNode::Kind::kScalar;
    value.quoted = true;
    value.scalar = model;
    add("model", std::move(value));
  }
  add("messages", *test.messages);
  return ToJson(body);
}

std::string PathOf(const TestCase& test) {
  if (!test.path.empty()) return test.path;
  const bool whole = !test.messages && test.request->Find("messages") == nullptr;
  if (whole && test.request->Find("prompt") != nullptr) return "/v1/completions";
  if (whole && test.request->Find("input") != nullptr) return "/v1/responses";
  return "/v1/chat/completions";
}

struct Answer {
  std::string content_type;
  std::vector<std::string> pieces;
};

// A text in the shape that the endpoint gives it, streamed where that was asked for.
Answer TextAnswer(const std::string& text, const Session& session) {
  const std::string quoted = json::Quote(text);
  const std::string request = "{\"messages\":[{\"role\":\"user\",\"content\":" + quoted +
                              "}],\"prompt\":" + quoted + ",\"input\":" + quoted +
                              (session.stream() ? ",\"stream\":true}" : "}");
  openai::EchoAnswer echo = openai::Echo(session.endpoint(), request, "test", kBeganUnixSeconds);
  return {std::move(echo.content_type), std::move(echo.pieces)};
}

Answer EventsAnswer(const YamlNode& list) {
  Answer answer{"text/event-stream", {}};
  for (const YamlNode& event : list.items) {
    std::string bytes;
    // The events of `responses` are named by their type.
    const YamlNode* type = event.Find("type");
    if (type != nullptr && type->kind == YamlNode::Kind::kScalar) {
      bytes = "event: " + type->scalar + "\n";
    }
    const bool text = event.kind == YamlNode::Kind::kScalar;  // [DONE]
    bytes += "data: " + (text ? event.scalar : ToJson(event)) + "\n\n";
    answer.pieces.push_back(std::move(bytes));
  }
  return answer;
}

Answer AnswerOf(const TestCase& test, const Session& session) {
  if (!test.upstream_response) return TextAnswer(kHarmless, session);
  const YamlNode& given = *test.upstream_response;
  switch (given.kind) {
    case YamlNode::Kind::kMap:
      return {"application/json", {ToJson(given)}};
    case YamlNode::Kind::kList:
      return EventsAnswer(given);
    default:
      return TextAnswer(given.scalar, session);
  }
}

// One try at a provider, as it would answer.
Step Feed(const Answer& answer, uint64_t now_ms, Session* session) {
  session::UpstreamHead head;
  head.status = 200;
  head.content_type = answer.content_type;
  Step step = session->OnUpstreamHeader(head, now_ms);
  for (const std::string& piece : answer.pieces) {
    if (step != Step::kContinue) return step;
    step = session->OnUpstreamBody(piece, now_ms);
    session->TakeOutput();
  }
  if (step == Step::kContinue) step = session->OnUpstreamEnd(session::UpstreamEnd::kClean, now_ms);
  session->TakeOutput();
  return step;
}

// Asks one target after the other until the answer is decided. The time then.
uint64_t AskProviders(const TestCase& test, bool routed, Session* session) {
  uint64_t now_ms = kBeganMs;
  const Answer answer = AnswerOf(test, *session);
  for (int i = 0; i < kMaxTries; ++i) {
    if (routed) {
      now_ms += session->NextDelayMs(now_ms);
      const std::optional<size_t> target = session->NextTarget(now_ms);
      if (!target) break;
      session->BuildRequest(*target);
    }
    if (Feed(answer, now_ms, session) != Step::kNextTarget) break;
  }
  return now_ms;
}

session::RequestHead HeadOf(const TestCase& test, const std::string& path, size_t body_bytes) {
  const auto find = [&test](std::string_view name) -> std::optional<std::string_view> {
    for (const auto& [key, value] : test.headers) {
      if (key == name) return value;
    }
    return std::nullopt;
  };
  session::RequestHead head;
  head.method = "POST";
  head.path = path;
  head.content_type = find("content-type").value_or("application/json");
  head.content_encoding = find("content-encoding").value_or("");
  head.content_length = body_bytes;
  head.request_id = "test";
  // The defaults of keeptrusts_user_id and its like.
  head.user_id = find("x-user-id").value_or("");
  head.agent_id = find("x-keeptrusts-agent-id").value_or("");
  head.conversation_id = find("x-conversation-id").value_or("");
  head.header = find;
  head.header_equals = [&test](std::string_view name, std::string_view value) {
    return std::any_of(test.headers.begin(), test.headers.end(), [&](const auto& header) {
      return header.first == name && header.second == value;
    });
  };
  return head;
}

}  // namespace

Result<PackRunner> PackRunner::Make(const config::PolicyConfig& config, const std::string& rules) {
  auto own = std::make_shared<config::PolicyConfig>(config);
  for (config::Target& target : own->providers.targets) ReplaceReference(&target.secret_key_ref);
  ReplaceReference(&own->pii_detector.hash_key_ref);
  const auto& targets = own->providers.targets;
  const bool routed = !targets.empty();
  const std::string model = routed && !targets[0].model.empty() ? targets[0].model : "test-model";
  session::GatewayOptions options;
  if (!rules.empty()) options.packs = policies::PacksInDirectory(rules);
  options.secrets.env = StandIn;
  options.routed = routed;
  auto gateway = session::Gateway::Build(std::move(own), options, nullptr);
  if (!gateway.ok()) return gateway.status();
  return PackRunner(std::move(gateway).value(), routed, model);
}

CaseOutcome PackRunner::Run(const TestCase& test) const {
  const std::string body = RequestBody(test, model_), path = PathOf(test);
  session::SessionOptions options;
  options.routed = routed_;
  Session session(*gateway_, options, HeadOf(test, path, body.size()), kBeganMs,
                  kBeganUnixSeconds * 1'000'000);
  session.OnHead();
  if (!session.head_ready()) session.OnRequest(body, 0, kBeganMs);
  const uint64_t now_ms = session.head_ready() ? kBeganMs : AskProviders(test, routed_, &session);
  session.TakeOutput();
  const audit::Record& record =
      session.Finish(session.head_ready() ? session.head().status : 0, now_ms);
  return {std::string(record.verdict), std::string(record.reason_code)};
}

}  // namespace kt::cli
