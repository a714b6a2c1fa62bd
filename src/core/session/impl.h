// The state of a Session, and its parts by meaning: one .cc file for each group of functions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/kept_block.h"
#include "core/json/edits.h"
#include "core/json/view.h"
#include "core/openai/text_map.h"
#include "core/session/client_side.h"
#include "core/session/placeholders.h"
#include "core/session/reply.h"
#include "core/session/segment_edits.h"
#include "core/session/session.h"
#include "core/session/stream_answer.h"
#include "core/session/tries.h"
#include "core/session/workspace.h"

namespace kt::session {

struct Session::Impl final : InKeptBlock<Session::Impl> {
  Impl(const Gateway& gateway, const SessionOptions& options, RequestHead head, uint64_t now_ms,
       int64_t now_unix_us);

  // -- request_side.cc: from the head to the body that goes up
  void OnHead();
  bool Acceptable();
  bool HasBody() const;
  void Pass(bool recorded);
  void AnswerModels();
  void OnRequest(std::string_view bytes, size_t padding, uint64_t now_ms);
  bool Read(size_t padding);
  void RefuseBodySize();
  void Judge();
  std::string PlaceOf(size_t segment) const;

  // -- routing_side.cc: targets and the requests to them
  std::optional<size_t> NextTarget(uint64_t now_ms);
  void RefuseWithoutTarget(uint64_t now_ms);
  UpstreamRequest BuildRequest(size_t target);
  UpstreamRequest BuildPassedRequest(size_t target) const;
  std::vector<routing::Header> PassedHeaders() const;

  // -- answer_side.cc: what comes back from upstream
  Step OnUpstreamHeader(const UpstreamHead& untrusted, uint64_t now_ms);
  Step OnUpstreamBody(std::string_view bytes, uint64_t now_ms);
  Step OnUpstreamEnd(UpstreamEnd end, uint64_t now_ms);
  routing::TryError JudgeStatus(int status) const;
  bool RateLimitPasses(uint64_t now_ms);
  TryEnd EndOfTry(routing::TryError error) const;
  int64_t UnixSeconds(uint64_t now_ms) const;
  void BeginStream(uint64_t now_ms);
  Step AfterStream(StreamAnswer::State state, uint64_t now_ms);
  Step AfterStreamError(uint64_t now_ms);
  void CommitStream();
  void PumpStream(uint64_t now_ms);
  Step FinishJson(uint64_t now_ms);
  Step JudgeJson(uint64_t now_ms);
  bool IsWanted(const openai::AnswerInfo& info) const;
  bool ErrorPasses() const;
  Step RefuseErrorBody(uint64_t now_ms);
  Step SendJson(bool edited, uint64_t now_ms);
  // `detail`: see MakeErrorInfo; for the client, where no other target is asked.
  Step FailTry(routing::TryError error, uint64_t now_ms, std::string_view detail = {});
  Step BlockAnswer(policy::Block found, uint64_t now_ms);

  // -- answers of our own (session.cc)
  void Refuse(Error error, std::string_view detail = {});
  void Answer(Reply reply);
  void AnswerOrInterrupt(Reply reply, const openai::ErrorInfo& info);
  void AddOurHeaders(ClientHead* out) const;

  // -- facts.cc, record.cc: what is known of the request
  std::string_view Verdict() const noexcept;
  const policy::PolicyOutcome* Decisive() const noexcept;
  std::string_view Model() const noexcept;
  std::optional<double> Cost() const noexcept;
  std::optional<uint64_t> PromptTokens() const noexcept;
  std::optional<uint64_t> CompletionTokens() const noexcept;
  bool UsageEstimated() const noexcept;
  uint64_t ReceivedTextBytes() const noexcept;
  void NoteUnscanned(const std::vector<std::string>& what);
  void FillRecord(int status, uint64_t now_ms);
  // The policies' time for the request's or the whole answer's texts is worth a line when long.
  void NoteJudged(policy::Phase phase, uint64_t text_bytes);

  const Gateway& gateway;
  const SessionOptions options;
  const RequestHead head;
  const uint64_t began_ms;
  const int64_t began_unix_us;
  const std::unique_ptr<Workspace> own_workspace;  // where the options name none
  Workspace& work;

  // The request.
  const openai::Endpoint endpoint;
  bool passed = false;  // goes through ungoverned
  bool passed_on_record = false;
  bool reached_chain = false;  // some policy has seen it
  bool audit_refused = false;
  std::string_view body;
  json::View view{&work.parser};
  openai::RequestInfo request;
  Placeholders placeholders;
  json::Edits request_edits;
  std::string forwarded;     // the body with the policies' edits; unused without edits
  const std::string caller;  // who asks, for the verdict cache
  policy::ChainRun chain;

  // Why the request did not go its way.
  std::optional<policy::Block> block;
  std::string error_code;

  // Upstream.
  enum class Mode : uint8_t { kNone, kRaw, kJson, kStream };
  Tries tries;
  std::string try_body;
  bool usage_asked = false;  // by us, in the present try
  Mode mode = Mode::kNone;
  bool committed = false;
  bool answer_complete = false;
  bool asked_upstream = false;
  int answer_status = 0;
  std::string answer_type;
  std::vector<routing::Header> answer_headers;
  routing::TryError passed_error = routing::TryError::kNone;  // an error status that goes through
  std::string answer;
  std::optional<StreamAnswer> stream;

  // The client.
  ClientSide client;
  bool client_gone = false;

  std::vector<Notice> notices;  // beside those of `tries`

  // For the record.
  openai::Usage usage;
  std::optional<uint64_t> answer_text_bytes;  // of a whole answer that could be read
  std::vector<std::string> unscanned;
  std::optional<uint64_t> ttft_ms;
  std::string request_digest;
  std::unique_ptr<audit::Record> record;           // once it is filled
  std::optional<audit::BodyDigest> answer_digest;  // of what TakeOutput gave
};

}  // namespace kt::session
