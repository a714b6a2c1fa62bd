#include <algorithm>

#include "core/base/text.h"
#include "core/openai/json_texts.h"
#include "core/routing/retry.h"
#include "core/session/answer_headers.h"
#include "core/session/impl.h"
#include "core/sse/lines.h"

namespace kt::session {
namespace {

using routing::TryError;

constexpr size_t kParserPadding = 64;
constexpr uint64_t kExpectedBytes = 64 * 1024;  // of an announced answer, before they come
constexpr std::string_view kEventStream = "text/event-stream";
constexpr std::string_view kRefusedByProvider =
    "The provider refused the request and gave no readable reason.";
constexpr std::string_view kAnswerTooLarge =
    "The provider's answer is over the limit of this gateway (size_limits.max_response_bytes).";

TryError ErrorOf(UpstreamEnd end) {
  switch (end) {
    case UpstreamEnd::kConnectFailed:
      return TryError::kConnect;
    case UpstreamEnd::kTlsFailed:
      return TryError::kTls;
    case UpstreamEnd::kTimedOut:
      return TryError::kTimeout;
    case UpstreamEnd::kInvalid:
      return TryError::kInvalid;
    default:
      return TryError::kReset;
  }
}

Error ErrorOf(TryError error) {
  switch (error) {
    case TryError::kAuth:
    case TryError::kModel:
      return Error::kUpstreamAuth;
    case TryError::kTimeout:
      return Error::kUpstreamTimeout;
    case TryError::kInvalid:
      return Error::kUpstreamInvalid;
    default:
      return Error::kUpstreamFailed;
  }
}

// The provider may have worked on a try that ended so. A status says that it has not.
bool MaybeBilled(TryError error, int status) {
  const bool refused = status >= 300;
  return !refused && error != TryError::kNone && error != TryError::kConnect &&
         error != TryError::kTls;
}

}  // namespace

// ---- the head ----------------------------------------------------------------------------------

Step Session::Impl::OnUpstreamHeader(const UpstreamHead& untrusted, uint64_t now_ms) {
  if (client.finished() || client_gone) return Step::kFinished;
  asked_upstream = true;
  answer_status = untrusted.status;
  answer_type = IsHeaderText(untrusted.content_type) ? untrusted.content_type : "";
  answer_headers = AllowedHeaders(untrusted.headers);
  passed_error = TryError::kNone;
  answer.clear();
  answer_text_bytes.reset();
  usage = {};  // of an earlier try, which `attempts` tells of
  stream.reset();
  placeholders.BeginAnswer(gateway.config().size_limits.max_response_bytes);
  tries.NoteAnswer(untrusted.status, FindRequestId(untrusted.headers),
                   routing::ParseRetryAfter(FindHeader(untrusted.headers, "retry-after"),
                                            FindHeader(untrusted.headers, "retry-after-ms"),
                                            UnixSeconds(now_ms)));
  if (passed) {
    ClientHead out{untrusted.status, answer_type, answer_headers, {}, untrusted.content_length};
    if (!IsIdentity(untrusted.content_encoding) && IsHeaderText(untrusted.content_encoding)) {
      out.headers.push_back({"content-encoding", std::string(untrusted.content_encoding)});
    }
    AddOurHeaders(&out);
    client.Begin(std::move(out));
    mode = Mode::kRaw;
    committed = true;
    return Step::kContinue;
  }
  const std::string_view judged_type = AsJudged(answer_type);
  if (judged_type.size() != answer_type.size()) answer_type = std::string(judged_type);
  const TryError error = JudgeStatus(untrusted.status);
  const bool passes = error == TryError::kRateLimit && RateLimitPasses(now_ms);
  if (error != TryError::kNone && !passes) return FailTry(error, now_ms);
  if (!IsIdentity(untrusted.content_encoding)) {
    return FailTry(TryError::kInvalid, now_ms, "The provider's answer is compressed, unasked.");
  }
  if (untrusted.status < 300 && IsMediaType(untrusted.content_type, kEventStream)) {
    if (options.routed && !request.stream) {
      return FailTry(TryError::kInvalid, now_ms, "The provider answered with a stream, unasked.");
    }
    BeginStream(now_ms);
    return Step::kContinue;
  }
  const uint64_t limit = gateway.config().size_limits.max_response_bytes;
  if (untrusted.content_length && *untrusted.content_length > limit) {
    return FailTry(TryError::kInvalid, now_ms, kAnswerTooLarge);
  }
  mode = Mode::kJson;
  const uint64_t expected = std::min(untrusted.content_length.value_or(0), kExpectedBytes);
  answer.reserve(static_cast<size_t>(expected) + kParserPadding);
  return Step::kContinue;
}

TryEnd Session::Impl::EndOfTry(routing::TryError error) const {
  return {error, answer_status, MaybeBilled(error, answer_status)};
}

// A rate limit goes to the client where no other try follows.
bool Session::Impl::RateLimitPasses(uint64_t now_ms) {
  const bool passes = !tries.Follows(EndOfTry(TryError::kRateLimit), now_ms);
  if (passes) passed_error = TryError::kRateLimit;
  return passes;
}

// The wall clock, for dates in headers.
int64_t Session::Impl::UnixSeconds(uint64_t now_ms) const {
  return began_unix_us / 1'000'000 + static_cast<int64_t>((now_ms - began_ms) / 1000);
}

// What a status means: for another target, for the client, or nothing.
TryError Session::Impl::JudgeStatus(int status) const {
  if (options.routed) {
    const config::Target* target = tries.current();
    return routing::ClassifyStatus(status, target != nullptr && !target->model.empty());
  }
  // The stock handler's own key and model are none of our business.
  if (status == 504) return TryError::kTimeout;
  const TryError error = routing::ClassifyStatus(status, false);
  const bool ours = error == TryError::kServerError || error == TryError::kInvalid;
  return ours ? error : TryError::kNone;
}

// ---- the body ----------------------------------------------------------------------------------

Step Session::Impl::OnUpstreamBody(std::string_view bytes, uint64_t now_ms) {
  if (client.finished() || client_gone) return Step::kFinished;
  switch (mode) {
    case Mode::kRaw:
      client.Append(std::string(bytes));
      return Step::kContinue;
    case Mode::kStream:
      return AfterStream(stream->Feed(bytes, now_ms), now_ms);
    case Mode::kJson:
      if (answer.empty() && request.stream && answer_status < 300 && sse::MayBegin(bytes)) {
        answer_type = kEventStream;
        BeginStream(now_ms);
        return AfterStream(stream->Feed(bytes, now_ms), now_ms);
      }
      if (answer.size() + bytes.size() > gateway.config().size_limits.max_response_bytes) {
        return FailTry(TryError::kInvalid, now_ms, kAnswerTooLarge);
      }
      answer.append(bytes);
      committed = committed || answer.size() > options.gate_buffer_bytes;
      return Step::kContinue;
    case Mode::kNone:
      break;
  }
  return FailTry(TryError::kInvalid, now_ms);
}

Step Session::Impl::OnUpstreamEnd(UpstreamEnd end, uint64_t now_ms) {
  if (client.finished() || client_gone) return Step::kFinished;
  const bool clean = end == UpstreamEnd::kClean || end == UpstreamEnd::kClosed;
  if (!clean || mode == Mode::kNone) return FailTry(ErrorOf(end), now_ms);
  switch (mode) {
    case Mode::kStream:
      return AfterStream(stream->End(), now_ms);
    case Mode::kJson:
      return FinishJson(now_ms);
    default:
      tries.End(EndOfTry(TryError::kNone), now_ms);
      client.End();
      return Step::kFinished;
  }
}

// ---- JSON --------------------------------------------------------------------------------------

Step Session::Impl::FinishJson(uint64_t now_ms) {
  const Step step = JudgeJson(now_ms);
  work.texts.Trim();
  work.answer.Trim();
  return step;
}

Step Session::Impl::JudgeJson(uint64_t now_ms) {
  if (answer.capacity() - answer.size() < kParserPadding) {
    answer.reserve(answer.size() + kParserPadding);
  }
  const bool success = answer_status < 300;
  json::View& answer_view = work.answer.view;
  const Status parsed =
      answer_view.Parse(answer, answer.capacity() - answer.size(), AnswerLimits());
  if (!parsed.ok()) {
    answer_text_bytes = 0;
    if (!success) return RefuseErrorBody(now_ms);
    return FailTry(TryError::kInvalid, now_ms,
                   "The provider's answer is not valid: " + parsed.message() + ".");
  }
  openai::AnswerInfo& info = work.answer.info;
  openai::MapAnswer(answer_view, endpoint, &info);
  if (request.wants_json) openai::MarkJsonTexts(answer_view, &info.segments);
  answer_text_bytes = info.is_error ? 0 : info.text_bytes;
  if (success && info.is_error) return FailTry(TryError::kServerError, now_ms);
  if (success && !IsWanted(info)) {
    return FailTry(TryError::kInvalid, now_ms,
                   "The provider's answer is not one of this endpoint.");
  }
  // Of an error each text is judged by itself, whatever its key.
  if (success && info.misspelt) {
    return FailTry(TryError::kInvalid, now_ms,
                   "A key of the provider's answer is one of the API's but for its case.");
  }
  if (info.usage.present) usage = info.usage;
  NoteUnscanned(info.unscanned);
  // An error is no answer: the client's values stay out of it.
  Placeholders none;
  const bool restores = success && !info.is_error && !placeholders.empty();
  if (chain.has_output_phase() || restores) {
    auto found = work.texts.Judge(chain, policy::Phase::kOutput, answer_view, info.segments,
                                  restores ? &placeholders : &none);
    NoteJudged(policy::Phase::kOutput, info.text_bytes);
    if (found) return BlockAnswer(std::move(*found), now_ms);
    if (work.texts.edited()) return SendJson(true, now_ms);
  }
  return SendJson(false, now_ms);
}

// Is this the answer that the client waits for? JSON of another kind than the endpoint's is not,
// nor is any in place of a stream. A stock handler's upstream may say what it likes.
bool Session::Impl::IsWanted(const openai::AnswerInfo& info) const {
  if (!options.routed) return true;
  const bool streams = openai::EndpointType(endpoint) != "embedding";
  return info.holds_answer && !(streams && request.stream);
}

// Does the present answer pass to the client although it is an error?
bool Session::Impl::ErrorPasses() const {
  if (passed || answer_status < 400) return false;
  return passed_error == TryError::kRateLimit || JudgeStatus(answer_status) == TryError::kNone;
}

// An error of the client's, whose explanation nobody can read: its status says enough.
Step Session::Impl::RefuseErrorBody(uint64_t now_ms) {
  const bool limited = answer_status == 429;
  tries.End(EndOfTry(limited ? TryError::kRateLimit : TryError::kNone), now_ms);
  const Error told = limited                ? Error::kRateLimited
                     : answer_status == 413 ? Error::kBodyTooLarge
                                            : Error::kBadRequest;
  Reply reply = MakeReply(told, head.request_id, limited ? "" : kRefusedByProvider);
  reply.status = answer_status;
  reply.headers = answer_headers;
  error_code = MakeErrorInfo(told, {}).code;
  Answer(std::move(reply));
  return Step::kFinished;
}

// The answer, `edited` where its texts were.
Step Session::Impl::SendJson(bool edited, uint64_t now_ms) {
  committed = true;
  tries.End(EndOfTry(passed_error), now_ms);
  Reply reply;
  reply.status = answer_status;
  if (IsMediaType(answer_type, "application/json")) reply.content_type = answer_type;
  reply.headers = answer_headers;
  if (!edited) {
    reply.body = std::move(answer);
  } else {
    const json::View& answer_view = work.answer.view;
    const openai::AnswerInfo& info = work.answer.info;
    json::Edits edits;
    work.texts.Write(&edits);
    const auto touched = [&](uint32_t choice) {
      for (size_t i = 0; i < info.segments.size(); ++i) {
        if (work.texts.edits()[i].empty()) continue;
        if (openai::ChoiceOf(answer_view, endpoint, info.segments[i].node) == choice) return true;
      }
      return false;
    };
    RemoveLogprobs(answer_view, info.logprobs, touched, &edits);
    edits.Apply(answer, &reply.body);
  }
  if (!ttft_ms) ttft_ms = now_ms - began_ms;
  Answer(std::move(reply));
  return Step::kFinished;
}

// ---- failures ----------------------------------------------------------------------------------

Step Session::Impl::FailTry(TryError error, uint64_t now_ms, std::string_view detail) {
  if (ErrorPasses()) return RefuseErrorBody(now_ms);
  const TryEnd end = EndOfTry(error);
  tries.End(end, now_ms);
  const bool may_retry = options.routed && !committed && !client.decided();
  if (may_retry && tries.Follows(end, now_ms)) {
    mode = Mode::kNone;
    answer_status = 0;
    return Step::kNextTarget;
  }
  if (mode == Mode::kRaw) {
    // Bytes of an unknown kind: there is no way to say it in band.
    error_code = "upstream_failed";
    client.End();
    return Step::kFinished;
  }
  const Error told = ErrorOf(error);
  openai::ErrorInfo info = MakeErrorInfo(told, head.request_id, detail);
  error_code = info.code;
  AnswerOrInterrupt(MakeReply(told, head.request_id, detail), info);
  return Step::kFinished;
}

Step Session::Impl::BlockAnswer(policy::Block found, uint64_t now_ms) {
  committed = true;
  tries.End(EndOfTry(passed_error), now_ms);
  block = std::move(found);
  const auto info = MakeBlockInfo(*block, policy::Phase::kOutput, {}, head.request_id);
  AnswerOrInterrupt(MakeBlockReply(info, options.block_status), info);
  return Step::kFinished;
}

}  // namespace kt::session
