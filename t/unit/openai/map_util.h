// Readable forms of what text_map finds.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/json/view.h"
#include "core/openai/text_map.h"

namespace kt::openai {

using Lines = std::vector<std::string>;

// "user text messages[0].content = hi": role, class, path, value. Identifiers that a marker may
// replace are "name"; keys are "key"; "json" is a text that holds JSON.
inline std::string Line(const json::View& view, const Segment& segment) {
  std::string line(RoleName(segment.role));
  if (segment.is_key) {
    line += " key ";
  } else if (segment.text_class == TextClass::kIdentifier) {
    line += segment.replaceable ? " name " : " id ";
  } else {
    line += segment.json_inside ? " json " : " text ";
  }
  json::Decoded text;
  if (segment.is_key) {
    view.DecodeKey(segment.node, &text);
  } else {
    view.Decode(segment.node, &text);
  }
  return line + view.Path(segment.node) + " = " + std::string(text.text().substr(0, 60));
}

inline Lines LinesOf(const json::View& view, const std::vector<Segment>& segments) {
  Lines lines;
  for (const Segment& segment : segments) lines.push_back(Line(view, segment));
  return lines;
}

inline json::View ParseView(std::string_view text) {
  json::Limits limits;
  limits.lone_surrogates = json::LoneSurrogates::kKeep;
  json::View view;
  const Status status = view.Parse(text, 0, limits);
  EXPECT_TRUE(status.ok()) << status.message() << " in " << text;
  return view;
}

}  // namespace kt::openai
