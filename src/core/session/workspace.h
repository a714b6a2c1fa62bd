// What requests need while they are worked on and not while they wait: buffers that one thread
// keeps for all of its sessions instead of making them anew for each.
#pragma once

#include "core/json/view.h"
#include "core/openai/text_map.h"
#include "core/policy/chain_buffers.h"
#include "core/session/segment_edits.h"
#include "core/session/stream_buffers.h"

namespace kt::session {

// A whole answer while it is judged.
struct AnswerBuffers {
  explicit AnswerBuffers(json::SharedParser* parser) : view(parser) {}

  json::View view;
  openai::AnswerInfo info;  // of it

  void Trim() {
    constexpr size_t kKeptSegments = 128;
    view.Trim();
    if (info.segments.capacity() > kKeptSegments) info = {};
  }
};

// No call of a session relies on what an earlier call has left here, so that sessions may take
// turns in any order. Keeps what ordinary requests need; what large ones took goes back.
struct Workspace {
  json::SharedParser parser;
  WholeTexts texts;
  AnswerBuffers answer{&parser};
  policy::ChainBuffers chain;
  StreamBuffers stream{&parser};
};

}  // namespace kt::session
