// Keyed digests of bodies for the record: HMAC-SHA256 (RFC 2104), by OpenSSL. Who holds the key can
// tell whether a body he has is the one of a record; without it nobody can guess at short texts.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/audit/file_system.h"
#include "core/base/status.h"

namespace kt::audit {

inline constexpr std::string_view kDigestKeyFile = "digest.key";
// Whose HMAC-SHA256 under the root key's 32 secret bytes (RFC 8032's seed) is the digest key.
inline constexpr std::string_view kDigestContext = "keeptrusts-audit-digest-v1\n";

// The key, kept by OpenSSL alone, which wipes it at the end. Immutable; threads may share it.
class DigestKey {
 public:
  // `secret`: 32 bytes; the caller wipes them. kInternal: OpenSSL failed.
  static Result<DigestKey> FromSecret(std::string_view secret);
  // Derived from a root key's PEM text.
  static Result<DigestKey> FromRootKey(std::string_view pem);
  // That of digest.key in the directory, 64 hex digits; made there (0600) when it is missing.
  static Result<DigestKey> OfDirectory(FileSystem* fs, const std::string& directory);

  // "hmac-sha256:<64 hex>"; empty when OpenSSL failed (out of memory).
  std::string Of(std::string_view bytes) const;

 private:
  friend class BodyDigest;
  struct Impl;
  explicit DigestKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// The digest of a body that comes in pieces, without keeping them. Not thread-safe.
class BodyDigest {
 public:
  explicit BodyDigest(const DigestKey& key);
  ~BodyDigest();
  BodyDigest(const BodyDigest&) = delete;
  BodyDigest& operator=(const BodyDigest&) = delete;

  void Add(std::string_view bytes);
  // As DigestKey::Of, of all that was added. Once.
  std::string Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kt::audit
