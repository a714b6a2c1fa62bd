// What a target changes in the request: its model, and the usage that we ask for.
#pragma once

#include <string_view>

#include "core/json/edits.h"
#include "core/json/view.h"
#include "core/openai/text_map.h"

namespace kt::session {

// Adds the replacement of the model by `model` (empty: the client's goes up).
// Precondition: the root of `view` is an object.
// Adds `stream_options.include_usage` when `ask_usage`, unless the client has asked for it.
void AddTargetEdits(const json::View& view, const openai::RequestInfo& request,
                    std::string_view model, bool ask_usage, json::Edits* edits);

}  // namespace kt::session
