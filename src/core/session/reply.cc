#include "core/session/reply.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"

namespace kt::session {
namespace {

enum class Retry : uint8_t { kUnsaid, kNever, kSoon, kLater };

struct Known {
  Error error;
  int status;
  const char* type;
  const char* code;
  const char* message;
  Retry retry = Retry::kUnsaid;
};

constexpr const char* kValidation = "validation_error";
constexpr const char* kUpstream = "upstream_error";

constexpr std::array kErrors = {
    Known{Error::kBadRequest, 400, kValidation, "invalid_request", "The request is malformed."},
    Known{Error::kInvalidJson, 400, kValidation, "invalid_json", "The body is no valid JSON."},
    Known{Error::kDuplicateKey, 400, kValidation, "duplicate_key",
          "The body names a key twice in one object."},
    Known{Error::kInvalidUtf8, 400, kValidation, "invalid_utf8", "The body is no valid UTF-8."},
    Known{Error::kUnsupportedEncoding, 400, kValidation, "unsupported_encoding",
          "Encoded bodies are not supported; send the body without Content-Encoding."},
    Known{Error::kUnsupportedContentType, 400, kValidation, "unsupported_content_type",
          "Multipart bodies are not supported; send JSON."},
    Known{Error::kUserIdRequired, 401, kValidation, "user_id_required",
          "This gateway requires a user id with each request."},
    Known{Error::kUnsupportedEndpoint, 404, kValidation, "unsupported_endpoint",
          "This gateway does not serve this endpoint."},
    Known{Error::kModelNotFound, 404, kValidation, "model_not_found",
          "No target of this gateway serves this model at this endpoint."},
    Known{Error::kMethodNotAllowed, 405, kValidation, "method_not_allowed",
          "This endpoint does not allow this method."},
    Known{Error::kRequestTimeout, 408, kValidation, "request_timeout",
          "The request did not arrive in time."},
    Known{Error::kBodyTooLarge, 413, kValidation, "body_too_large",
          "The body is over the limit of this gateway."},
    Known{Error::kInternal, 500, "internal_error", "internal_error",
          "The gateway could not handle the request.", Retry::kNever},
    Known{Error::kRateLimited, 429, "rate_limit", "rate_limit_exceeded",
          "The rate limit is reached.", Retry::kSoon},
    Known{Error::kUpstreamFailed, 502, kUpstream, "upstream_failed", "The provider failed.",
          Retry::kNever},
    Known{Error::kUpstreamInvalid, 502, kUpstream, "upstream_invalid_response",
          "The provider's answer is not valid.", Retry::kNever},
    Known{Error::kUpstreamAuth, 502, kUpstream, "upstream_auth_failed",
          "The provider refused the gateway's key or model.", Retry::kNever},
    Known{Error::kUpstreamTimeout, 504, kUpstream, "upstream_timeout",
          "The provider did not answer in time.", Retry::kNever},
    Known{Error::kNoTarget, 503, "unavailable", "no_target_available",
          "No target is available for this request.", Retry::kLater},
    Known{Error::kAuditUnavailable, 503, "unavailable", "audit_unavailable",
          "The audit log cannot take a record now.", Retry::kLater},
    Known{Error::kPackDisabled, 503, "unavailable", "pack_disabled",
          "The policy pack of this gateway is disabled.", Retry::kNever},
    Known{Error::kUnavailable, 503, "unavailable", "unavailable",
          "The gateway cannot take this request now."},
};

// Where nobody knows better: guesses that neither hammer nor strand a client. nginx's limits give
// way by the second.
constexpr const char* kLaterSeconds = "30";
constexpr const char* kSoonSeconds = "1";

const Known& Find(Error error) {
  return *std::find_if(kErrors.begin(), kErrors.end(),
                       [&](const Known& known) { return known.error == error; });
}

}  // namespace

openai::ErrorInfo MakeErrorInfo(Error error, std::string_view request_id, std::string_view detail) {
  const Known& known = Find(error);
  openai::ErrorInfo info;
  info.message = detail.empty() ? known.message : detail;
  info.type = known.type;
  info.code = known.code;
  info.request_id = request_id;
  return info;
}

Reply MakeReply(Error error, std::string_view request_id, std::string_view detail) {
  const Known& known = Find(error);
  Reply reply;
  reply.status = known.status;
  reply.body = openai::ErrorBody(MakeErrorInfo(error, request_id, detail));
  if (known.retry == Retry::kNever) reply.headers.push_back({"x-should-retry", "false"});
  if (known.retry == Retry::kSoon) reply.headers.push_back({"retry-after", kSoonSeconds});
  if (known.retry == Retry::kLater) reply.headers.push_back({"retry-after", kLaterSeconds});
  return reply;
}

Reply MakeBadRequest(std::string_view code, std::string_view message, std::string_view param,
                     std::string_view request_id) {
  openai::ErrorInfo info = MakeErrorInfo(Error::kBadRequest, request_id, message);
  info.code = code;
  info.param = param;
  Reply reply;
  reply.status = 400;
  reply.body = openai::ErrorBody(info);
  return reply;
}

openai::ErrorInfo MakeBlockInfo(const policy::Block& block, policy::Phase phase,
                                std::string_view place, std::string_view request_id) {
  openai::ErrorInfo info;
  info.message = block.message;
  if (info.message.empty()) info.message = "Blocked by policy.";
  if (!place.empty()) info.message.append(" (in ").append(place).append(")");
  info.type = "policy_violation";
  info.code = phase == policy::Phase::kInput ? "input_blocked" : "output_blocked";
  if (block.escalate) info.code = "escalation_required";
  info.policy = block.kind;
  info.request_id = request_id;
  return info;
}

Reply MakeBlockReply(const openai::ErrorInfo& info, int block_status) {
  Reply reply;
  reply.status = block_status;
  reply.body = openai::ErrorBody(info);
  reply.headers = {{"x-should-retry", "false"}, {"retry-after-ms", "0"}};
  return reply;
}

bool IsIdentity(std::string_view encoding) {
  return encoding.empty() || EqualsIgnoreCase(Trim(encoding), "identity");
}

bool IsHeaderText(std::string_view value) noexcept {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

}  // namespace kt::session
