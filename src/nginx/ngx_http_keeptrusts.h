// The adapter's own types and the seams between its files. Thin by rule: bytes in, Session, bytes
// out; an `if` about OpenAI, a policy or a target's choice belongs in src/core.
#pragma once

#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/audit/digest.h"
#include "core/audit/log_writer.h"
#include "core/audit/worker_rings.h"
#include "core/routing/board.h"
#include "core/session/gateway.h"
#include "core/session/session.h"
#include "core/session/workspace.h"
#include "ngx_http_keeptrusts_guard.h"
#include "ngx_http_keeptrusts_names.h"
#include "ngx_http_keeptrusts_nginx.h"
#include "ngx_http_keeptrusts_probe.h"

extern ngx_module_t ngx_http_keeptrusts_module;

namespace kt::nginx {

// ---- configuration -----------------------------------------------------------------------------

// What nginx needs to reach one target: an upstream{} of its own, so that kept-alive connections
// and TLS sessions are never shared between identities.
struct UpstreamTarget {
  ngx_http_upstream_conf_t conf;        // u->conf of a try: timeouts, TLS, next_upstream
  ngx_http_upstream_conf_t entry_conf;  // the same with the meta peer in front: where a request
                                        // begins
  ngx_http_upstream_srv_conf_t* uscf;   // nullptr: no socket (echo) or unreachable
  ngx_str_t tls_name;                   // SNI and the name that is verified
  Name* name;                           // nullptr: no socket, or an upstream{} of the user's
  bool users_upstream;                  // whose kept-alive connections may be others', too
  bool client_certificate;              // shown on every connection
};

// One gateway with its sockets; shared by the locations with equal settings.
struct GatewayEntry {
  std::string key;  // the settings it was made from
  std::unique_ptr<const session::Gateway> gateway;
  std::unique_ptr<routing::Board> board;   // what is known of the targets; nullptr: not routed
  std::vector<UpstreamTarget*> upstreams;  // as gateway->targets()
};

// One audit directory: what all its locations agree on.
struct AuditEntry {
  AuditEntry() = default;
  ~AuditEntry();
  std::string directory, ring_directory, key_file, host;
  std::string root_key;                        // PEM; wiped in workers
  std::optional<audit::DigestKey> digest_key;  // once a location has keeptrusts_audit_digest on
  uint64_t ring_bytes = 0;
  config::AuditLogger settings;
  std::vector<audit::PackIdentity> packs;
  std::unique_ptr<audit::WorkerRings> rings;  // state of this process
};

// Random bytes taken in bulk: the kernel is asked once for 256 ids. State of this
// process; empty in the master.
struct RandomBytes {
  unsigned char bytes[4096];
  size_t left = 0;
};

// What of nginx's own variables the configuration uses. For a process that serves requests.
struct UsedVariables {
  std::optional<ngx_uint_t> request_id;  // its index
  bool request_body = false;             // in a log_format, say
};

// Gives free heap back once no large body has come for a while (*_heap.cc). State of this process.
struct HeapKeeper {
  HeapKeeper() = default;
  ~HeapKeeper();
  HeapKeeper(const HeapKeeper&) = delete;
  HeapKeeper& operator=(const HeapKeeper&) = delete;

  ngx_event_t timer{};
  bool used = false;  // a large body has come since the timer was set
};

struct MainConf {
  MainConf() noexcept;
  RandomBytes random;
  UsedVariables used;
  // Policy configurations by the files that they were read from.
  std::vector<std::pair<std::vector<std::string>, std::shared_ptr<const config::PolicyConfig>>>
      configs;
  std::vector<std::unique_ptr<GatewayEntry>> gateways;
  std::vector<std::unique_ptr<AuditEntry>> audits;
  NameTable names;
  std::vector<void**> stock;            // each module's part of the locations with `keeptrusts on`
  ngx_http_upstream_srv_conf_t meta{};  // peer.init is ours; see *_peer.cc
  ngx_shm_zone_t* zone = nullptr;       // keeptrusts_zone; nullptr: no location routes
  std::vector<std::unique_ptr<Probe>> probes;        // of this worker
  ngx_uint_t cached_verdicts = NGX_CONF_UNSET_UINT;  // keeptrusts_verdict_cache; 0: off
  std::unique_ptr<policy::VerdictCache> verdicts;    // of this worker
  session::Workspace workspace;                      // the same
  HeapKeeper heap;
};

struct LocationConf {
  ngx_array_t* policy_files;  // ngx_str_t
  ngx_flag_t enable, pass, enforce, audit_digest;
  ngx_uint_t fail_mode, unknown_endpoint, block_status;
  ngx_str_t rules, secret_store, trusted_certificate, audit_dir, audit_ring_dir, audit_key,
      api_token_file;
  size_t gate_buffer, audit_ring_bytes;
  ngx_http_complex_value_t *user_id, *agent_id, *conversation_id;
  // made by the merge of a location that governs:
  GatewayEntry* gateway;
  AuditEntry* audit;
  ngx_str_t api_token;
  ngx_str_t prefix;  // what of the URI stands before the endpoint; empty: the location is no prefix

