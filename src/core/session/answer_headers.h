// The headers of a provider's answer that may reach the client or the record.
//
// Policies do not judge them, so each passes only with a value of its own kind: a number, a
// duration, a time, a flag. Others are dropped: no text of a prompt or an answer fits.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/routing/target.h"

namespace kt::session {

using HeaderViews = std::vector<std::pair<std::string_view, std::string_view>>;

// Is it of the media type `wanted`, whatever its parameters?
bool IsMediaType(std::string_view content_type, std::string_view wanted);
// Parameters go, but for the one that says what the bytes were judged as: a client may decode them
// in another way by any other.
std::string_view AsJudged(std::string_view content_type);
// Those that pass, with their names in lower case; content-type is left to the caller.
std::vector<routing::Header> AllowedHeaders(const HeaderViews& untrusted_headers);
// The value of the header `lower_name`, bounded, or nothing.
std::string FindHeader(const HeaderViews& untrusted_headers, std::string_view lower_name);
// The provider's id of the request; nothing where it does not look like an id.
std::string FindRequestId(const HeaderViews& untrusted_headers);

}  // namespace kt::session
