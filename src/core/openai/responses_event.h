// What the type of an event of `responses` says of its texts. Private to openai/.
#pragma once

#include <string_view>

#include "core/json/view.h"
#include "core/openai/text_map.h"
#include "core/openai/text_walker.h"

namespace kt::openai {

// Before the walk: tells the walker where the texts of the event belong.
void ReadResponsesType(const json::View& view, std::string_view type, TextWalker* walker,
                       EventInfo* info);

// Which of the times that a stream says its answer an event belongs to.
Saying SayingOf(std::string_view type) noexcept;

// After the walk. An item comes with the begin of its texts, mostly empty, and clients put the
// deltas behind it: such a text belongs to the lane of its deltas, and is a text of its own, too,
// for those that do not. With the item's end nothing more follows.
void ReadItems(const json::View& view, std::string_view type, EventInfo* info);

}  // namespace kt::openai
