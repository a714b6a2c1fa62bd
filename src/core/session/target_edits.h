// What a target changes in the request: its model, and the usage that we ask for.
#pragma once

#include <string_view>

#include "core/json/edits.h"
#include "core/json/view.h"
#include "core/openai/text_map.h"

namespace kt::session {

// Adds the replacement of the model by `model` (empty: the client's goes up) and, when `ask_usage`,
// `stream_options.include_usage`. True: usage is now asked for that the client did not ask for.
// Precondition: the root of `view` is an object.
bool AddTargetEdits(const json::View& view, const openai::RequestInfo& request,
                    std::string_view model, bool ask_usage, json::Edits* edits);

}  // namespace kt::session
