#include "core/session/stream_answer.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/text.h"
#include "core/json/escape.h"
#include "core/openai/json_texts.h"

namespace kt::session {
namespace {

using State = StreamAnswer::State;

constexpr uint64_t kKeepAliveGateMs = 10'000;
constexpr size_t kMaxChoices = 1024;
constexpr size_t kMaxUnscanned = 64, kMaxNumbered = 64;
constexpr std::string_view kDone = "[DONE]";

// Does the numbering of an event go with that of the events before?
bool Agree(openai::Numbering own, openai::Numbering* known) noexcept {
  if (own == openai::Numbering::kNone) return true;
  if (*known == openai::Numbering::kNone) *known = own;
  return own == *known && own != openai::Numbering::kUnsound;
}

// A number, also as a string of three digits, as LiteLLM has it. 0: no status.
int StatusOf(const json::View& view, json::NodeIndex code) {
  if (code == json::kNoNode) return 0;
  if (view.node(code).kind == json::Kind::kNumber) {
    return static_cast<int>(std::min(view.Unsigned(code, 0), 999u));
  }
  const std::string text = view.String(code);
  const bool digits = text.size() == 3 && std::all_of(text.begin(), text.end(), IsDigit);
  return digits ? std::stoi(text) : 0;
}

}  // namespace

StreamAnswer::StreamAnswer(policy::ChainRun& chain, Placeholders* placeholders,
                           const StreamOptions& options, uint64_t now_ms)
    : options_(options),
      began_ms_(now_ms),
      own_buffers_(options.buffers == nullptr ? std::make_unique<StreamBuffers>() : nullptr),
      buffers_(options.buffers == nullptr ? *own_buffers_ : *options.buffers),
      splitter_(options.max_event_bytes),
      release_(chain, placeholders, options.endpoint, chain.needs_whole_answer(), options.release,
               &buffers_) {}

State StreamAnswer::Feed(std::string_view bytes, uint64_t now_ms) {
  splitter_.Feed(bytes);
  release_.Expect(bytes.size());
  release_.SetNow(now_ms);
  sse::Event event;
  while (state_ == State::kOpen) {
    if (HandleAlike(splitter_.Ahead())) continue;
    const Result<bool> next = splitter_.Next(&event);
    if (!next.ok()) {
      state_ = State::kInvalid;
      break;
    }
    if (!next.value()) break;
    state_ = Handle(event);
  }
  // What came before a failure goes out before it is told.
  const State settled = StateOf(release_.Settle());
  if (settled != State::kOpen) state_ = settled;
  splitter_.Trim();
  buffers_.Trim();
  // The gate is no place to pile up a stream.
  if (release_.released_bytes() > options_.gate_buffer_bytes) committed_ = forced_open_ = true;
  // Keep-alive comments only, for long: the client must hear something, or it gives up.
  if (state_ == State::kOpen && !committed_ && now_ms - began_ms_ >= kKeepAliveGateMs) {
    committed_ = forced_open_ = true;
  }
  return state_;
}

// An event like one before it, which needs no parse. False: there is none.
bool StreamAnswer::HandleAlike(std::string_view ahead) {
  openai::EventTemplate::Match match;
  if (!alike_.Read(ahead, &match) || match.size > options_.max_event_bytes) return false;
  if (!release_.takes_alike(alike_.info())) return false;
  sse::Event event;
  splitter_.Take(match.size, &event);
  event.data = event.raw.substr(match.data_begin, match.data_end - match.data_begin);
  event.has_data = true;
  std::string_view text = event.raw.substr(match.text_begin, match.text_end - match.text_begin);
  received_text_bytes_ += text.size();
  if (match.escaped) {
    buffers_.unescaped.clear();
    json::AppendUnescaped(text, &buffers_.unescaped);
    text = buffers_.unescaped;
  }
  committed_ = true;
  state_ = StateOf(release_.AddAlike(event, text, alike_.info(), match.sequence_number));
  return true;
}

State StreamAnswer::Handle(const sse::Event& event) {
  const std::string_view data = event.has_data ? Trim(event.data) : std::string_view();
  // Proxies keep connections alive with "data:" and nothing in it.
  if (data.empty()) return StateOf(release_.AddPlain(event));
  return data == kDone ? HandleDone(event) : HandleJson(event);
}

State StreamAnswer::HandleJson(const sse::Event& event) {
  json::View& view = buffers_.event;
  openai::EventInfo& info = buffers_.info;
  if (!view.Parse(event.data, event.data_padding, AnswerLimits()).ok()) return State::kInvalid;
  openai::MapEvent(view, options_.endpoint, event.name, &info);
  if (options_.wants_json) openai::MarkJsonTexts(view, &info.segments);
  if (info.is_error) return HandleError(event);
  if (info.misspelt) return State::kInvalid;
  if (info.usage.present) usage_ = info.usage;
  received_text_bytes_ += info.delta_bytes;
  for (std::string& what : info.unscanned) {
    if (unscanned_.size() < kMaxUnscanned) unscanned_.push_back(std::move(what));
  }
  if (info.usage_only && options_.hide_usage_chunk) return State::kOpen;
  if (!NoteChoices() || !NoteNumbering()) return State::kInvalid;
  committed_ = committed_ || info.content;
  const State state = StateOf(release_.Add(event, view, info));
  const bool may_learn = state == State::kOpen && release_.takes_alike(info);
  if (may_learn && MayWait(event, info)) alike_.Learn(event.raw, view, info);
  return state == State::kOpen && info.completed ? Complete() : state;
}

State StreamAnswer::HandleError(const sse::Event& event) {
  const json::View& view = buffers_.event;
  json::NodeIndex error = view.Find(0, "error");
  if (error == json::kNoNode || view.node(error).kind != json::Kind::kObject) error = 0;
  const json::NodeIndex code = view.Find(error, "code");
  error_data_ = event.data;
  error_status_ = StatusOf(view, code);
  const bool of_request = view.Equals(view.Find(error, "type"), "invalid_request_error");
  if (error_status_ == 0 && of_request) error_status_ = 400;
  return State::kUpstreamError;
}

// False: more choices than any request can ask for.
bool StreamAnswer::NoteChoices() {
  openai::EventInfo& info = buffers_.info;
  const auto entry = [&](uint32_t index) {
    const auto it = std::find_if(choices_.begin(), choices_.end(),
                                 [&](const Choice& seen) { return seen.index == index; });
    return it != choices_.end() ? it : choices_.insert(choices_.end(), Choice{index});
  };
  std::erase_if(info.finished, [&](uint32_t index) {
    const auto choice = entry(index);
    choice->finished = true;
    choice->endless = choice->endless || !choice->spoke;
    // Where it says nothing at all it still goes out in its turn.
    info.waits = info.waits || (!choice->spoke && !info.content);
    return choice->endless;
  });
  for (const uint32_t index : info.choices) {
    const auto choice = entry(index);
    choice->spoke = choice->spoke || info.content;
  }
  return choices_.size() <= kMaxChoices;
}

// False: a client may put the text together in another way than it is judged in.
bool StreamAnswer::NoteNumbering() {
  const openai::EventInfo& info = buffers_.info;
  if (info.segments.empty()) return true;
  auto known = std::find_if(numberings_.begin(), numberings_.end(),
                            [&](const auto& entry) { return entry.first == info.numbered; });
  if (known == numberings_.end()) {
    if (numberings_.size() == kMaxNumbered) return false;
    known = numberings_.insert(known, {info.numbered, openai::Numbering::kNone});
  }
  if (naming_ == 0) naming_ = info.naming;
  const bool named_alike = info.naming == 0 || info.naming == naming_;
  return named_alike && Agree(info.numbering, &known->second) &&
         Agree(info.call_numbering, &call_numbering_);
}

bool StreamAnswer::AllFinished() const noexcept {
  return !choices_.empty() && std::all_of(choices_.begin(), choices_.end(),
                                          [](const Choice& seen) { return seen.finished; });
}

State StreamAnswer::HandleDone(const sse::Event& event) {
  if (!AllFinished()) return State::kInvalid;
  const State state = StateOf(release_.AddPlain(event));
  return state == State::kOpen ? Complete() : state;
}

State StreamAnswer::Complete() {
  const State state = StateOf(release_.Flush());
  return state == State::kOpen ? State::kComplete : state;
}

State StreamAnswer::End() {
  if (state_ != State::kOpen) return state_;
  if (!AllFinished()) return state_ = State::kInvalid;
  // Some providers leave it out; clients that wait for it must not see a difference.
  sse::Event done;
  std::string raw;
  sse::AppendEvent({}, kDone, &raw);
  done.raw = raw;
  state_ = HandleDone(done);
  buffers_.Trim();
  return state_;
}

bool StreamAnswer::open() const noexcept {
  return forced_open_ || release_.content_released() || state_ == State::kComplete;
}

std::string StreamAnswer::Take() {
  return open() ? release_.Take() : std::string();
}

State StreamAnswer::StateOf(StreamRelease::Result result) noexcept {
  switch (result) {
    case StreamRelease::Result::kGoOn:
      return State::kOpen;
    case StreamRelease::Result::kBlocked:
      return State::kBlocked;
    case StreamRelease::Result::kInvalid:
      return State::kInvalid;
  }
  return State::kInvalid;
}

}  // namespace kt::session
