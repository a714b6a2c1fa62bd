#include "core/openai/endpoint.h"

namespace kt::openai {
namespace {

struct Row {
  Endpoint endpoint;
  std::string_view uri, type;
};

constexpr std::string_view kVersion = "/v1/";
constexpr Row kRows[] = {
    {Endpoint::kChatCompletions, "/v1/chat/completions", "chat"},
    {Endpoint::kCompletions, "/v1/completions", "completion"},
    {Endpoint::kEmbeddings, "/v1/embeddings", "embedding"},
    {Endpoint::kResponses, "/v1/responses", "chat"},
    {Endpoint::kModels, "/v1/models", ""},
};

const Row* FindRow(Endpoint endpoint) noexcept {
  for (const Row& row : kRows) {
    if (row.endpoint == endpoint) return &row;
  }
  return nullptr;
}

}  // namespace

Endpoint ParseEndpoint(std::string_view path) noexcept {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.starts_with("v1/")) path.remove_prefix(3);
  for (const Row& row : kRows) {
    if (path == row.uri.substr(kVersion.size())) return row.endpoint;
  }
  return Endpoint::kUnknown;
}

std::string_view EndpointPath(Endpoint endpoint) noexcept {
  const Row* row = FindRow(endpoint);
  return row != nullptr ? row->uri.substr(kVersion.size()) : std::string_view();
}

std::string_view EndpointUri(Endpoint endpoint) noexcept {
  const Row* row = FindRow(endpoint);
  return row != nullptr ? row->uri : std::string_view();
}

std::string_view EndpointType(Endpoint endpoint) noexcept {
  const Row* row = FindRow(endpoint);
  return row != nullptr ? row->type : std::string_view();
}

}  // namespace kt::openai
