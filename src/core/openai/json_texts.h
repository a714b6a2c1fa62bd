// Chat answers that are JSON because the client asked for that (structured outputs): a text that it
// parses, as it does the arguments of a tool call.
#pragma once

#include <vector>

#include "core/json/view.h"
#include "core/openai/text_map.h"

namespace kt::openai {

// Does the request ask for an answer in JSON (`response_format`)? Not of `responses`, where all the
// messages of an answer are judged joined, which texts that are read as JSON are not.
bool AsksForJson(const json::View& view, Endpoint endpoint) noexcept;

// Marks in the segments of an answer, or of an event of one, those that hold that JSON: the content
// of messages, as a string or in parts. Not reasoning, nor refusals.
void MarkJsonTexts(const json::View& view, std::vector<Segment>* segments);

}  // namespace kt::openai
