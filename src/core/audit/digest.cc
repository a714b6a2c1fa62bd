#include "core/audit/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <utility>

#include "core/audit/keys.h"
#include "core/base/text.h"

namespace kt::audit {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kMaxKeyFile = 1024;

struct Free {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MAC_CTX, Free>;

// nullptr: OpenSSL failed.
Context Keyed(std::string_view secret) {
  const std::unique_ptr<EVP_MAC, Free> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  Context context{mac ? EVP_MAC_CTX_new(mac.get()) : nullptr};
  char name[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};
  const bool ok =
      context && EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                              secret.size(), params) == 1;
  return ok ? std::move(context) : nullptr;
}

bool Update(EVP_MAC_CTX* context, std::string_view bytes) {
  return EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(bytes.data()),
                        bytes.size()) == 1;
}

// 32 bytes, or none.
std::string Final(EVP_MAC_CTX* context) {
  std::string out(kSecretBytes, '\0');
  size_t size = 0;
  const bool ok =
      EVP_MAC_final(context, reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) == 1;
  return ok && size == out.size() ? out : std::string();
}

// Precondition: IsHex.
std::string BytesOf(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes(hex.size() / 2, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
  }
  return bytes;
}

Result<DigestKey> FromHex(std::string hex) {
  std::string secret = BytesOf(hex);
  Wipe(&hex);
  Result<DigestKey> key = DigestKey::FromSecret(secret);
  Wipe(&secret);
  return key;
}

Status OpenSslFailed() {
  return Status(StatusCode::kInternal, "audit log: OpenSSL cannot compute HMAC-SHA256");
}

}  // namespace

struct DigestKey::Impl {
  Context keyed;
};

Result<DigestKey> DigestKey::FromSecret(std::string_view secret) {
  auto impl = std::make_shared<Impl>();
  impl->keyed = Keyed(secret);
  if (!impl->keyed) return OpenSslFailed();
  return DigestKey(std::move(impl));
}

Result<DigestKey> DigestKey::FromRootKey(std::string_view pem) {
  const Result<SigningKey> root = SigningKey::FromPem(pem);
  if (!root.ok()) return root.status();
  std::string hex = root->SeedHex();
  std::string seed = BytesOf(hex);
  const Context context = Keyed(seed);
  Wipe(&hex);
  Wipe(&seed);
  if (!context || !Update(context.get(), kDigestContext)) return OpenSslFailed();
  std::string secret = Final(context.get());
  if (secret.empty()) return OpenSslFailed();
  Result<DigestKey> key = FromSecret(secret);
  Wipe(&secret);
  return key;
}

Result<DigestKey> DigestKey::OfDirectory(FileSystem* fs, const std::string& directory) {
  const int opened = fs->OpenDirectory(directory);
  if (opened < 0) return FileFailure("open " + directory, opened);
  const Fd dir(opened);
  const std::string name(kDigestKeyFile);
  Result<std::string> text = ReadFile(fs, dir.get(), name, kMaxKeyFile);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    std::string made = RandomHex(2 * kSecretBytes);
    if (made.empty()) return OpenSslFailed();
    made += '\n';
    const Status written = ReplaceFile(fs, dir.get(), name, made, 0600);
    Wipe(&made);
    if (!written.ok()) return written;
    // Another process may have made one at the same time: the one that is there counts.
    text = ReadFile(fs, dir.get(), name, kMaxKeyFile);
  }
  if (!text.ok()) return text.status();
  std::string& hex = text.value();
  while (!hex.empty() && hex.back() == '\n') hex.pop_back();
  if (!IsHex(hex, 2 * kSecretBytes)) {
    Wipe(&hex);
    return Status(StatusCode::kInvalidArgument,
                  "audit log: " + directory + "/" + name + " does not hold 64 hex digits");
  }
  return FromHex(std::move(hex));
}

std::string DigestKey::Of(std::string_view bytes) const {
  BodyDigest digest(*this);
  digest.Add(bytes);
  return digest.Finish();
}

struct BodyDigest::Impl {
  Context context;
};

BodyDigest::BodyDigest(const DigestKey& key) : impl_(std::make_unique<Impl>()) {
  impl_->context.reset(EVP_MAC_CTX_dup(key.impl_->keyed.get()));
}

BodyDigest::~BodyDigest() = default;

void BodyDigest::Add(std::string_view bytes) {
  if (impl_->context && !Update(impl_->context.get(), bytes)) impl_->context.reset();
}

std::string BodyDigest::Finish() {
  const std::string mac = impl_->context ? Final(impl_->context.get()) : std::string();
  impl_->context.reset();
  return mac.empty() ? std::string() : "hmac-sha256:" + HexEncode(mac);
}

}  // namespace kt::audit
