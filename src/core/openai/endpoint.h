// The endpoints of the OpenAI-compatible API that the gateway governs (README, HTTP).
#pragma once

#include <cstdint>
#include <string_view>

namespace kt::openai {

enum class Endpoint : uint8_t {
  kUnknown,
  kChatCompletions,
  kCompletions,
  kEmbeddings,
  kResponses,
  kModels,
};

// `path`: what follows the location's prefix, with or without a leading slash and a leading "v1/";
// no query string. Exact matches only: "chat/completions/" is unknown.
Endpoint ParseEndpoint(std::string_view path) noexcept;
// "chat/completions": the path below a target's base URL.
std::string_view EndpointPath(Endpoint endpoint) noexcept;
// "/v1/chat/completions": one spelling, however the client wrote it.
std::string_view EndpointUri(Endpoint endpoint) noexcept;
// The type in a `<provider>:<type>:<model>` shorthand that serves this endpoint: "chat" for chat
// completions and responses, "completion", "embedding"; empty for others.
std::string_view EndpointType(Endpoint endpoint) noexcept;

}  // namespace kt::openai
