// The answers of providers that come as streams.
#include "core/session/impl.h"

namespace kt::session {

using routing::TryError;

void Session::Impl::BeginStream(uint64_t now_ms) {
  StreamOptions stream_options;
  stream_options.endpoint = endpoint;
  stream_options.hide_usage_chunk = usage_asked;
  stream_options.wants_json = request.wants_json;
  stream_options.buffers = &work.stream;
  stream_options.gate_buffer_bytes = options.gate_buffer_bytes;
  const size_t limit = gateway.config().size_limits.max_response_bytes;
  stream_options.max_event_bytes = limit;
  if (chain.needs_whole_answer()) {
    stream_options.release.max_pending_text = limit;
    stream_options.release.max_held_bytes = 2 * limit;
    stream_options.release.max_held_events = SIZE_MAX;  // each counts in the bytes
  }
  mode = Mode::kStream;
  stream.emplace(chain, &placeholders, stream_options, now_ms);
}

Step Session::Impl::AfterStream(StreamAnswer::State state, uint64_t now_ms) {
  if (stream->committed() || state == StreamAnswer::State::kComplete) CommitStream();
  if (committed) tries.NoteFirstToken(now_ms);
  if (stream->usage().present) usage = stream->usage();
  PumpStream(now_ms);
  switch (state) {
    case StreamAnswer::State::kOpen:
      return Step::kContinue;
    case StreamAnswer::State::kComplete:
      answer_complete = true;
      NoteUnscanned(stream->unscanned());
      tries.End(EndOfTry(TryError::kNone), now_ms);
      client.End();
      return Step::kFinished;
    case StreamAnswer::State::kBlocked:
      NoteUnscanned(stream->unscanned());
      return BlockAnswer(stream->release().block(), now_ms);
    case StreamAnswer::State::kUpstreamError:
      return AfterStreamError(now_ms);
    case StreamAnswer::State::kInvalid:
      break;
  }
  return FailTry(TryError::kInvalid, now_ms);
}

// No other target answers any more: what only its request would be made from goes back.
void Session::Impl::CommitStream() {
  if (committed) return;
  committed = true;
  view = json::View(&work.parser);
  std::vector<openai::Segment>().swap(request.segments);
}

void Session::Impl::PumpStream(uint64_t now_ms) {
  if (!stream->open()) return;
  if (!client.decided()) {
    ClientHead out{answer_status, answer_type, std::move(answer_headers), {}, std::nullopt};
    AddOurHeaders(&out);
    client.Begin(std::move(out));
  }
  if (!ttft_ms && stream->release().content_released()) ttft_ms = now_ms - began_ms;
  client.Append(stream->Take());
}

// Some servers (SGLang, vLLM) begin a stream before they look at the request, and tell there what
// others tell by a status: that is no failure of theirs, and the client learns what was wrong.
Step Session::Impl::AfterStreamError(uint64_t now_ms) {
  const int status = stream->error_status();
  const bool of_request = status == 400 || status == 413 || status == 415 || status == 422;
  if (committed || client.decided() || (!of_request && status != 429)) {
    return FailTry(TryError::kServerError, now_ms);
  }
  answer_status = status;
  if (status == 429 && !RateLimitPasses(now_ms)) return FailTry(TryError::kRateLimit, now_ms);
  answer = stream->error_data();
  mode = Mode::kJson;
  return FinishJson(now_ms);
}

}  // namespace kt::session
