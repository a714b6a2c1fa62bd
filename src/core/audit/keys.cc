#include "core/audit/keys.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <utility>
#include <vector>

#include "core/base/text.h"

namespace kt::audit {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;
using Bio = std::unique_ptr<BIO, Free>;

// Refuses a password question: the log starts without a terminal.
int NoPassword(char*, int, int, void*) {
  return -1;
}

std::string_view Chars(const unsigned char* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Precondition: IsHex.
std::vector<unsigned char> Bytes(std::string_view hex) {
  std::vector<unsigned char> bytes(hex.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<unsigned char>(Digit(hex[2 * i]) * 16 + Digit(hex[2 * i + 1]));
  }
  return bytes;
}

Key Private(const std::array<unsigned char, 32>& seed) {
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
}

Hex32 PublicHex(EVP_PKEY* key) {
  unsigned char bytes[32];
  size_t size = sizeof bytes;
  if (key == nullptr || EVP_PKEY_id(key) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key, bytes, &size) != 1 || size != sizeof bytes) {
    return {};
  }
  return HexEncode(Chars(bytes, size));
}

Bio Memory(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

}  // namespace

bool IsHex(std::string_view text, size_t digits) noexcept {
  if (text.size() != digits) return false;
  for (const char c : text) {
    if (Digit(c) < 0) return false;
  }
  return true;
}

struct Sha256::Impl {
  Context context{EVP_MD_CTX_new()};
  std::unique_ptr<EVP_MD, Free> digest{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}
Sha256::~Sha256() = default;

bool Sha256::Hex(std::string_view bytes, char* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  unsigned char digest[32];
  unsigned int size = 0;
  if (!impl_->context || !impl_->digest ||
      EVP_DigestInit_ex2(impl_->context.get(), impl_->digest.get(), nullptr) != 1 ||
      EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(impl_->context.get(), digest, &size) != 1) {
    return false;
  }
  for (const unsigned char byte : digest) {
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 15];
  }
  return true;
}

Hex32 Sha256::Hex(std::string_view bytes) {
  Hex32 hex(64, '\0');
  return Hex(bytes, hex.data()) ? hex : Hex32();
}

SigningKey::SigningKey(SigningKey&& other) noexcept {
  *this = std::move(other);
}

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  if (this != &other) {
    seed_ = other.seed_;
    public_hex_ = std::move(other.public_hex_);
    OPENSSL_cleanse(other.seed_.data(), other.seed_.size());
    other.public_hex_.clear();
  }
  return *this;
}

SigningKey::~SigningKey() {
  OPENSSL_cleanse(seed_.data(), seed_.size());
}

Result<SigningKey> SigningKey::Generate() {
  SigningKey key;
  if (RAND_priv_bytes(key.seed_.data(), static_cast<int>(key.seed_.size())) == 1) {
    key.public_hex_ = PublicHex(Private(key.seed_).get());
  }
  if (!key.valid()) return Status::Internal("audit log: OpenSSL made no Ed25519 key");
  return key;
}

Result<SigningKey> SigningKey::FromPem(std::string_view pem) {
  const Bio bio = Memory(pem);
  const Key parsed(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr)
                       : nullptr);
  SigningKey key;
  size_t size = key.seed_.size();
  if (parsed && EVP_PKEY_id(parsed.get()) == EVP_PKEY_ED25519 &&
      EVP_PKEY_get_raw_private_key(parsed.get(), key.seed_.data(), &size) == 1) {
    key.public_hex_ = PublicHex(parsed.get());
  }
  if (key.valid()) return key;
  return Status::InvalidArgument("audit log: no Ed25519 private key in PEM form (kt audit keygen)");
}

Result<SigningKey> SigningKey::FromSeedHex(std::string_view hex) {
  SigningKey key;
  if (IsHex(hex, 64)) {
    std::vector<unsigned char> seed = Bytes(hex);
    std::copy(seed.begin(), seed.end(), key.seed_.begin());
    OPENSSL_cleanse(seed.data(), seed.size());
    key.public_hex_ = PublicHex(Private(key.seed_).get());
  }
  if (key.valid()) return key;
  return Status::InvalidArgument("audit log: a private key has 64 hex digits");
}

std::string SigningKey::Sign(std::string_view message) const {
  const Key key = Private(seed_);
  const Context context(EVP_MD_CTX_new());
  unsigned char signature[64];
  size_t size = sizeof signature;
  if (!key || !context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature, &size,
                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1) {
    return {};
  }
  return HexEncode(Chars(signature, size));
}

std::string SigningKey::SeedHex() const {
  return HexEncode(Chars(seed_.data(), seed_.size()));
}

std::string SigningKey::ToPem() const {
  const Key key = Private(seed_);
  const Bio bio(BIO_new(BIO_s_secmem()));
  if (!key || !bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return {};
  }
  return Content(bio.get());
}

std::string SigningKey::PublicPem() const {
  const Key key = Private(seed_);
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!key || !bio || PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1) return {};
  return Content(bio.get());
}

bool VerifySignature(const Hex32& public_hex, std::string_view message,
                     std::string_view signature_hex) {
  if (!IsHex(public_hex, 64) || !IsHex(signature_hex, 128)) return false;
  const std::vector<unsigned char> raw = Bytes(public_hex), signature = Bytes(signature_hex);
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  const Context context(EVP_MD_CTX_new());
  return key && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

Result<Hex32> ReadPublicKey(std::string_view text) {
  if (IsHex(Trim(text), 64)) return Hex32(Trim(text));
  Bio bio = Memory(text);
  Key key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassword, nullptr) : nullptr);
  if (!key) {
    bio = Memory(text);
    key.reset(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr) : nullptr);
  }
  Hex32 hex = PublicHex(key.get());
  if (!hex.empty()) return hex;
  return Status::InvalidArgument("no Ed25519 public key: PEM or 64 hex digits are expected");
}

std::string RandomHex(size_t digits) {
  std::vector<unsigned char> bytes((digits + 1) / 2);
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  std::string hex = HexEncode(Chars(bytes.data(), bytes.size()));
  hex.resize(digits);
  return hex;
}

void Wipe(std::string* secret) {
  OPENSSL_cleanse(secret->data(), secret->size());
  secret->clear();
}

}  // namespace kt::audit
