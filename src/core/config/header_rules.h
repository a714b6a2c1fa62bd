// Which header names and values a configuration may set on requests to a provider.
#pragma once

#include <string_view>

namespace kt::config {

// An HTTP field name: one or more token characters (RFC 9110, 5.1), at most 128 bytes.
bool IsHeaderName(std::string_view name) noexcept;
// Visible bytes, blanks and tabs between them; no CR, LF, NUL or other control character.
bool IsHeaderValue(std::string_view value) noexcept;

enum class HeaderUse { kFree, kCredential, kHop, kOwn };
// What a name is for. kCredential: would carry a secret, which belongs into secret_key_ref; kHop:
// belongs to one connection; kOwn: the gateway writes it itself.
HeaderUse UseOfHeader(std::string_view name);

}  // namespace kt::config
