// A provider's stream, from its bytes to what may go to the client: events, the gate before the
// first text, completeness, usage. Holds no client side: a failure is a state, and the session
// decides what the client gets for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json/view.h"
#include "core/openai/event_template.h"
#include "core/openai/text_map.h"
#include "core/session/stream_buffers.h"
#include "core/session/stream_release.h"
#include "core/sse/splitter.h"

namespace kt::session {

struct StreamOptions {
  openai::Endpoint endpoint = openai::Endpoint::kChatCompletions;
  bool hide_usage_chunk = false;  // it was asked for by us, not by the client
  bool wants_json = false;        // the content is to be JSON
  size_t gate_buffer_bytes = 256 * 1024;
  size_t max_event_bytes = 32u << 20;
  ReleaseLimits release;
  StreamBuffers* buffers = nullptr;  // of this thread, outlives the stream; nullptr: its own
};

class StreamAnswer {
 public:
  enum class State : uint8_t {
    kOpen,
    kComplete,       // every event is released, [DONE] too
    kBlocked,        // release().block() says why
    kInvalid,        // broken, contradicting itself, or ended incomplete
    kUpstreamError,  // the provider said so in band
  };

  // `chain` and `placeholders` outlive this. `now_ms`: when the head of the answer came.
  StreamAnswer(policy::ChainRun& chain, Placeholders* placeholders, const StreamOptions& options,
               uint64_t now_ms);

  State Feed(std::string_view bytes, uint64_t now_ms);
  // The body ended cleanly: complete or not?
  State End();

  // No other target may answer any more: text has come, or keep-alive comments for 10 s.
  bool committed() const noexcept { return committed_; }
  // Bytes for the client; none before the gate is open: until then a failure is a status.
  std::string Take();
  // A failure that follows is told in band.
  bool open() const noexcept;

  const StreamRelease& release() const noexcept { return release_; }
  const openai::Usage& usage() const noexcept { return usage_; }
  // Raw bytes of all text that has come, whether or not it went out.
  uint64_t received_text_bytes() const noexcept { return received_text_bytes_; }
  const std::vector<std::string>& unscanned() const noexcept { return unscanned_; }
  // kUpstreamError: the event's data, and the status in it; 0: there is none.
  const std::string& error_data() const noexcept { return error_data_; }
  int error_status() const noexcept { return error_status_; }

 private:
  struct Choice {
    uint32_t index;
    bool finished = false;
    bool spoke = false;
    // It had a finish_reason before its first text, or with it, as every event of some providers
    // has one: that ends no text, and more may follow until the stream ends.
    bool endless = false;
  };
  bool HandleAlike(std::string_view ahead);
  State Handle(const sse::Event& event);
  State HandleJson(const sse::Event& event);
  State HandleError(const sse::Event& event);
  State HandleDone(const sse::Event& event);
  State Complete();
  bool NoteChoices();
  bool NoteNumbering();
  bool AllFinished() const noexcept;
  static State StateOf(StreamRelease::Result result) noexcept;

  const StreamOptions options_;
  const uint64_t began_ms_;
  const std::unique_ptr<StreamBuffers> own_buffers_;  // where the options name none
  StreamBuffers& buffers_;
  sse::Splitter splitter_;
  openai::EventTemplate alike_;
  StreamRelease release_;
  std::vector<Choice> choices_;  // seen
  // Of the events with text.
  std::vector<std::pair<openai::LaneKey, openai::Numbering>> numberings_;  // by what is numbered
  openai::Numbering call_numbering_ = openai::Numbering::kNone;
  openai::LaneKey naming_ = 0;
  openai::Usage usage_;
  uint64_t received_text_bytes_ = 0;
  std::vector<std::string> unscanned_;
  std::string error_data_;
  int error_status_ = 0;
  State state_ = State::kOpen;
  bool committed_ = false, forced_open_ = false;
};

}  // namespace kt::session
