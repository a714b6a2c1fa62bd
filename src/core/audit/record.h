// One audit record: what is known of a governed request at its end (README, Audit). Never text,
// never a secret. Serialised as one JSON line of at most 16 KiB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kt::audit {

inline constexpr size_t kMaxRecordBytes = 16 * 1024;
// Of a record before the log has added its own members.
inline constexpr size_t kMaxJsonBytes = kMaxRecordBytes - 512;

struct PolicyEntry {
  std::string_view kind, phase, verdict;  // words of our own: written as they are
  std::string_view reason_code;
  uint64_t latency_us = 0;
  double score = -1;  // negative: none
};
struct RedactionEntry {
  std::string_view type;
  uint64_t count = 0;
};
struct AttemptEntry {
  std::string_view target, error;
  std::string upstream_request_id;
  int status = 0;
  uint64_t latency_ms = 0;
  bool maybe_billed = false;
};

// The views are those of whoever fills it, and live as long as it is used: it is made and written
// for every request.
struct Record {
  int64_t ts_us = 0;  // UTC, since the epoch
  std::string_view request_id, client_request_id;
  std::string_view pack_name, pack_version, pack_sha256;
  std::string_view verdict, reason_code;
  std::vector<PolicyEntry> policies;
  std::vector<RedactionEntry> redactions;
  std::vector<std::string> unscanned;
  std::optional<uint64_t> released_bytes;
  std::string_view target, provider, model;
  std::vector<AttemptEntry> attempts;
  std::string_view route;  // endpoint path
  bool stream = false;
  int status = 0;
  uint64_t latency_ms = 0;
  std::optional<uint64_t> ttft_ms;
  std::optional<uint64_t> prompt_tokens, completion_tokens, cached_tokens,
      reasoning_tokens;  // of the prompt's and the completion's, as the provider counts
  std::optional<double> cost_usd;
  std::string_view usage_source = "none";
  std::string_view client, user_id, agent_id, conversation_id;
  // "hmac-sha256:<hex>", see digest.h; the members are left out where both are empty.
  std::string request_digest, response_digest;
};

// One JSON object on one line, at most kMaxJsonBytes: members in the order above, client strings
// bounded (256 bytes) and escaped, invalid UTF-8 replaced. Where it would be longer the lists are
// cut and "truncated":true is added. What places it in a log (seq, origin, prev, hash) is added
// there.
std::string ToJson(const Record& record);
// The same, in place of what *line held, in whose room it is written.
void WriteJson(const Record& record, std::string* line);

}  // namespace kt::audit
