// Requests as text_map reads them, for its tests.
#pragma once

#include <string>
#include <string_view>

#include "core/openai/text_map.h"
#include "map_util.h"

namespace kt::openai {

struct Mapped {
  bool ok = false;
  RequestInfo info;
  RequestError error;
  Lines lines;
};

inline Mapped Map(Endpoint endpoint, std::string_view body) {
  const json::View view = ParseView(body);
  Mapped mapped;
  mapped.ok = MapRequest(view, endpoint, &mapped.info, &mapped.error);
  if (mapped.ok) mapped.lines = LinesOf(view, mapped.info.segments);
  return mapped;
}

inline Mapped Chat(std::string_view body) {
  return Map(Endpoint::kChatCompletions, body);
}
inline Mapped Responses(std::string_view body) {
  return Map(Endpoint::kResponses, body);
}

// One user message whose only part is `part`.
inline Mapped ChatPart(const std::string& part) {
  return Chat(R"({"messages":[{"role":"user","content":[)" + part + "]}]}");
}

}  // namespace kt::openai
