#include "core/openai/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace kt::openai {
namespace {

TEST(Endpoint, IsFoundWithAndWithoutVersion) {
  for (const char* path :
       {"chat/completions", "/chat/completions", "v1/chat/completions", "/v1/chat/completions"}) {
    EXPECT_EQ(ParseEndpoint(path), Endpoint::kChatCompletions) << path;
  }
  EXPECT_EQ(ParseEndpoint("/v1/completions"), Endpoint::kCompletions);
  EXPECT_EQ(ParseEndpoint("/v1/embeddings"), Endpoint::kEmbeddings);
  EXPECT_EQ(ParseEndpoint("/v1/responses"), Endpoint::kResponses);
  EXPECT_EQ(ParseEndpoint("/v1/models"), Endpoint::kModels);
}

TEST(Endpoint, OthersAreUnknown) {
  for (const char* path :
       {"", "/", "v1/", "chat/completions/", "//chat/completions", "v1/v1/models", "V1/models",
        "/v2/models", "Chat/Completions", "chat/completions?x", "responses/resp_1", "v1models"}) {
    EXPECT_EQ(ParseEndpoint(path), Endpoint::kUnknown) << path;
  }
}

TEST(Endpoint, PathAndType) {
  for (const Endpoint endpoint : {Endpoint::kChatCompletions, Endpoint::kCompletions,
                                  Endpoint::kEmbeddings, Endpoint::kResponses, Endpoint::kModels}) {
    EXPECT_EQ(ParseEndpoint(EndpointPath(endpoint)), endpoint);
    EXPECT_EQ(EndpointUri(endpoint), "/v1/" + std::string(EndpointPath(endpoint)));
  }
  EXPECT_EQ(EndpointPath(Endpoint::kUnknown), "");
  EXPECT_EQ(EndpointUri(Endpoint::kUnknown), "");
  EXPECT_EQ(EndpointType(Endpoint::kChatCompletions), "chat");
  EXPECT_EQ(EndpointType(Endpoint::kResponses), "chat");
  EXPECT_EQ(EndpointType(Endpoint::kCompletions), "completion");
  EXPECT_EQ(EndpointType(Endpoint::kEmbeddings), "embedding");
  EXPECT_EQ(EndpointType(Endpoint::kModels), "");
}

}  // namespace
}  // namespace kt::openai
