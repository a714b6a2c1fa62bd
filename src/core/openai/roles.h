// Who says the strings of a message or item. Private to openai/.
#pragma once

#include "core/json/view.h"
#include "core/openai/text_map.h"

namespace kt::openai {

// Of a chat message, by its `role` member, wherever in the object that stands.
Role MessageRole(const json::View& view, json::NodeIndex message);
// Of an item of a `responses` request, by its `type` and `role`. Where they contradict each other
// the one that is read more strictly holds: a role must not soften a tool's result.
Role ItemRole(const json::View& view, json::NodeIndex item);

}  // namespace kt::openai
