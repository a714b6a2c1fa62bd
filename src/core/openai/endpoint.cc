#include "core/openai/endpoint.h"

namespace kt::openai {
namespace {

struct Row {
  Endpoint endpoint;
  std::string_view path, type;
};

constexpr Row kRows[] = {
    {Endpoint::kChatCompletions, "chat/completions", "chat"},
    {Endpoint::kCompletions, "completions", "completion"},
    {Endpoint::kEmbeddings, "embeddings", "embedding"},
    {Endpoint::kResponses, "responses", "chat"},
    {Endpoint::kModels, "models", ""},
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
    if (path == row.path) return row.endpoint;
  }
  return Endpoint::kUnknown;
}

std::string_view EndpointPath(Endpoint endpoint) noexcept {
  const Row* row = FindRow(endpoint);
  return row != nullptr ? row->path : std::string_view();
}

std::string_view EndpointType(Endpoint endpoint) noexcept {
  const Row* row = FindRow(endpoint);
  return row != nullptr ? row->type : std::string_view();
}

}  // namespace kt::openai
