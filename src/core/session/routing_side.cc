#include <algorithm>
#include <array>

#include "core/session/impl.h"
#include "core/session/target_edits.h"

namespace kt::session {
namespace {

// What of the client's headers goes up.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPassed = {{
    {"openai-beta", "OpenAI-Beta"},
    {"traceparent", "traceparent"},
    {"tracestate", "tracestate"},
}};

}  // namespace

std::optional<size_t> Session::Impl::NextTarget(uint64_t now_ms) {
  if (client.decided() || committed) return std::nullopt;
  if (!tries.planned()) {
    tries.Plan(endpoint, request.model, request.stream, request.stateful || passed, now_ms);
  }
  mode = Mode::kNone;
  const auto target = tries.Next(now_ms);
  if (!target) RefuseWithoutTarget(now_ms);
  return target;
}

// A refused key or model is nothing that waiting mends; for all else the soonest return is told.
void Session::Impl::RefuseWithoutTarget(uint64_t now_ms) {
  if (!routing::AnyServes(gateway.config().providers, gateway.targets(), endpoint, request.model)) {
    return Refuse(Error::kModelNotFound);
  }
  if (tries.AllRefused(now_ms)) return Refuse(Error::kUpstreamAuth);
  Reply reply = MakeReply(Error::kNoTarget, head.request_id);
  const uint64_t seconds = std::max<uint64_t>(1, (tries.SoonestMs(now_ms) + 999) / 1000);
  reply.headers = {{"retry-after", std::to_string(seconds)}};
  error_code = MakeErrorInfo(Error::kNoTarget, {}).code;
  Answer(std::move(reply));
}

std::vector<routing::Header> Session::Impl::PassedHeaders() const {
  std::vector<routing::Header> headers;
  if (!head.header) return headers;
  for (const auto& [lower_name, name] : kPassed) {
    const auto value = head.header(lower_name);
    if (value) headers.push_back({std::string(name), std::string(*value)});
  }
  return headers;
}

Session::UpstreamRequest Session::Impl::BuildRequest(size_t target) {
  asked_upstream = true;
  if (passed) return BuildPassedRequest(target);
  const routing::Target& to = gateway.targets()[target];
  const bool has_option =
      endpoint == openai::Endpoint::kChatCompletions || endpoint == openai::Endpoint::kCompletions;
  const bool ask_usage = request.stream && to.config->stream_usage && has_option;
  json::Edits edits = request_edits;
  usage_asked = AddTargetEdits(view, request, to.config->model, ask_usage, &edits);
  UpstreamRequest out;
  out.body = body;
  if (!edits.empty()) {
    try_body.clear();
    edits.Apply(body, &try_body);
    out.body = try_body;
  }
  out.head =
      routing::BuildRequestHead(to, endpoint, out.body.size(), request.stream, PassedHeaders());
  return out;
}

// An unknown endpoint that passes: as the client wrote it, but with the target's key and host.
Session::UpstreamRequest Session::Impl::BuildPassedRequest(size_t target) const {
  constexpr std::string_view kVersion = "v1/";
  routing::RequestShape shape;
  shape.method = head.method;
  shape.path = head.path;
  while (shape.path.starts_with('/')) shape.path.remove_prefix(1);
  if (shape.path.starts_with(kVersion)) shape.path.remove_prefix(kVersion.size());
  shape.content_type = head.content_type;
  shape.content_length = body.size();
  UpstreamRequest out;
  out.body = body;
  out.head = routing::BuildRequestHead(gateway.targets()[target], shape, PassedHeaders());
  return out;
}

}  // namespace kt::session
