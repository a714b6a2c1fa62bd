// Rows of the table: requests: their parameters, tools and schemas. Sorted by context, in the order
// of the enumeration. Included by text_table.cc alone.
//
// Sources: the OpenAI API reference; and of compatible providers (Azure, DeepSeek, Gemini, Groq,
// Mistral, OpenRouter, vLLM) what their answers carry. A known key whose value should be a number
// or a flag has the default field: a string in its place is text.
#pragma once

#include "core/openai/text_table.h"

namespace kt::openai::rules {

using C = Context;
using F = Field;
inline constexpr RoleRule kDefinition = RoleRule::kToolDefinition;

inline constexpr Rule kRequestRules[] = {
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
    {C::kAnyRequest, "stop", F::kText, C::kUnknown, {}, RoleRule::kParameter},
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
    {C::kAnyRequest, "prompt_token_ids", F::kPrompt},  // vLLM
    {C::kAnyRequest, "input_ids", F::kPrompt},         // SGLang

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
};

}  // namespace kt::openai::rules
