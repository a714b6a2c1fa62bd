#include "core/openai/error_body.h"

#include "core/base/text.h"
#include "core/json/edits.h"
#include "core/sse/splitter.h"

namespace kt::openai {
namespace {

std::string QuoteOrNull(std::string_view text) {
  return text.empty() ? "null" : json::Quote(ReplaceInvalidUtf8(text));
}

std::string Quote(std::string_view text) {
  return json::Quote(ReplaceInvalidUtf8(text));
}

}  // namespace

std::string ErrorBody(const ErrorInfo& error) {
  std::string out = "{\"error\":{\"message\":" + Quote(error.message) +
                    ",\"type\":" + Quote(error.type) + ",\"param\":" + QuoteOrNull(error.param) +
                    ",\"code\":" + QuoteOrNull(error.code);
  if (!error.policy.empty()) out += ",\"policy\":" + Quote(error.policy);
  return out + ",\"request_id\":" + Quote(error.request_id) + "}}";
}

std::string ErrorEvent(const ErrorInfo& error, Endpoint endpoint, uint64_t sequence_number) {
  std::string event;
  const std::string body = ErrorBody(error);
  if (endpoint != Endpoint::kResponses) {
    sse::AppendEvent("", body, &event);
    return event;
  }
  // Some clients look for the members of the event, some for an `error` object: one object with
  // both reaches all.
  std::string data = "{\"type\":\"error\",\"code\":" + QuoteOrNull(error.code) +
                     ",\"message\":" + Quote(error.message) +
                     ",\"param\":" + QuoteOrNull(error.param) +
                     ",\"sequence_number\":" + std::to_string(sequence_number) + ",";
  data.append(body, 1);
  sse::AppendEvent("error", data, &event);
  return event;
}

}  // namespace kt::openai
