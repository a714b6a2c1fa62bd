// Rows of the table: messages, items and their parts: in requests, answers and events. Sorted by
// context, in the order of the enumeration. Included by text_table.cc alone.
//
// Sources: the OpenAI API reference; and of compatible providers (Azure, DeepSeek, Gemini, Groq,
// Mistral, OpenRouter, vLLM) what their answers carry. A known key whose value should be a number
// or a flag has the default field: a string in its place is text.
#pragma once

#include "core/openai/text_table.h"

namespace kt::openai::rules {

using C = Context;
using F = Field;

// What a model says, which comes in pieces.
constexpr Rule Said(C in, std::string_view key, F field = F::kText, C child = C::kUnknown) {
  return {in, key, field, child, {}, RoleRule::kInherit, kPieceFlag};
}

inline constexpr Rule kMessageRules[] = {
    {C::kMessage, "role", F::kRole},
    Said(C::kMessage, "content", F::kText, C::kPart),
    {C::kMessage, "name", F::kName},
    Said(C::kMessage, "refusal"),
    {C::kMessage, "tool_calls", F::kText, C::kToolCall},
    {C::kMessage, "tool_call_id", F::kId},
    {C::kMessage, "function_call", F::kText, C::kCall},
    Said(C::kMessage, "reasoning_content"),
    Said(C::kMessage, "reasoning", F::kText, C::kReasoningDetail),
    {C::kMessage, "reasoning_details", F::kText, C::kReasoningDetail},
    {C::kMessage, "thinking_blocks", F::kText, C::kReasoningDetail},
    {C::kMessage, "audio", F::kText, C::kMessageAudio},
    {C::kMessage, "images", F::kText, C::kPart},  // OpenRouter, LiteLLM
    {C::kMessage, "annotations", F::kText, C::kAnnotation},
    {C::kMessage, "cache_control", F::kText, C::kCacheControl},
    {C::kMessage, "prefix"},
    {C::kMessage, "token_id", F::kLogprobs, C::kUnknown, "tokens"},

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
    {C::kItem, "tools", F::kText, C::kTool, {}, RoleRule::kToolDefinition},
    {C::kItem, "container_id", F::kId},
    {C::kItem, "approval_request_id", F::kId},
    {C::kItem, "approve"},

    {C::kPart, "type", F::kWord},
    Said(C::kPart, "text", F::kText, C::kPart),
    {C::kPart, "content", F::kText, C::kPart},
    Said(C::kPart, "refusal"),
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
    Said(C::kPart, "thinking", F::kText, C::kPart),
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
    Said(C::kMessageAudio, "transcript"),
    {C::kMessageAudio, "expires_at"},

    {C::kToolCall, "index"},
    {C::kToolCall, "id", F::kId},
    {C::kToolCall, "type", F::kWord},
    {C::kToolCall, "function", F::kText, C::kCall},
    {C::kToolCall, "custom", F::kText, C::kCall},
    {C::kToolCall, "extra_content", F::kText, C::kExtraContent},

    {C::kCall, "name", F::kIdentifier},
    Said(C::kCall, "arguments", F::kArguments),
    Said(C::kCall, "input"),

    {C::kReasoningDetail, "index"},
    {C::kReasoningDetail, "type", F::kWord},
    {C::kReasoningDetail, "id", F::kId},
    {C::kReasoningDetail, "format", F::kWord},
    Said(C::kReasoningDetail, "text"),
    Said(C::kReasoningDetail, "thinking"),
    Said(C::kReasoningDetail, "summary", F::kText, C::kReasoningDetail),
    Said(C::kReasoningDetail, "content", F::kText, C::kReasoningDetail),
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
};

}  // namespace kt::openai::rules
