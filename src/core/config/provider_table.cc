#include "core/config/provider_table.h"

#include <algorithm>

namespace kt::config {

namespace {

// Perplexity serves chat completions at the root of its host. Mistral refuses `stream_options` with
// 422; Mistral and Perplexity send usage in the last event by themselves.
constexpr ProviderInfo kProviders[] = {
    {"fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", true},
    {"openai", "https://api.openai.com/v1", "OPENAI_API_KEY", true},
    {"together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", true},
    {"groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", true},
    {"cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", true},
    {"mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", false},
    {"deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", true},
    {"xai", "https://api.x.ai/v1", "XAI_API_KEY", true},
    {"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", true},
    {"perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY", false},
    {"ollama", "http://localhost:11434/v1", "", true},
    {"vllm", "", "", true},
    {"localai", "", "", false},
    {"litellm", "", "", true},
    {"openai-compatible", "", "", false},
    {kEchoProvider, "", "", true},
};

constexpr std::string_view kLaterProviders[] = {
    "ai21",      "aimlapi",     "alibaba",
    "anthropic", "azure",       "azure-openai",
    "bedrock",   "cloudera",    "cloudflare-gateway",
    "cohere",    "databricks",  "gemini",
    "google",    "huggingface", "llamaApi",
    "replicate", "sagemaker",   "truefoundry",
    "vertex",    "vertexai",    "watsonx",
};

}  // namespace

const ProviderInfo* FindProvider(std::string_view name) {
  const auto found = std::find_if(std::begin(kProviders), std::end(kProviders),
                                  [name](const ProviderInfo& p) { return p.name == name; });
  return found == std::end(kProviders) ? nullptr : found;
}

std::span<const ProviderInfo> AllProviders() {
  return kProviders;
}

bool IsLaterProvider(std::string_view name) {
  return std::find(std::begin(kLaterProviders), std::end(kLaterProviders), name) !=
         std::end(kLaterProviders);
}

}  // namespace kt::config
