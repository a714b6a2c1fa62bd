// The `echo` provider: an embedded stand-in that answers with the last user message exactly as a
// provider would have received it. No network, no key. Pure: bytes in, bytes out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/openai/endpoint.h"

namespace kt::openai {

struct EchoAnswer {
  int status = 200;
  std::string content_type;
  // The body in pieces: one for JSON; for a stream one event a piece, the message cut into pieces
  // of 1 to 8 characters, the same each time, then usage (when asked for) and [DONE].
  std::vector<std::string> pieces;
};

// `body`: the request as it would go to a provider. Embeddings get a small deterministic vector.
EchoAnswer Echo(Endpoint endpoint, std::string_view body, std::string_view request_id,
                long long created_unix_seconds);

}  // namespace kt::openai
