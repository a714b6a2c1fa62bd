// What a value says itself that it is, and is therefore no secret: a placeholder, a variable, a
// name in a program, a file, a number.
#pragma once

#include <cstddef>
#include <string_view>

namespace kt::policies {

constexpr size_t kUuidBytes = 36;

// "access-sandbox-<uuid>"
bool EndsInUuid(std::string_view value) noexcept;
// "0xd4c893e9bb37465dULL"
bool IsHexNumber(std::string_view value) noexcept;
// Base64 of a picture, a certificate, a public key.
bool IsEncodedFile(std::string_view value) noexcept;
// "v1.2.3-0.20210101000000-70aec78da628"
bool IsVersion(std::string_view value) noexcept;
// "sha512-…", "images/a1b2.png", "self.api_key2"
bool IsReference(std::string_view value);
// By what it begins with alone.
bool BeginsAsReference(std::string_view value) noexcept;
// "$DB_PASSWORD", "%DB_PASSWORD%", "@@DB_PASSWORD@@"
bool IsVariable(std::string_view value) noexcept;
// "typing.Optional", "random_password.db2.result"
bool IsDottedName(std::string_view value) noexcept;
// "EVP_PKEY_ED25519", "ChaCha20Poly1305"
bool IsIdentifier(std::string_view value);
// "xxxx", "your_api_key", "${TOKEN}", "AKIA…EXAMPLE": stands for a secret, is none.
bool IsPlaceholder(std::string_view value);

// A placeholder, a reference, a number, a file, an assignment: no secret, however random.
bool SaysWhatItIs(std::string_view value);

}  // namespace kt::policies
