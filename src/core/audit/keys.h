// Ed25519 (RFC 8032) keys and SHA-256 of the audit log, by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace kt::audit {

// Lower-case hex, 64 digits: how keys and hashes stand in the log.
using Hex32 = std::string;
bool IsHex(std::string_view text, size_t digits) noexcept;

// SHA-256, many short texts one after the other. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  // 64 hex digits; empty when OpenSSL failed (out of memory).
  Hex32 Hex(std::string_view bytes);
  // As Hex, into 64 bytes at `out`; false when OpenSSL failed.
  bool Hex(std::string_view bytes, char* out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A private key. Wiped at the end of its life.
class SigningKey {
 public:
  static Result<SigningKey> Generate();
  // PKCS#8 PEM. kInvalidArgument: no Ed25519 private key.
  static Result<SigningKey> FromPem(std::string_view pem);
  // 64 hex digits: the seed of RFC 8032.
  static Result<SigningKey> FromSeedHex(std::string_view hex);

  SigningKey() = default;  // holds no key: valid() is false
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&& other) noexcept;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  ~SigningKey();

  bool valid() const noexcept { return !public_hex_.empty(); }
  const Hex32& public_hex() const noexcept { return public_hex_; }
  // Precondition of all below: valid().
  // 128 hex digits; empty when OpenSSL failed.
  std::string Sign(std::string_view message) const;
  std::string SeedHex() const;  // secret
  std::string ToPem() const;    // secret
  std::string PublicPem() const;

 private:
  std::array<unsigned char, 32> seed_{};
  Hex32 public_hex_;
};

// True when `signature_hex` is the signature of `message` by `public_hex`.
bool VerifySignature(const Hex32& public_hex, std::string_view message,
                     std::string_view signature_hex);
// The key of a PEM public key (or private key) file's text, or of 64 hex digits.
Result<Hex32> ReadPublicKey(std::string_view text);
// `digits` random hex digits; empty when the system gives none.
std::string RandomHex(size_t digits);
// Overwrites the bytes, so that no copy stays in memory.
void Wipe(std::string* secret);

}  // namespace kt::audit
