// The gateway's error bodies and in-band stream errors (README, HTTP).
#pragma once

#include <string>
#include <string_view>

#include "core/openai/endpoint.h"

namespace kt::openai {

struct ErrorInfo {
  std::string message;  // never prompt text, never a secret
  std::string type;     // "policy_violation", "validation_error", "upstream_error", …
  std::string code;     // "input_blocked", …
  std::string param;    // empty: null
  std::string policy;   // empty: member left out
  std::string request_id;
};

// {"error":{…}}
std::string ErrorBody(const ErrorInfo& error);
// The SSE event that ends an incomplete stream. For `responses`: `event: error` whose one object
// has both shapes, with `sequence_number`; for all others `data: {"error":{…}}`.
std::string ErrorEvent(const ErrorInfo& error, Endpoint endpoint, uint64_t sequence_number);

}  // namespace kt::openai
