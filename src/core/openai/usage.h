// Token counts as providers report them, in the shapes of chat completions, completions, embeddings
// and responses, and in those of providers that put them elsewhere.
#pragma once

#include <cstdint>

#include "core/json/view.h"

namespace kt::openai {

struct Usage {
  bool present = false;  // a count that is not zero has come
  uint64_t prompt_tokens = 0;
  uint64_t completion_tokens = 0;  // with the reasoning tokens, as they are billed
  uint64_t cached_tokens = 0;      // of the prompt tokens
  uint64_t reasoning_tokens = 0;   // of the completion tokens
};

// A `usage` object; kNoNode: none. One without counts, or with nothing but zeros, is no usage: no
// request has an empty prompt.
Usage ReadUsage(const json::View& view, json::NodeIndex node) noexcept;
// The usage of a whole answer or of a stream's event.
Usage FindUsage(const json::View& view) noexcept;

}  // namespace kt::openai
