// What a stream needs while a read of it is worked on. Nothing in it outlasts a call, so that one
// thread may keep one for all of its streams: one that waits for its next event holds none of this.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json/view.h"
#include "core/openai/text_map.h"
#include "core/session/segment_edits.h"
#include "core/session/stream_run.h"

namespace kt::session {

struct StreamBuffers {
  // `parser` outlives this; nullptr: each view has its own.
  explicit StreamBuffers(json::SharedParser* parser = nullptr) : event(parser), rewritten(parser) {}

  json::View event;        // the one that is read
  openai::EventInfo info;  // of it
  std::string unescaped;
  json::View rewritten;  // one that is released with edits
  json::Decoded decoded;
  std::vector<uint32_t> touched;  // lanes of the present event
  std::vector<openai::Segment> whole_segments;
  WholeTexts whole_texts;
  std::vector<RunEvent> run;

  // The call is over: gives back what is larger than ordinary events need.
  void Trim();
};

}  // namespace kt::session
