#include "core/session/stream_buffers.h"

#include <utility>

namespace kt::session {
namespace {

constexpr size_t kKeptBytes = 16 * 1024, kKeptSegments = 128;

}  // namespace

void StreamBuffers::Trim() {
  event.Trim();
  rewritten.Trim();
  if (info.segments.capacity() > kKeptSegments) info = {};
  if (unescaped.capacity() > kKeptBytes) std::string().swap(unescaped);
  if (decoded.held_bytes() > kKeptBytes) {
    json::Decoded empty;  // a string that is assigned to keeps its room
    std::swap(decoded, empty);
  }
  if (whole_segments.capacity() > kKeptSegments) {
    std::vector<openai::Segment>().swap(whole_segments);
  }
  whole_texts.Trim();
  run.clear();
}

}  // namespace kt::session
