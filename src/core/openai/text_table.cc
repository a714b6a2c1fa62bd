#include "core/openai/text_table.h"

#include <array>
#include <iterator>

namespace kt::openai {
namespace {

using C = Context;
using F = Field;
constexpr RoleRule kDefinition = RoleRule::kToolDefinition;

// Sorted by context, in the order of the enumeration. Sources: the OpenAI API reference; and of
// compatible providers (Azure, DeepSeek, Gemini, Groq, Mistral, OpenRouter, vLLM) what their
// answers carry. A known key whose value should be a number or a flag has the default field: a
// string in its place is text.
constexpr Rule kRules[] = {
    {C::kAnyRequest, "model", F::kModel},
    {C::kAnyRequest, "stream"},
    {C::kAnyRequest, "stream_options", F::kText, C::kStreamOptions},
    {C::kAnyRequest, "temperature"},
    {C::kAnyRequest, "top_p"},
    {C::kAnyRequest, "max_tokens"},
    {C::kAnyRequest, "max_completion_tokens"},
    {C::kAnyRequest, "tools", F::kText, C::kTool, {}, kDefinition},
    {C::kAnyRequest, "tool_choice", F::kToolChoice, C::kToolChoice},
    {C::kAnyRequest, "parallel_tool_calls"},
    {C::kAnyRequest, "response_format", F::kText, C::kFormat, {}, kDefinition},
    {C::kAnyRequest, "stop"},
    {C::kAnyRequest, "n"},
    {C::kAnyRequest, "user", F::kName},
    {C::kAnyRequest, "safety_identifier", F::kName},
    {C::kAnyRequest, "prompt_cache_key", F::kName},
    {C::kAnyRequest, "prompt_cache_retention", F::kWord},
    {C::kAnyRequest, "metadata", F::kName, C::kMetadata},
    {C::kAnyRequest, "store"},
    {C::kAnyRequest, "service_tier", F::kWord},
    {C::kAnyRequest, "seed"},
    {C::kAnyRequest, "top_k"},
    {C::kAnyRequest, "min_p"},
    {C::kAnyRequest, "presence_penalty"},
    {C::kAnyRequest, "frequency_penalty"},
    {C::kAnyRequest, "repetition_penalty"},
    {C::kAnyRequest, "logit_bias", F::kText, C::kNames},
    {C::kAnyRequest, "logprobs"},
    {C::kAnyRequest, "top_logprobs"},
    {C::kAnyRequest, "reasoning_effort", F::kWord},
    {C::kAnyRequest, "verbosity", F::kWord},

    {C::kChatRequest, "messages", F::kText, C::kMessage},
    {C::kChatRequest, "functions", F::kText, C::kFunction, {}, kDefinition},
    {C::kChatRequest, "function_call", F::kToolChoice, C::kToolChoice},
    {C::kChatRequest, "modalities", F::kWord},
    {C::kChatRequest, "audio", F::kText, C::kVoice},
    {C::kChatRequest, "prediction", F::kText, C::kPrediction},
    {C::kChatRequest, "documents", F::kText, C::kDocument, {}, RoleRule::kTool},

    {C::kCompletionsRequest, "prompt", F::kPrompt},
    {C::kCompletionsRequest, "suffix"},
    {C::kCompletionsRequest, "echo"},
    {C::kCompletionsRequest, "best_of"},

    {C::kEmbeddingsRequest, "input", F::kPrompt},
    {C::kEmbeddingsRequest, "encoding_format", F::kWord},
    {C::kEmbeddingsRequest, "dimensions"},

    {C::kResponsesRequest, "input", F::kText, C::kItem},
    {C::kResponsesRequest, "instructions", F::kText, C::kItem, {}, RoleRule::kSystem},
    {C::kResponsesRequest, "previous_response_id", F::kState, C::kUnknown, "previous_response_id"},
    {C::kResponsesRequest, "conversation", F::kState, C::kConversation, "conversation"},
    {C::kResponsesRequest, "prompt", F::kText, C::kStoredPrompt},
    {C::kResponsesRequest, "background"},
    {C::kResponsesRequest, "include", F::kWord},
    {C::kResponsesRequest, "text", F::kText, C::kTextOptions, {}, kDefinition},
    {C::kResponsesRequest, "reasoning", F::kText, C::kReasoningOptions},
    {C::kResponsesRequest, "truncation", F::kWord},
    {C::kResponsesRequest, "max_output_tokens"},
    {C::kResponsesRequest, "max_tool_calls"},

    {C::kStreamOptions, "include_usage"},
    {C::kStreamOptions, "include_obfuscation"},

    {C::kStoredPrompt, "id", F::kState, C::kUnknown, "prompt"},
    {C::kStoredPrompt, "version", F::kId},
    {C::kStoredPrompt, "variables", F::kText, C::kVariables},

    {C::kConversation, "id", F::kState, C::kUnknown, "conversation"},

    {C::kTextOptions, "format", F::kText, C::kFormat},
    {C::kTextOptions, "verbosity", F::kWord},

    {C::kReasoningOptions, "effort", F::kWord},
    {C::kReasoningOptions, "summary", F::kWord},
    {C::kReasoningOptions, "generate_summary", F::kWord},

    {C::kVoice, "voice", F::kId},
    {C::kVoice, "format", F::kWord},

    {C::kPrediction, "type", F::kWord},
    {C::kPrediction, "content", F::kText, C::kPart},

    {C::kDocument, "id", F::kId},
    {C::kDocument, "title"},
    {C::kDocument, "text"},
    {C::kDocument, "content", F::kText, C::kPart},

    {C::kTool, "type", F::kWord},
    {C::kTool, "function", F::kText, C::kFunction},
    {C::kTool, "custom", F::kText, C::kFunction},
    {C::kTool, "name", F::kIdentifier},
    {C::kTool, "description"},
    {C::kTool, "parameters", F::kText, C::kSchema},
    {C::kTool, "input_schema", F::kText, C::kSchema},
    {C::kTool, "strict"},
    {C::kTool, "format", F::kText, C::kGrammar},
    {C::kTool, "cache_control", F::kText, C::kCacheControl},
    {C::kTool, "server_label", F::kIdentifier},
    {C::kTool, "server_url"},
    {C::kTool, "server_description"},
    {C::kTool, "allowed_tools", F::kIdentifier},
    {C::kTool, "require_approval", F::kWord},
    {C::kTool, "connector_id", F::kWord},
    {C::kTool, "vector_store_ids", F::kState, C::kUnknown, "vector_store"},
    {C::kTool, "container", F::kState, C::kContainer, "container"},
    {C::kTool, "search_context_size", F::kWord},
    {C::kTool, "environment", F::kWord},
    {C::kTool, "max_num_results"},

    {C::kFunction, "name", F::kIdentifier},
    {C::kFunction, "description"},
    {C::kFunction, "parameters", F::kText, C::kSchema},
    {C::kFunction, "strict"},
    {C::kFunction, "format", F::kText, C::kGrammar},

    {C::kGrammar, "type", F::kWord},
    {C::kGrammar, "syntax", F::kWord},
    {C::kGrammar, "definition"},
    {C::kGrammar, "grammar", F::kText, C::kGrammar},

    {C::kToolChoice, "type", F::kWord},
    {C::kToolChoice, "name", F::kIdentifier},
    {C::kToolChoice, "mode", F::kWord},
    {C::kToolChoice, "function", F::kText, C::kToolChoice},
    {C::kToolChoice, "custom", F::kText, C::kToolChoice},
    {C::kToolChoice, "allowed_tools", F::kText, C::kToolChoice},
    {C::kToolChoice, "tools", F::kText, C::kToolChoice},
    {C::kToolChoice, "server_label", F::kIdentifier},

    {C::kContainer, "type", F::kWord},
    {C::kContainer, "file_ids", F::kState, C::kUnknown, "file"},

    {C::kFormat, "type", F::kWord},
    {C::kFormat, "json_schema", F::kText, C::kFormat},
    {C::kFormat, "name", F::kIdentifier},
    {C::kFormat, "description"},
    {C::kFormat, "schema", F::kText, C::kSchema},
    {C::kFormat, "strict"},
    {C::kFormat, "grammar"},

    {C::kSchema, "type", F::kWord},
    {C::kSchema, "description"},
    {C::kSchema, "properties", F::kText, C::kSchemaNames},
    {C::kSchema, "required", F::kIdentifier},
    {C::kSchema, "enum", F::kIdentifier},
    {C::kSchema, "const", F::kIdentifier},
    {C::kSchema, "items", F::kText, C::kSchema},
    {C::kSchema, "additionalProperties", F::kText, C::kSchema},
    {C::kSchema, "title"},
    {C::kSchema, "default"},
    {C::kSchema, "examples"},
    {C::kSchema, "format", F::kWord},
    {C::kSchema, "pattern"},
    {C::kSchema, "nullable"},
    {C::kSchema, "minimum"},
    {C::kSchema, "maximum"},
    {C::kSchema, "minLength"},
    {C::kSchema, "maxLength"},
    {C::kSchema, "minItems"},
    {C::kSchema, "maxItems"},
    {C::kSchema, "anyOf", F::kText, C::kSchema},
    {C::kSchema, "oneOf", F::kText, C::kSchema},
    {C::kSchema, "allOf", F::kText, C::kSchema},
    {C::kSchema, "not", F::kText, C::kSchema},
    {C::kSchema, "prefixItems", F::kText, C::kSchema},
    {C::kSchema, "$defs", F::kText, C::kSchemaNames},
    {C::kSchema, "definitions", F::kText, C::kSchemaNames},
    {C::kSchema, "patternProperties", F::kText, C::kSchemaNames},
    {C::kSchema, "$ref", F::kIdentifier},
    {C::kSchema, "$schema"},

    {C::kSchemaNames, "*", F::kText, C::kSchema},
    {C::kMetadata, "*", F::kName, C::kMetadata},
    {C::kNames, "*"},
    {C::kVariables, "*", F::kText, C::kPart},

    {C::kMessage, "role", F::kRole},
    {C::kMessage, "content", F::kText, C::kPart},
    {C::kMessage, "name", F::kName},
    {C::kMessage, "refusal"},
    {C::kMessage, "tool_calls", F::kText, C::kToolCall},
    {C::kMessage, "tool_call_id", F::kId},
    {C::kMessage, "function_call", F::kText, C::kCall},
    {C::kMessage, "reasoning_content"},
    {C::kMessage, "reasoning", F::kText, C::kReasoningDetail},
    {C::kMessage, "reasoning_details", F::kText, C::kReasoningDetail},
    {C::kMessage, "thinking_blocks", F::kText, C::kReasoningDetail},
    {C::kMessage, "audio", F::kText, C::kMessageAudio},
    {C::kMessage, "annotations", F::kText, C::kAnnotation},
    {C::kMessage, "cache_control", F::kText, C::kCacheControl},
    {C::kMessage, "prefix"},

    {C::kItem, "type", F::kWord},
    {C::kItem, "id", F::kId},
    {C::kItem, "role", F::kRole},
    {C::kItem, "content", F::kText, C::kPart},
    {C::kItem, "status", F::kWord},
    {C::kItem, "phase", F::kWord},
    {C::kItem, "call_id", F::kId},
    {C::kItem, "name", F::kIdentifier},
    {C::kItem, "arguments", F::kArguments},
    {C::kItem, "input"},
    {C::kItem, "output", F::kText, C::kPart},
    {C::kItem, "summary", F::kText, C::kPart},
    {C::kItem, "encrypted_content", F::kSealed},
    {C::kItem, "result", F::kMediaBytes, C::kUnknown, "image"},
    {C::kItem, "server_label", F::kIdentifier},
    {C::kItem, "tools", F::kText, C::kTool, {}, kDefinition},
    {C::kItem, "container_id", F::kId},
    {C::kItem, "approval_request_id", F::kId},
    {C::kItem, "approve"},

    {C::kPart, "type", F::kWord},
    {C::kPart, "text"},
    {C::kPart, "refusal"},
    {C::kPart, "image_url", F::kMediaUrl, C::kMedia},
    {C::kPart, "input_audio", F::kText, C::kMedia},
    {C::kPart, "audio_url", F::kMediaUrl, C::kMedia},
    {C::kPart, "video_url", F::kMediaUrl, C::kMedia},
    {C::kPart, "file", F::kText, C::kMedia},
    {C::kPart, "detail", F::kWord},
    {C::kPart, "file_id", F::kState, C::kUnknown, "file"},
    {C::kPart, "file_data", F::kFileBytes},
    {C::kPart, "file_url"},
    {C::kPart, "filename"},
    {C::kPart, "annotations", F::kText, C::kAnnotation},
    {C::kPart, "logprobs", F::kLogprobs},
    {C::kPart, "thinking", F::kText, C::kPart},
    {C::kPart, "signature", F::kSealed},
    {C::kPart, "cache_control", F::kText, C::kCacheControl},

    {C::kMedia, "url", F::kMediaUrl},
    {C::kMedia, "detail", F::kWord},
    {C::kMedia, "data", F::kMediaBytes, C::kUnknown, "audio"},
    {C::kMedia, "format", F::kWord},
    {C::kMedia, "file_id", F::kState, C::kUnknown, "file"},
    {C::kMedia, "file_data", F::kFileBytes},
    {C::kMedia, "filename"},

    {C::kMessageAudio, "id", F::kState, C::kUnknown, "audio"},
    {C::kMessageAudio, "data", F::kMediaBytes, C::kUnknown, "audio"},
    {C::kMessageAudio, "transcript"},
    {C::kMessageAudio, "expires_at"},

    {C::kToolCall, "index"},
    {C::kToolCall, "id", F::kId},
    {C::kToolCall, "type", F::kWord},
    {C::kToolCall, "function", F::kText, C::kCall},
    {C::kToolCall, "custom", F::kText, C::kCall},
    {C::kToolCall, "extra_content", F::kText, C::kExtraContent},

    {C::kCall, "name", F::kIdentifier},
    {C::kCall, "arguments", F::kArguments},
    {C::kCall, "input"},

    {C::kReasoningDetail, "index"},
    {C::kReasoningDetail, "type", F::kWord},
    {C::kReasoningDetail, "id", F::kId},
    {C::kReasoningDetail, "format", F::kWord},
    {C::kReasoningDetail, "text"},
    {C::kReasoningDetail, "thinking"},
    {C::kReasoningDetail, "summary", F::kText, C::kReasoningDetail},
    {C::kReasoningDetail, "content", F::kText, C::kReasoningDetail},
    {C::kReasoningDetail, "data", F::kSealed},
    {C::kReasoningDetail, "signature", F::kSealed},
    {C::kReasoningDetail, "encrypted_content", F::kSealed},

    {C::kAnnotation, "type", F::kWord},
    {C::kAnnotation, "index"},
    {C::kAnnotation, "start_index"},
    {C::kAnnotation, "end_index"},
    {C::kAnnotation, "url"},
    {C::kAnnotation, "title"},
    {C::kAnnotation, "content"},
    {C::kAnnotation, "filename"},
    {C::kAnnotation, "file_id", F::kId},
    {C::kAnnotation, "container_id", F::kId},
    {C::kAnnotation, "url_citation", F::kText, C::kAnnotation},
    {C::kAnnotation, "file_citation", F::kText, C::kAnnotation},

    {C::kCacheControl, "type", F::kWord},
    {C::kCacheControl, "ttl", F::kWord},

    {C::kExtraContent, "google", F::kText, C::kExtraContent},
    {C::kExtraContent, "thought_signature", F::kSealed},

    {C::kAnswer, "id", F::kId},
    {C::kAnswer, "object", F::kWord},
    {C::kAnswer, "created"},
    {C::kAnswer, "model", F::kModel},
    {C::kAnswer, "choices", F::kText, C::kChoice},
    {C::kAnswer, "usage", F::kText, C::kUsage},
    {C::kAnswer, "system_fingerprint", F::kId},
    {C::kAnswer, "service_tier", F::kWord},
    {C::kAnswer, "obfuscation", F::kId},
    {C::kAnswer, "error", F::kText, C::kError},
    {C::kAnswer, "prompt_logprobs", F::kLogprobs},
    {C::kAnswer, "prompt_filter_results", F::kText, C::kFilterResults},
    {C::kAnswer, "x_groq", F::kText, C::kGroq},

    {C::kEmbeddingsAnswer, "data", F::kText, C::kEmbedding},

    {C::kModelsAnswer, "data", F::kText, C::kModelEntry},

    {C::kResponsesAnswer, "id", F::kId},
    {C::kResponsesAnswer, "object", F::kWord},
    {C::kResponsesAnswer, "created_at"},
    {C::kResponsesAnswer, "completed_at"},
    {C::kResponsesAnswer, "status", F::kWord},
    {C::kResponsesAnswer, "error", F::kText, C::kError},
    {C::kResponsesAnswer, "incomplete_details", F::kText, C::kIncomplete},
    {C::kResponsesAnswer, "output", F::kText, C::kItem, {}, RoleRule::kInherit, kContentFlag},
    {C::kResponsesAnswer,
     "output_text",
     F::kText,
     C::kUnknown,
     {},
     RoleRule::kInherit,
     kContentFlag},
    {C::kResponsesAnswer, "usage", F::kText, C::kUsage},

    {C::kResponsesEvent, "type", F::kWord},
    {C::kResponsesEvent, "sequence_number"},
    {C::kResponsesEvent, "item_id", F::kId},
    {C::kResponsesEvent, "output_index"},
    {C::kResponsesEvent, "content_index"},
    {C::kResponsesEvent, "summary_index"},
    {C::kResponsesEvent, "annotation_index"},
    {C::kResponsesEvent,
     "delta",
     F::kText,
     C::kPart,
     {},
     RoleRule::kInherit,
     kContentFlag | kLaneFlag},
    {C::kResponsesEvent, "text", F::kText, C::kPart, {}, RoleRule::kInherit, kContentFlag},
    {C::kResponsesEvent, "refusal", F::kText, C::kPart, {}, RoleRule::kInherit, kContentFlag},
    {C::kResponsesEvent,
     "arguments",
     F::kArguments,
     C::kUnknown,
     {},
     RoleRule::kInherit,
     kContentFlag},
    {C::kResponsesEvent, "input", F::kText, C::kUnknown, {}, RoleRule::kInherit, kContentFlag},
    {C::kResponsesEvent, "name", F::kIdentifier, C::kUnknown, {}, RoleRule::kInherit, kContentFlag},
    {C::kResponsesEvent, "part", F::kText, C::kPart, {}, RoleRule::kInherit, kContentFlag},
    {C::kResponsesEvent, "item", F::kText, C::kItem, {}, RoleRule::kInherit, kContentFlag},
    {C::kResponsesEvent, "response", F::kText, C::kResponsesAnswer},
    {C::kResponsesEvent, "annotation", F::kText, C::kAnnotation},
    {C::kResponsesEvent, "logprobs", F::kLogprobs},
    {C::kResponsesEvent, "obfuscation", F::kId},
    {C::kResponsesEvent, "error", F::kText, C::kError},
    {C::kResponsesEvent, "partial_image_b64", F::kMediaBytes, C::kUnknown, "image"},
    {C::kResponsesEvent, "partial_image_index"},
    {C::kResponsesEvent, "code"},
    {C::kResponsesEvent, "message"},
    {C::kResponsesEvent, "param"},

    {C::kChoice, "index"},
    {C::kChoice, "delta", F::kText, C::kMessage, {}, RoleRule::kInherit, kContentFlag | kLaneFlag},
    {C::kChoice, "message", F::kText, C::kMessage, {}, RoleRule::kInherit, kContentFlag},
    {C::kChoice, "text", F::kText, C::kUnknown, {}, RoleRule::kInherit, kContentFlag | kLaneFlag},
    {C::kChoice, "finish_reason", F::kWord},
    {C::kChoice, "native_finish_reason", F::kWord},
    {C::kChoice, "stop_reason"},
    {C::kChoice, "logprobs", F::kLogprobs},
    {C::kChoice, "prompt_logprobs", F::kLogprobs},
    {C::kChoice, "token_ids"},
    {C::kChoice, "content_filter_results", F::kText, C::kFilterResults},

    {C::kEmbedding, "object", F::kWord},
    {C::kEmbedding, "index"},
    {C::kEmbedding, "embedding", F::kSealed},

    {C::kModelEntry, "id", F::kModel},
    {C::kModelEntry, "object", F::kWord},
    {C::kModelEntry, "created"},
    {C::kModelEntry, "owned_by", F::kId},

    {C::kUsage, "prompt_tokens"},
    {C::kUsage, "completion_tokens"},
    {C::kUsage, "total_tokens"},
    {C::kUsage, "prompt_tokens_details", F::kText, C::kUsage},
    {C::kUsage, "completion_tokens_details", F::kText, C::kUsage},
    {C::kUsage, "input_tokens"},
    {C::kUsage, "output_tokens"},
    {C::kUsage, "input_tokens_details", F::kText, C::kUsage},
    {C::kUsage, "output_tokens_details", F::kText, C::kUsage},
    {C::kUsage, "cached_tokens"},
    {C::kUsage, "reasoning_tokens"},
    {C::kUsage, "audio_tokens"},
    {C::kUsage, "accepted_prediction_tokens"},
    {C::kUsage, "rejected_prediction_tokens"},

    {C::kError, "message"},
    {C::kError, "type", F::kWord},
    {C::kError, "code", F::kWord},
    {C::kError, "param"},

    {C::kFilterResults, "prompt_index"},
    {C::kFilterResults, "content_filter_results", F::kText, C::kFilterResults},
    {C::kFilterResults, "hate", F::kText, C::kFilterResults},
    {C::kFilterResults, "self_harm", F::kText, C::kFilterResults},
    {C::kFilterResults, "sexual", F::kText, C::kFilterResults},
    {C::kFilterResults, "violence", F::kText, C::kFilterResults},
    {C::kFilterResults, "jailbreak", F::kText, C::kFilterResults},
    {C::kFilterResults, "profanity", F::kText, C::kFilterResults},
    {C::kFilterResults, "filtered"},
    {C::kFilterResults, "detected"},
    {C::kFilterResults, "severity", F::kWord},

    {C::kIncomplete, "reason", F::kWord},

    {C::kGroq, "id", F::kId},
    {C::kGroq, "usage", F::kText, C::kUsage},
    {C::kGroq, "error"},
};

constexpr size_t kContexts = static_cast<size_t>(Context::kCount);

constexpr bool Grouped() {
  for (size_t i = 1; i < std::size(kRules); ++i) {
    if (kRules[i].in < kRules[i - 1].in) return false;
  }
  return true;
}
static_assert(Grouped(), "rows follow the order of the enumeration");

// first[c]: the first row of context c; its rows end where those of the next one begin.
constexpr std::array<uint16_t, kContexts + 1> FirstRows() {
  std::array<uint16_t, kContexts + 1> first{};
  size_t row = 0;
  for (size_t context = 0; context <= kContexts; ++context) {
    while (row < std::size(kRules) && static_cast<size_t>(kRules[row].in) < context) ++row;
    first[context] = static_cast<uint16_t>(row);
  }
  return first;
}
constexpr auto kFirstRows = FirstRows();

// A context that has all the rows of another one.
constexpr Context Base(Context context) noexcept {
  switch (context) {
    case C::kChatRequest:
    case C::kCompletionsRequest:
    case C::kEmbeddingsRequest:
    case C::kResponsesRequest:
      return C::kAnyRequest;
    case C::kResponsesAnswer:  // repeats the request's parameters
      return C::kResponsesRequest;
    case C::kEmbeddingsAnswer:
    case C::kModelsAnswer:
      return C::kAnswer;
    default:
      return C::kUnknown;
  }
}

}  // namespace

const Rule* FindRule(Context in, std::string_view key) noexcept {
  const Rule* any = nullptr;
  for (; in != Context::kUnknown; in = Base(in)) {
    const auto context = static_cast<size_t>(in);
    for (size_t row = kFirstRows[context]; row < kFirstRows[context + 1]; ++row) {
      const Rule& rule = kRules[row];
      if (rule.key.size() == key.size() && rule.key == key && key != "*") return &rule;
      if (rule.key == "*") any = &rule;
    }
  }
  return any;
}

}  // namespace kt::openai
