// Rows of the table: answers and events. Sorted by context, in the order of
// the enumeration. Included by text_table.cc alone.
//
// Sources: the OpenAI API reference; and of compatible providers (Azure, DeepSeek, Gemini, Groq,
// Mistral, OpenRouter, vLLM) what their answers carry. A known key whose value should be a number
// or a flag has the default field: a string in its place is text.
#pragma once

#include "core/openai/text_table.h"

namespace kt::openai::rules {

using C = Context;
using F = Field;

inline constexpr Rule kAnswerRules[] = {
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

}  // namespace kt::openai::rules
