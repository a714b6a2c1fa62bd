// Reads the base URL of a provider. Strict, because a key is sent to what it names.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/config/policy_config.h"

namespace kt::config {

// `http://` or `https://`, a DNS name, IPv4 address or bracketed IPv6 literal, an optional port and
// path; at most 2,048 bytes. Refused: credentials, query, fragment, blanks and control characters,
// dot segments, anything not ASCII. The host comes out in lower case, the path without trailing
// slashes. Messages never repeat the text: it may hold a credential.
Result<Url> ParseUrl(std::string_view text);

// The host is this machine whatever a resolver says: `localhost`, 127.0.0.0/8, ::1.
bool IsLoopback(std::string_view host);

// "https://host:8443/v1", default ports left out.
std::string UrlText(const Url& url);

}  // namespace kt::config
