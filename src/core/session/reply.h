// Answers that the gateway gives by itself (README, HTTP).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/openai/error_body.h"
#include "core/policy/chain.h"
#include "core/routing/target.h"

namespace kt::session {

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<routing::Header> headers;
};

enum class Error : uint8_t {
  kBadRequest,
  kInvalidJson,
  kDuplicateKey,
  kInvalidUtf8,
  kUnsupportedEncoding,
  kUnsupportedContentType,
  kUserIdRequired,
  kUnsupportedEndpoint,
  kModelNotFound,  // no target that the request may go to has this endpoint
  kMethodNotAllowed,
  kRequestTimeout,
  kBodyTooLarge,
  kInternal,
  kRateLimited,
  kUpstreamFailed,
  kUpstreamInvalid,
  kUpstreamAuth,
  kUpstreamTimeout,
  kNoTarget,
  kAuditUnavailable,
  kPackDisabled,
  kUnavailable,  // nginx said so: a limit of its own
};

// `detail` replaces the standing sentence; it never holds prompt text.
openai::ErrorInfo MakeErrorInfo(Error error, std::string_view request_id,
                                std::string_view detail = {});
Reply MakeReply(Error error, std::string_view request_id, std::string_view detail = {});
// A 400 whose code and parameter the shape of the request decides.
Reply MakeBadRequest(std::string_view code, std::string_view message, std::string_view param,
                     std::string_view request_id);

// A policy's block. `place`: where in the request, may be empty.
openai::ErrorInfo MakeBlockInfo(const policy::Block& block, policy::Phase phase,
                                std::string_view place, std::string_view request_id);
Reply MakeBlockReply(const openai::ErrorInfo& info, int block_status);

// True for bytes that may stand in a header value.
bool IsHeaderText(std::string_view value) noexcept;
// A content encoding (untrusted header value; may be empty) that changes nothing.
bool IsIdentity(std::string_view encoding);

}  // namespace kt::session
