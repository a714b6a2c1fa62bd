// What is text in a request, an answer and a stream event (README, "What is scanned").
//
// Deny by default: every string of the JSON, of a known field or not, is text, unless the table in
// text_table.cc makes it an identifier or opaque, and opaque fields are so only while their values
// look like it. Empty strings yield no segment. Knows nothing of policies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/json/view.h"
#include "core/openai/endpoint.h"
#include "core/openai/usage.h"

namespace kt::openai {

enum class TextClass : uint8_t {
  kText,        // scanned, edited
  kIdentifier,  // scanned; a match becomes a charset-safe marker or blocks, see
                // Segment::replaceable
  // opaque strings yield no segment
};

// Who says a text. `input` and `prompt` are kUser; documents and tool or function results kTool;
// tool and function definitions kToolDefinition; what is for the server and no model reads (`stop`)
// kParameter; unknown roles and fields kUser (the strictest).
enum class Role : uint8_t {
  kUser,
  kTool,
  kAssistant,
  kSystem,
  kDeveloper,
  kToolDefinition,
  kParameter
};
std::string_view RoleName(Role role) noexcept;

// One lane: the texts of a stream that, concatenated, form one text. Opaque key, equal for equal
// (choice, field, tool call); 0: not part of a stream text, complete by itself.
using LaneKey = uint64_t;

// Which of the times that a stream says its answer: in deltas, then as whole texts, parts, items
// and at last the response. 0: what is said once.
using Saying = uint8_t;
inline constexpr Saying kSayings = 9;

struct Segment {
  json::NodeIndex node = json::kNoNode;
  bool is_key = false;  // the member's key, not its value (always an identifier)
  TextClass text_class = TextClass::kText;
  Role role = Role::kUser;
  bool replaceable = true;   // identifiers: `user`, `metadata` values, `name` of a message
  bool json_inside = false;  // a string that holds JSON: tool-call arguments (json_texts.h)
  LaneKey lane = 0;          // events only; of a growing text its own
  // Texts of equal group, not 0, are one text for who reads them in their order: the parts of a
  // message, the messages of one answer. A lane belongs to one group, which may be its own key.
  uint64_t group = 0;
  // Events: what came in pieces before, once more as a whole: a lane that ends with it.
  bool repeated = false;
  // Events: all that has come so far of a text that comes again, longer, with later events. It may
  // end in the middle of a value. One that is a part of a message has a group other than its lane.
  bool growing = false;
  // Events: a piece of a lane in a field whose pieces some clients put together, while others put
  // each in the place of the one before: it is a text of its own, too.
  bool apart = false;
  // Of a provider's error: nothing of the client's comes back in it.
  bool in_error = false;
  Saying saying = 0;  // events of `responses` only
};

struct RequestInfo {
  Endpoint endpoint = Endpoint::kUnknown;
  std::string model;  // untrusted; empty when absent
  json::NodeIndex model_node = json::kNoNode;
  bool stream = false;
  bool include_usage = false;  // the client asked for the usage chunk
  json::NodeIndex stream_options_node = json::kNoNode;
  std::vector<Segment> segments;       // document order
  std::vector<std::string> unscanned;  // "image", "audio", "file", "previous_response_id", …
  size_t text_bytes = 0;               // raw bytes of all segments
  bool wants_json = false;             // the answer's content is to be JSON
  bool stateful = false;               // refers to state at one provider: no failover
};

// A request that the API's shape forbids; becomes a 400.
struct RequestError {
  std::string code;  // of README, HTTP: "invalid_json", "unsupported_parameter", …
  std::string message;
  std::string param;  // empty: null
};

// Reads a request body. Returns false and fills *error when it must be refused: root is no object,
// `model` or `stream` of a wrong type, `background: true`, …. Never checks what only the provider
// can know.
bool MapRequest(const json::View& view, Endpoint endpoint, RequestInfo* info, RequestError* error);

struct AnswerInfo {
  std::vector<Segment> segments;  // all choices; lane is 0
  std::vector<std::string> unscanned;
  // `logprobs` values by choice: removed (replaced by null) when redaction touched a text of the
  // same choice.
  struct Logprobs {
    json::NodeIndex node;
    uint32_t choice;
  };
  std::vector<Logprobs> logprobs;
  Usage usage;
  size_t text_bytes = 0;      // raw bytes of all segments
  bool is_error = false;      // {"error": …} and no choices, data, output
  bool holds_answer = false;  // a list of choices, data or output, or at least `object`
  // A key is one of the API's but for its case: some clients take it for that one, others do not.
  bool misspelt = false;
  std::string model;

  // As it was made, but for the room of the lists.
  void Clear() noexcept;
};
// A whole answer (or a provider's error body), any JSON root.
void MapAnswer(const json::View& view, Endpoint endpoint, AnswerInfo* info);
// The choice (or output index of `responses`) in which a node lies; 0 when in none.
uint32_t ChoiceOf(const json::View& view, Endpoint endpoint, json::NodeIndex node) noexcept;

// How the choices of an event, its tool calls, or the items of `responses` say which ones they are.
// A client may put those that do not say it with number 0, or keep them apart: only where all of a
// stream do the same is there one reading.
enum class Numbering : uint8_t {
  kNone,    // there are none
  kIndex,   // each by an `index`
  kSingle,  // without; of choices only one
  kUnsound  // several choices without, both kinds, or an index, of whatever, that is no number
};

// Whose words the deltas of an event are: what the model says, or what it thinks.
enum class Voice : uint8_t { kNone, kSays, kThinks, kBoth };

struct EventInfo {
  std::vector<Segment> segments;  // lane != 0: a delta; lane == 0: a complete text
  std::vector<AnswerInfo::Logprobs> logprobs;
  // Choices (chat, completions) this event belongs to; empty: belongs to the whole stream.
  std::vector<uint32_t> choices;
  std::vector<uint32_t> finished;  // choices with a finish_reason in this event
  bool waits = false;  // never set here: goes out in its turn, as one with a finish_reason does
  Numbering numbering = Numbering::kNone;  // of its choices, or of the item of its delta
  LaneKey numbered = 0;                    // responses: deltas of one kind are numbered in one way
  Numbering call_numbering = Numbering::kNone;
  // By what a client comes to a delta: the SSE name, or the type in the data, or both. 0: there is
  // none. Some clients read events of one name only: where all deltas of a stream agree, they read
  // all or none.
  LaneKey naming = 0;
  // responses: lanes that get no more text (`response.output_text.done` ends the lane of its
  // deltas), so that what they hold back can be decided.
  std::vector<LaneKey> ended;
  // The same of groups: of the texts of an item, with its end.
  std::vector<uint64_t> ended_groups;
  Voice voice = Voice::kNone;  // chat
  bool content = false;        // content-bearing: text, reasoning, refusal, a tool name or argument
  bool is_error = false;
  bool misspelt = false;    // see AnswerInfo
  bool completed = false;   // responses: response.completed | incomplete | failed
  bool usage_only = false;  // chat: `choices: []` with usage: the chunk that include_usage adds
  Usage usage;
  size_t delta_bytes = 0;  // raw bytes of the text that it adds
  std::vector<std::string> unscanned;

  // As it was made, but for the room of the lists: one object serves a whole stream.
  void Clear() noexcept;
};
// One stream event: `data` as parsed in `view`, `event_name` as in the SSE field.
// "[DONE]" is not JSON and never comes here.
void MapEvent(const json::View& view, Endpoint endpoint, std::string_view event_name,
              EventInfo* info);

}  // namespace kt::openai
