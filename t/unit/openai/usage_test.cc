#include "core/openai/usage.h"

#include <gtest/gtest.h>

#include <string>

namespace kt::openai {
namespace {

Usage Of(const std::string& json) {
  json::View view;
  EXPECT_TRUE(view.Parse(json, 0, {}).ok()) << json;
  return FindUsage(view);
}

TEST(Usage, ReadsChatAndResponsesShapes) {
  const Usage chat = Of(R"({"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30,
      "prompt_tokens_details":{"cached_tokens":4},
      "completion_tokens_details":{"reasoning_tokens":5}}})");
  const Usage responses = Of(R"({"type":"response.completed","response":{"usage":{
      "input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":20,
      "output_tokens_details":{"reasoning_tokens":5},"total_tokens":30}}})");
  for (const Usage& usage : {chat, responses}) {
    EXPECT_TRUE(usage.present);
    EXPECT_EQ(usage.prompt_tokens, 10u);
    EXPECT_EQ(usage.completion_tokens, 20u);
    EXPECT_EQ(usage.cached_tokens, 4u);
    EXPECT_EQ(usage.reasoning_tokens, 5u);
  }
}

TEST(Usage, AnEmbeddingHasNoCompletion) {
  const Usage usage = Of(R"({"data":[],"usage":{"prompt_tokens":8,"total_tokens":8}})");
  EXPECT_TRUE(usage.present);
  EXPECT_EQ(usage.completion_tokens, 0u);
}

TEST(Usage, WithoutACountThereIsNone) {
  for (const char* json :
       {R"({})", R"({"usage":null})", R"({"usage":{}})", R"({"usage":[1]})", R"({"usage":7})",
        R"({"usage":{"prompt_tokens":null,"completion_tokens":null}})",
        R"({"usage":{"prompt_tokens":"11","completion_tokens":-7}})",
        R"({"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}})", R"([1])"}) {
    EXPECT_FALSE(Of(json).present) << json;
  }
}

TEST(Usage, AMissingCompletionFollowsFromTheTotal) {
  EXPECT_EQ(Of(R"({"usage":{"prompt_tokens":3,"total_tokens":10}})").completion_tokens, 7u);
}

TEST(Usage, ReasoningThatIsCountedApartIsAdded) {
  const Usage apart = Of(R"({"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":35,
      "completion_tokens_details":{"reasoning_tokens":5}}})");
  EXPECT_EQ(apart.completion_tokens, 25u);
  EXPECT_EQ(apart.reasoning_tokens, 5u);
}

TEST(Usage, FindsCachedTokensWhereverTheyStand) {
  EXPECT_EQ(Of(R"({"usage":{"prompt_tokens":9,"prompt_cache_hit_tokens":6}})").cached_tokens, 6u);
  EXPECT_EQ(Of(R"({"usage":{"prompt_tokens":9,"cached_tokens":5}})").cached_tokens, 5u);
  EXPECT_EQ(Of(R"({"usage":{"prompt_tokens":9,"prompt_tokens_details":null,"cached_tokens":5}})")
                .cached_tokens,
            5u);
}

TEST(Usage, IsFoundInGroqsOwnPlace) {
  EXPECT_EQ(Of(R"({"choices":[],"x_groq":{"usage":{"prompt_tokens":7}}})").prompt_tokens, 7u);
  EXPECT_EQ(Of(R"({"usage":null,"x_groq":{"usage":{"prompt_tokens":7}}})").prompt_tokens, 7u);
}

}  // namespace
}  // namespace kt::openai
