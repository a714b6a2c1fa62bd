// One request's life, from its head to its audit record. The adapter moves bytes and asks what to
// do; every decision is taken here. No clock, no socket, no log of its own: times are handed in
// (milliseconds of one monotonic clock), so a test can drive a whole life at any split.
//
//   OnHead ─▶ OnRequest ─▶ [NextTarget ─▶ upstream request]* ─▶ OnUpstreamHeader ─▶
//   OnUpstreamBody* ─▶ OnUpstreamEnd           client side: head_ready, head, TakeOutput, finished
//   at last, once: Finish -> audit record
//
// Whatever answers the client (a refusal, a block, an upstream's answer, an error event) comes out
// of the same client side. Not thread-safe. Outlived by the Gateway.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/audit/digest.h"
#include "core/audit/open_slot.h"
#include "core/openai/endpoint.h"
#include "core/policy/chain.h"
#include "core/routing/board.h"
#include "core/routing/target.h"
#include "core/session/gateway.h"
#include "core/session/notice.h"

namespace kt::session {

struct Workspace;  // workspace.h

struct SessionOptions {
  policy::FailMode fail_mode = policy::FailMode::kBlock;
  bool enforce = true;
  bool pass_unknown_endpoint = false;  // keeptrusts_unknown_endpoint pass
  int block_status = 409;
  size_t gate_buffer_bytes = 256 * 1024;
  bool routed = true;               // keeptrusts_pass; false: keeptrusts on (no routing, no model
                                    // replacement, the stock handler talks to the upstream)
  routing::Board* board = nullptr;  // what is known of the targets; outlives the session
  const audit::DigestKey* digest_key = nullptr;  // keeptrusts_audit_digest; outlives the session
  policy::VerdictCache* verdicts = nullptr;      // of this process; outlives the session
  Workspace* workspace = nullptr;  // the same, for all sessions of a thread; nullptr: its own
};

// The client's request as the adapter sees it before the body. Views stay valid for the session.
struct RequestHead {
  std::string_view method;
  std::string_view path;  // below the location's prefix, no query
  std::string_view content_type, content_encoding;
  bool content_headers_repeat = false;  // one of these comes more than once
  std::optional<uint64_t> content_length;
  std::string request_id;              // ours
  std::string_view client_request_id;  // x-request-id of the client, untrusted
  std::string_view client, user_id, agent_id, conversation_id;
  // Looks up a header by lower-case name: the first of that name.
  std::function<std::optional<std::string_view>(std::string_view lower_name)> header;
  // Is `value` that of any header of that name? For `when`: a second header switches nothing off.
  std::function<bool(std::string_view lower_name, std::string_view value)> header_equals;
};

struct ClientHead {
  int status = 200;
  std::string content_type;
  std::vector<routing::Header> headers;  // lower-case names
  // The gateway's own, which follow them: x-request-id, and so on. They live as long as the
  // session. Those that are not there have no name.
  std::array<std::pair<std::string_view, std::string_view>, 3> own_headers;
  std::optional<uint64_t> content_length;  // nullopt: unknown (stream)
};

struct UpstreamHead {
  int status = 0;
  std::string_view content_type, content_encoding;
  std::optional<uint64_t> content_length;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // names in any case
};

enum class Step : uint8_t {
  kContinue,    // hand in more; look at the client side for output
  kNextTarget,  // this try has failed before commit: drop it, ask NextTarget again
  kFinished,    // nothing more is needed from upstream: close it, send what the client side has
};

enum class UpstreamEnd : uint8_t {
  kClean,      // the body's framing says it is complete
  kClosed,     // end of file where framing has no end of its own (close-delimited)
  kTruncated,  // cut inside the framing
  kReset,
  kConnectFailed,
  kTlsFailed,
  kTimedOut,
  kInvalid,  // not HTTP, too large a header, broken chunks
};

class Session {
 public:
  Session(const Gateway& gateway, const SessionOptions& options, RequestHead head, uint64_t now_ms,
          int64_t now_unix_us);
  ~Session();

  // Request side. After each call: when head_ready(), the answer is already decided (error, block,
  // model list) and nothing goes upstream.
  void OnHead();
  // Whole body. `padding`: readable bytes behind it (see json::View). The bytes must stay valid
  // until Finish, ForgetRequest or the next call of OnRequest.
  void OnRequest(std::string_view body, size_t padding, uint64_t now_ms);
  // The audit log cannot take a record: answer 503 `audit_unavailable`, also in place of an answer
  // that is decided already. Before the first TakeOutput.
  void RefuseForAudit();
  // nginx refused the body by itself (413, 400, 408): answer in our shape.
  void RefuseStatus(int status);

