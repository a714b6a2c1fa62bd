// A target at run time: what of a provider is needed to build a request for it. Pure data; the
// adapter owns sockets, names and TLS.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/config/policy_config.h"
#include "core/openai/endpoint.h"

namespace kt::routing {

// Reads secrets at configuration time, in the master.
struct SecretSource {
  // The value of an environment variable; nullopt when unset.
  std::optional<std::string> (*env)(const std::string& name);
  std::string store_directory;  // empty: {store} references fail
};
// The value without trailing newlines; kNotFound when unset or empty; kInvalidArgument when it
// holds bytes that no header may carry. The message never holds the value.
Result<std::string> ResolveSecret(const config::SecretRef& ref, const SecretSource& source);

// The head of an ordinary request to a target, around the digits of its Content-Length.
struct PreparedHead {
  std::string before, behind;
};

struct Target {
  const config::Target* config = nullptr;  // owned by the PolicyConfig
  std::string key;                         // the resolved secret; empty: none needed
  bool available = true;                   // false: no key; see reason
  std::string unavailable_reason;
  // The adapter's: whether an address is known at this moment; nullptr: it always is.
  const bool* reachable = nullptr;
  // What must be equal for two targets to share connections: scheme, host, port, SNI, key,
  // client certificate. Holds a digest of the key, never the key.
  std::string identity;
  // By endpoint, each without and with a stream; empty: BuildRequestHead makes all from zero.
  std::vector<PreparedHead> heads;
};

// Targets in configuration order. A missing key disables the target and adds a warning.
std::vector<Target> MakeTargets(const config::PolicyConfig& config, const SecretSource& source,
                                std::vector<std::string>* warnings);

struct Header {
  std::string name, value;
};

// What differs between requests to one target. `path` lies below the target's base URL and is
// percent-encoded here; an unknown endpoint that is passed on brings its own method and type.
struct RequestShape {
  std::string_view method = "POST";
  std::string_view path;
  std::string_view content_type = "application/json";  // empty: no such header
  size_t content_length = 0;
  bool stream = false;
  std::string_view raw_path;        // in place of `path`: sent as it is, with its query
  bool last_on_connection = false;  // Connection: close, and no length where there is no body
};

// The head of the request to `target`, from zero: request line, Host, Content-Type,
// Content-Length, Accept, Accept-Encoding: identity, the key, the target's fixed headers,
// User-Agent, and `passed` (OpenAI-Beta, traceparent, tracestate of the client). Ends with the
// empty line. HTTP/1.1, keep-alive. Values with CR, LF or NUL are left out; so is what repeats a
// header that is already there, or belongs to the framing.
std::string BuildRequestHead(const Target& target, const RequestShape& shape,
                             const std::vector<Header>& passed);
std::string BuildRequestHead(const Target& target, openai::Endpoint endpoint, size_t content_length,
                             bool stream, const std::vector<Header>& passed);
// Fills target->heads, from all that is known of the target by then.
void PrepareHeads(Target* target);

// The targets that a request may ask, in order: restricted by `model` (a target id or group) and by
// the endpoint type, unavailable ones left out. What is known of them by now (StandingOf) is not
// looked at.
std::vector<size_t> PlanTargets(const config::Providers& providers,
                                const std::vector<Target>& targets, openai::Endpoint endpoint,
                                std::string_view model);

// Whether any of the targets that `model` chooses among has the endpoint, available or not.
bool AnyServes(const config::Providers& providers, const std::vector<Target>& targets,
               openai::Endpoint endpoint, std::string_view model);

// Every list of two or more that PlanTargets can give, but for those that only differ in order.
std::vector<std::vector<size_t>> CandidateLists(const config::Providers& providers,
                                                const std::vector<Target>& targets);

// How a try ended, as far as the choice of what follows is concerned.
enum class TryError : uint8_t {
  kNone,
  kConnect,
  kTls,
  kTimeout,
  kReset,
  kRateLimit,
  kServerError,
  kAuth,
  kModel,
  kInvalid,
};
std::string_view TryErrorName(TryError error) noexcept;  // "connect_error", …
// Classifies an upstream status: kNone for 2xx and for errors that are the client's own.
// `own_model`: the target replaced the model, so a 404 is ours.
TryError ClassifyStatus(int status, bool own_model) noexcept;
// May another target be asked after this error (README, "When a target fails")? `single` never.
bool MayFailOver(const config::Providers& providers, TryError error) noexcept;

}  // namespace kt::routing
