#include "core/policy/keyed_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <climits>
#include <span>
#include <utility>

#include "core/base/random.h"

namespace kt::policy {

struct KeyedHash::Contexts {
  Contexts() = default;
  ~Contexts() {
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(algorithm);
    EVP_CIPHER_CTX_free(cipher);
    OPENSSL_cleanse(key, sizeof key);
  }
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
  bool Start();

  EVP_MAC* algorithm = nullptr;
  EVP_MAC_CTX* mac = nullptr;
  EVP_CIPHER_CTX* cipher = nullptr;
  unsigned char key[32] = {};
};

bool KeyedHash::Contexts::Start() {
  unsigned char cipher_key[16];
  algorithm = EVP_MAC_fetch(nullptr, "POLY1305", nullptr);
  if (algorithm != nullptr) mac = EVP_MAC_CTX_new(algorithm);
  cipher = EVP_CIPHER_CTX_new();
  const bool ready =
      mac != nullptr && cipher != nullptr && FillRandom(std::as_writable_bytes(std::span(key))) &&
      FillRandom(std::as_writable_bytes(std::span(cipher_key))) &&
      EVP_EncryptInit_ex(cipher, EVP_aes_128_ecb(), nullptr, cipher_key, nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(cipher, 0) == 1;
  OPENSSL_cleanse(cipher_key, sizeof cipher_key);
  return ready;
}

KeyedHash::KeyedHash(std::unique_ptr<Contexts> contexts) noexcept
    : contexts_(std::move(contexts)) {}
KeyedHash::~KeyedHash() = default;

Result<std::unique_ptr<KeyedHash>> KeyedHash::Make() {
  auto contexts = std::make_unique<Contexts>();
  if (!contexts->Start()) {
    return Status::Internal("OpenSSL has no Poly1305 or no AES, or the kernel no random bytes");
  }
  return std::unique_ptr<KeyedHash>(new KeyedHash(std::move(contexts)));
}

bool KeyedHash::Of(std::initializer_list<std::string_view> parts, Value* out) noexcept {
  EVP_MAC_CTX* const mac = contexts_->mac;
  if (EVP_MAC_init(mac, contexts_->key, sizeof contexts_->key, nullptr) != 1) return false;
  for (const std::string_view part : parts) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(part.data());
    if (EVP_MAC_update(mac, bytes, part.size()) != 1) return false;
  }
  size_t size = 0;
  auto* const bytes = reinterpret_cast<unsigned char*>(out->data());
  return EVP_MAC_final(mac, bytes, &size, sizeof *out) == 1 && size == sizeof *out;
}

bool KeyedHash::Encipher(std::span<Value> blocks) noexcept {
  if (blocks.size_bytes() > INT_MAX) return false;
  auto* const bytes = reinterpret_cast<unsigned char*>(blocks.data());
  const auto size = static_cast<int>(blocks.size_bytes());
  int done = 0;
  return EVP_EncryptUpdate(contexts_->cipher, bytes, &done, bytes, size) == 1 && done == size;
}

}  // namespace kt::policy