  // The body to send when no target changes it (surface `keeptrusts on`); the original where no
  // policy edited it.
  std::string_view forwarded_body() const noexcept;
  bool body_edited() const noexcept;
  // The request of this try has left, no other follows (committed()), and the client has its head:
  // gives back what only they needed: bodies, the edited one only without `keep_forwarded`, and
  // what head() says beside its status. The bytes that OnRequest was given are not looked at any
  // more.
  void ForgetRequest(bool keep_forwarded);

  // Routing. The next target to try, or nullopt: then the client side holds the error answer.
  std::optional<size_t> NextTarget(uint64_t now_ms);
  // How long NextTarget is to be put off: the backoff of a retry.
  uint64_t NextDelayMs(uint64_t now_ms) const noexcept;
  // What happened since the last call, to targets or by a body that took long to judge: worth lines
  // in the error log.
  std::vector<Notice> TakeNotices();
  // Are there targets that this request has not tried and may?
  bool has_more_targets() const noexcept;
  struct UpstreamRequest {
    std::string head;       // ends with the empty line
    std::string_view body;  // owned by the session until the next call
  };
  UpstreamRequest BuildRequest(size_t target);
  // Whole-exchange deadline of one try, for the present request (stream or not).
  uint64_t TryTimeoutMs(size_t target) const noexcept;
  bool stream() const noexcept;  // the client asked for a stream
  openai::Endpoint endpoint() const noexcept;

  // Upstream side of the present try.
  Step OnUpstreamHeader(const UpstreamHead& head, uint64_t now_ms);
  Step OnUpstreamBody(std::string_view bytes, uint64_t now_ms);
  Step OnUpstreamEnd(UpstreamEnd end, uint64_t now_ms);
  // The upstream's answer was taken to its end as far as the client is concerned: its connection
  // may be read to the end of its framing and used again.
  bool answer_complete() const noexcept;
  // No failover any more: the adapter must not let nginx try another peer.
  bool committed() const noexcept;

  // `keeptrusts on`: the stock handler's answer is to be fed in (false: an endpoint or method that
  // passes ungoverned).
  bool governs_answer() const noexcept;
  // The same: the upstream may turn the connection into one of another protocol (a WebSocket), of
  // which no policy reads a byte. Only on endpoints that pass unknown.
  bool may_switch_protocols() const noexcept;

  // Client side.
  bool head_ready() const noexcept;
  const ClientHead& head() const noexcept;  // precondition: head_ready()
  // Moves out the bytes for the client that are ready. Empty before head_ready().
  std::string TakeOutput();
  bool has_output() const noexcept;
  bool finished() const noexcept;  // no output will follow what TakeOutput gives

  void OnClientGone(uint64_t now_ms);

  // Whether this request gets a record, and the record. Finish is idempotent; `status`: what the
  // client got (0: nothing, 499: gone).
  bool recorded() const noexcept;
  // What is known before a provider is asked. The views live as long as the session.
  audit::OpenRequest Admission() const;
  const audit::Record& Finish(int status, uint64_t now_ms);

  // An injection that was found, for nginx's error log: verdict, reason and score, never text.
  // Empty when there was none or `response.log_level` does not ask for it. After Finish.
  struct LogNote {
    std::string_view level;  // "debug", "info", "notice", "warn", "error"
    std::string text;
  };
  LogNote injection_note() const;
  // Why a text could not be checked, and of which request; empty when all could. After Finish.
  std::string failure_note() const;

  // Facts for nginx variables; empty before they are known.
  std::string_view request_id() const noexcept;
  std::string_view verdict() const noexcept;
  std::string_view policy() const noexcept;
  std::string_view reason() const noexcept;
  std::string_view target() const noexcept;
  std::string_view provider() const noexcept;
  std::string_view model() const noexcept;
  std::string attempts() const;  // "fireworks-a:503,openai:200"
  uint64_t redactions() const noexcept;
  uint32_t cached_texts() const noexcept;   // that passed by the verdict cache
  double injection_score() const noexcept;  // negative: none
  std::optional<uint64_t> prompt_tokens() const noexcept;
  std::optional<uint64_t> completion_tokens() const noexcept;
  std::optional<uint64_t> ttft_ms() const noexcept;
  std::optional<double> cost_usd() const noexcept;

  // An `echo` target: the upstream's answer made here, to be fed piece by piece into
  // OnUpstreamHeader/OnUpstreamBody/OnUpstreamEnd.
  bool IsEcho(size_t target) const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kt::session