  bool governs() const noexcept { return gateway != nullptr && (pass == 1 || enable == 1); }
};

// The last step of a location's merge: whether it is governed, and that nothing else answers in it.
// False: a configuration error, which has been logged.
bool GovernLocation(ngx_conf_t* cf, const LocationConf* parent, LocationConf* conf) noexcept;
// The same for directives of modules whose locations are merged behind ours. Once, in the end.
bool CheckStockLocations(ngx_conf_t* cf, MainConf* main) noexcept;
// Loads and builds (or finds) the gateway of `conf`; nullptr after logging every diagnostic.
GatewayEntry* GetGateway(ngx_conf_t* cf, MainConf* main, const LocationConf* conf) noexcept;
// The audit log of `conf`, or nullptr after an error has been logged.
AuditEntry* GetAudit(ngx_conf_t* cf, MainConf* main, const LocationConf* conf) noexcept;
// keeptrusts_audit_ring_dir dir [max=size];
char* SetAuditRingDir(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept;
// An ngx_path_t's manager, with its AuditEntry: makes the process that calls it the writer.
ngx_msec_t ManageAuditWriter(void* data);
// At the start and end of a process: the writers of `master_process off`; a worker forgets keys.
void StartOwnWriters(ngx_cycle_t* cycle) noexcept;
void FinishOwnWriters(ngx_cycle_t* cycle) noexcept;
// Finds or creates the upstream{} and TLS context of a target. A name that does not resolve is no
// error: nginx starts all the same. *unreachable says why the target can never be used, while
// out->name knows whether it can be now. False: a configuration error, which has been logged.
bool MakeUpstream(ngx_conf_t* cf, MainConf* main, const LocationConf* conf,
                  const config::Target& target, UpstreamTarget* out,
                  std::string* unreachable) noexcept;
// A TLS context for `target` alone and what of *conf belongs to it: authorities (empty: the
// system's), client certificate, verification of the name or address. False: an error that has been
// logged. May throw: call in a Guard.
bool SetUpTls(ngx_conf_t* cf, ngx_str_t trusted_certificate, const config::Target& target,
              ngx_http_upstream_conf_t* conf);

// Once the configuration is read.
UsedVariables FindUsedVariables(ngx_cycle_t* cycle) noexcept;

// keeptrusts_verdict_cache texts|off;
char* SetVerdictCache(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept;
// For a process that serves requests.
void StartVerdictCache(ngx_cycle_t* cycle, MainConf* main) noexcept;

// The configuration is read: gives back what that took, before workers begin with a copy of it.
void TrimHeap() noexcept;
// For a process that serves requests: large blocks of heap are used again.
void KeepHeap() noexcept;
// A request with a body of so many bytes is over.
void NoteBody(HeapKeeper* heap, size_t bytes) noexcept;

// keeptrusts_zone size;
char* SetZone(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept;
// The zone that the routed gateways' boards live in, of the default size where none was named.
ngx_int_t AddZone(ngx_conf_t* cf, MainConf* main) noexcept;

// ---- request -----------------------------------------------------------------------------------

// A buffer of output that owns its bytes and is used again once nginx has sent it.
struct OutputBuffer {
  ngx_buf_t buf;  // first: a chain's buf is cast back to its OutputBuffer
  std::string bytes;
};

struct Context {
  explicit Context(ngx_http_request_t* r, LocationConf* c) : request(r), conf(c) {}
  ~Context();

  ngx_http_request_t* request;
  LocationConf* conf;
  std::optional<session::Session> session;
  std::string body;                  // a copy, when nginx had it in several pieces or a file
  ngx_buf_t* head_buffer = nullptr;  // the request's own, while another one takes the body
  uint64_t body_bytes = 0;           // counted by the request-body filter
  u_char* body_buffer = nullptr;     // nginx's, that the session reads
  bool body_forgotten = false;

  std::string uri;        // that was judged; of a routed request nobody asks
  bool routed = false;    // keeptrusts_pass
  bool own_head = false;  // our filters let this answer through: we made it
  bool admitted = false;  // a ring holds room for our record
  bool recorded = false;
  audit::Ticket ticket;
  bool kept = false;            // the record is in a ring
  ngx_chain_t* held = nullptr;  // the answer's end, until the record is durable
  ngx_event_t ack{};            // looks whether it is
  uint64_t ack_until = 0;
  bool cut = false;                 // it was not, for too long
  bool sending = false;             // the next body filter is being called
  bool failure_logged = false;      // the error log says why there is no good answer
  ngx_int_t precontent = NGX_DONE;  // what the PRECONTENT handler returns when asked again

  // Output that nginx has not sent yet.
  std::forward_list<OutputBuffer> buffers;  // stable addresses
  ngx_chain_t *free_out = nullptr, *busy_out = nullptr;

  // keeptrusts on: the stock handler's answer.
  bool upstream_seen = false, replaced = false, head_sent = false, last_sent = false;
  bool stock_ended = false;           // its last buffer has come
  size_t trailers = 0;                // how many of the answer's are ours
  ngx_chain_t* pending_in = nullptr;  // not yet consumed, while the client is slow
  std::vector<std::pair<ngx_table_elt_t*, ngx_str_t>> accept_encoding;
  ngx_uint_t http_version = 0;  // the client's; nginx may put the upstream's in its place

  void (*stock_finalize)(ngx_http_request_t*, ngx_int_t) = nullptr;

  // keeptrusts_pass: the present try.
  size_t target = 0;
  Name* awaited = nullptr;    // the name of the target, when no address of it is known yet
  bool try_open = false;      // the session has not heard how this try ended
  bool same_target = false;   // a stale kept-alive connection: go on with this target
  bool fresh = false;         // on a new connection
  uint64_t asked_at = 0;      // when this connection was asked for
  bool next_address = false;  // the target's name has another address: go on with that
  ngx_uint_t addresses_left = 0;
  bool first_get = true;
  bool answer_started = false;  // a byte of an answer has come
  bool status_parsed = false, head_parsed = false, chunked = false, close_delimited = false,
       close_after = false;
  bool has_length = false, body_done = false, prefed = false;
  uint64_t body_left = 0;
  ngx_http_status_t status{};
  ngx_http_chunked_t chunk_state{};
  // In u->buffer, which stays as it is until the head is read.
  std::vector<std::pair<std::string_view, std::string_view>> upstream_headers;
  bool draining = false;  // the client has its end; only the framing's is missing
  ngx_event_t deadline{};
  ngx_event_t wait{};  // see *_wait.cc
  bool waiting = false;
  uint64_t deadline_at = 0;
  ngx_http_upstream_handler_pt read_upstream = nullptr;  // nginx's own, behind ours
  std::string request_bytes;                             // head of the request of this try
  void* inner_data = nullptr;                            // the stock balancer behind the meta peer
  ngx_event_get_peer_pt inner_get = nullptr;
  ngx_event_free_peer_pt inner_free = nullptr;
#if (NGX_SSL || NGX_COMPAT)
  ngx_event_set_peer_session_pt inner_set_session = nullptr;
  ngx_event_save_peer_session_pt inner_save_session = nullptr;
#endif
};

inline LocationConf* GetLocationConf(ngx_http_request_t* r) noexcept {
  return static_cast<LocationConf*>(ngx_http_get_module_loc_conf(r, ngx_http_keeptrusts_module));
}
inline MainConf* GetMainConf(ngx_http_request_t* r) noexcept {
  return static_cast<MainConf*>(ngx_http_get_module_main_conf(r, ngx_http_keeptrusts_module));
}

// Milliseconds of nginx's monotonic clock.
inline uint64_t Now() noexcept {
  return ngx_current_msec;
}

int64_t UnixMicroseconds() noexcept;
// nginx's own $request_id, so that our records and its logs name a request alike. May throw.
std::string RequestId(ngx_http_request_t* r);

// The request's context, also after an internal redirect has zeroed the module's slot.
Context* FindContext(ngx_http_request_t* r) noexcept;
// The context of a location that redirected here, when what it judged holds here too: the same
// gateway, settings and URI, and a body that was let through. nullptr otherwise.
Context* InheritContext(ngx_http_request_t* r, const LocationConf* conf) noexcept;
// Makes a context with its session; nullptr when memory is out.
Context* MakeContext(ngx_http_request_t* r, LocationConf* conf, bool routed) noexcept;

// Asks the token, then Session::OnHead. True: the client side already holds the answer.
bool BeginRequest(Context* ctx) noexcept;
// Reads the body, then calls `then`, as ngx_http_read_client_request_body does: in one contiguous
// buffer where nginx can give it, so that there is no copy and no prompt on disk.
ngx_int_t ReadBody(Context* ctx, ngx_http_client_body_handler_pt then) noexcept;
// Makes the whole body contiguous and hands it to the session. First of all that `then` does.
// NGX_ERROR: internal failure.
ngx_int_t JudgeBody(Context* ctx) noexcept;
// Puts the session's edited body in the place of the client's, for whatever handler sends it: a
// stock one, or one behind an error_page of ours. NGX_ERROR: memory.
ngx_int_t ReplaceRequestBody(Context* ctx) noexcept;
// An answer that no other try can follow has begun, and the request has left: gives back what held
// the request. Of an open stream that is the largest part.
void ForgetRequestBody(Context* ctx) noexcept;
// The stock handler's upstream must answer unencoded, or nothing could be scanned. The client's
// header is changed in place, and put back before nginx's own gzip looks at it. The first throws.
void AskForIdentity(Context* ctx);
void RestoreAcceptEncoding(Context* ctx) noexcept;
// Reserves room for the record of a request that is going to have one; refuses it otherwise.
void AdmitToAudit(Context* ctx) noexcept;
// Writes the audit record, once.
void WriteRecord(Context* ctx, int status) noexcept;
// Passes output on to `next`; the answer's end only when its record is as durable as is asked for,
// until then NGX_AGAIN.
ngx_int_t SendDurably(Context* ctx, ngx_chain_t* out, ngx_http_output_body_filter_pt next) noexcept;

// Sets headers_out from the session's head. NGX_ERROR: memory.
ngx_int_t AddHeader(ngx_http_request_t* r, const routing::Header& header) noexcept;
ngx_int_t SetResponseHead(Context* ctx) noexcept;
// A chain link with the session's pending output, or nullptr (*error set when memory is out).
ngx_chain_t* TakeOutput(Context* ctx, bool last, ngx_chain_t** free, bool* error) noexcept;
// Gives back the bytes of the buffers of `out` that nginx has sent: a stream may be silent for
// long.
void ForgetSent(ngx_chain_t* out) noexcept;
// Sends the complete answer that the client side holds.
ngx_int_t SendAnswer(Context* ctx) noexcept;

// ---- phases, filters, tables -------------------------------------------------------------------

ngx_int_t ContentHandler(ngx_http_request_t* r) noexcept;     // keeptrusts_pass
ngx_int_t PrecontentHandler(ngx_http_request_t* r) noexcept;  // keeptrusts on
ngx_int_t LogHandler(ngx_http_request_t* r) noexcept;
ngx_int_t StatusHandler(ngx_http_request_t* r) noexcept;  // keeptrusts_status
ngx_int_t StartUpstream(Context* ctx) noexcept;           // NGX_DONE or an error
void ContinueUpstream(Context* ctx) noexcept;             // ctx->awaited has been heard of
ngx_int_t InitPeer(ngx_http_request_t* r, ngx_http_upstream_srv_conf_t* uscf) noexcept;
// A kept-alive connection that the balancer offers (it returned NGX_DONE) is closed when `target`
// did not open it, or a `fresh` one is wanted: then NGX_OK, for a new one. NGX_DONE: use it.
ngx_int_t RefuseConnection(const UpstreamTarget* target, bool fresh,
                           ngx_peer_connection_t* pc) noexcept;
// Before the balancer may keep the connection of a try: notes that `target` opened it.
void MarkConnection(const UpstreamTarget* target, ngx_http_upstream_t* u) noexcept;
ngx_int_t AddVariables(ngx_conf_t* cf) noexcept;
ngx_int_t InstallFilters(ngx_conf_t* cf) noexcept;
// Reads the head of a provider's answer from u->buffer: NGX_OK once it is complete and the session
// has seen it (*step), NGX_AGAIN, or NGX_ERROR when it is malformed. May throw: call in a Guard.
ngx_int_t ParseUpstreamHead(Context* ctx, session::Step* step);
// Takes body bytes off their framing, feeds them and, when the framing says so, the end. May throw.
session::Step FeedUpstreamBody(Context* ctx, u_char* pos, u_char* last);
void ResetTry(Context* ctx) noexcept;
// One line for whoever is on call: target, status, why, and what was tried. `more`: another target
// follows. May throw: call in a Guard.
void LogFailedTry(Context* ctx, const char* why, bool more);
// One line where an answer that had begun, or a stock handler's, turned out bad and nothing has
// said so yet. May throw: call in a Guard.
void LogFailedAnswer(Context* ctx, int status);
// The error log's lines about targets. May throw: call in a Guard.
void LogNotices(Context* ctx);
// For a balancer's `get`: a peer that does nothing, and fails after `delay_ms` so that nginx asks
// for the next one. NGX_AGAIN, or NGX_ERROR.
ngx_int_t GetWaitPeer(ngx_peer_connection_t* pc, Context* ctx, uint64_t delay_ms) noexcept;
void EndWait(Context* ctx) noexcept;
void ArmDeadline(Context* ctx) noexcept;
void DisarmDeadline(Context* ctx) noexcept;

}  // namespace kt::nginx
