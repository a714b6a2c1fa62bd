// The table behind "What is scanned" of README.md: for every place of the API's JSON, what a string
// there is.
//
// A place is a context (what kind of object we are in) and a key. Arrays are transparent: an
// element is what the array's own place says. What the table does not list is text, and its key an
// identifier. Private to openai/: others use text_map.h.
#pragma once

#include <cstdint>
#include <string_view>

namespace kt::openai {

enum class Context : uint8_t {
  kUnknown,  // no rows: every key an identifier, every string text
  // Requests.
  kAnyRequest,
  kChatRequest,
  kCompletionsRequest,
  kEmbeddingsRequest,
  kResponsesRequest,
  kStreamOptions,
  kStoredPrompt,
  kConversation,
  kTextOptions,
  kReasoningOptions,
  kVoice,
  kPrediction,
  kDocument,
  // Tools and schemas.
  kTool,
  kFunction,
  kGrammar,
  kToolChoice,
  kContainer,
  kFormat,
  kSchema,
  // Objects whose keys are the user's: every key is an identifier.
  kSchemaNames,
  kMetadata,
  kNames,
  kVariables,
  // Messages, items and their parts: requests, answers, events.
  kMessage,
  kItem,
  kPart,
  kMedia,
  kMessageAudio,
  kToolCall,
  kCall,
  kReasoningDetail,
  kAnnotation,
  kCacheControl,
  kExtraContent,
  // Answers and events.
  kAnswer,
  kEmbeddingsAnswer,
  kModelsAnswer,
  kResponsesAnswer,
  kResponsesEvent,
  kChoice,
  kRawOutput,
  kEmbedding,
  kModelEntry,
  kUsage,
  kError,
  kFilterResults,
  kIncomplete,
  kGroq,
  kCount,
};

// What a string value is. The opaque ones (from kWord on) only while the value has the field's
// shape (shapes.h); otherwise it is text.
enum class Field : uint8_t {
  kText,
  kPrompt,      // text; numbers in its place are token ids, which nobody can read
  kArguments,   // text that holds JSON
  kName,        // identifier; a match is replaced by a marker
  kIdentifier,  // identifier; a match blocks
  kToolChoice,  // a word of the API's, or the name of a tool: identifier
  kWord,
  kRole,
  kId,
  kModel,
  kMediaUrl,    // a data: URL; any other URL is text
  kMediaBytes,  // base64 of sound or image: Rule::state_or_media says which
  kFileBytes,   // a data: URL or base64 of a document
  kSealed,      // base64 that only the provider can read: encrypted content, signatures, vectors
  kState,       // an id of state at the provider: Rule::state_or_media names it
  kLogprobs,    // answers: a text's tokens; listed, not read; Rule::state_or_media names them
};

enum class RoleRule : uint8_t { kInherit, kTool, kSystem, kToolDefinition, kParameter };

enum : uint8_t {
  kContentFlag = 1,  // a non-empty text below is content of the answer
  kLaneFlag = 2,     // events: the texts below are pieces of texts
  kGrowingFlag = 4,  // with kLaneFlag: each piece is all that has come so far
  kPieceFlag = 8,    // of a delta: every client puts the pieces together
};

struct Rule {
  Context in;
  std::string_view key;  // "*": any key, and each key is an identifier
  Field field = Field::kText;
  Context child = Context::kUnknown;
  std::string_view state_or_media = {};
  RoleRule role = RoleRule::kInherit;
  uint8_t flags = 0;
};

// The rule for `key` in `in`; null when the table has none. A "*" rule is returned for keys that
// are not listed.
const Rule* FindRule(Context in, std::string_view key) noexcept;

}  // namespace kt::openai
