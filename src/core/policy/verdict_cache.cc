#include "core/policy/verdict_cache.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace kt::policy {

// Poly1305 under one key for all texts is a keyed universal hash: two texts of 1 MB share one with
// a chance below 2^-86. It is the fastest that OpenSSL has on every processor, but linear: who
// learns by time which texts make room for which, learns bits of its key. So each is enciphered,
// which tells nothing but whether two are the same.
struct VerdictCache::Mac {
  ~Mac() {
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
    EVP_CIPHER_CTX_free(cipher);
    OPENSSL_cleanse(key, sizeof key);
  }
  bool Start();
  bool Encipher(std::array<uint64_t, 2>* block) noexcept;

  EVP_MAC* algorithm = nullptr;
  EVP_MAC_CTX* context = nullptr;
  EVP_CIPHER_CTX* cipher = nullptr;
  unsigned char key[32] = {};
};

bool VerdictCache::Mac::Start() {
  unsigned char cipher_key[16];
  algorithm = EVP_MAC_fetch(nullptr, "POLY1305", nullptr);
  if (algorithm != nullptr) context = EVP_MAC_CTX_new(algorithm);
  cipher = EVP_CIPHER_CTX_new();
  const bool ready =
      context != nullptr && cipher != nullptr && RAND_bytes(key, sizeof key) == 1 &&
      RAND_bytes(cipher_key, sizeof cipher_key) == 1 &&
      EVP_EncryptInit_ex(cipher, EVP_aes_128_ecb(), nullptr, cipher_key, nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(cipher, 0) == 1;
  OPENSSL_cleanse(cipher_key, sizeof cipher_key);
  return ready;
}

bool VerdictCache::Mac::Encipher(std::array<uint64_t, 2>* block) noexcept {
  unsigned char out[sizeof *block];
  int size = 0;
  const auto* in = reinterpret_cast<const unsigned char*>(block->data());
  if (EVP_EncryptUpdate(cipher, out, &size, in, sizeof out) != 1 || size != sizeof out) {
    return false;
  }
  std::memcpy(block->data(), out, sizeof out);
  return true;
}

void VerdictCache::Free::operator()(Entry* entries) const noexcept {
  std::free(entries);
}

VerdictCache::~VerdictCache() = default;

bool VerdictCache::Passed::AddScore(size_t entry, double score) noexcept {
  if (score < 0) return true;
  if (score_count == kScores || entry > UINT8_MAX) return false;
  entries[score_count] = static_cast<uint8_t>(entry);
  scores[score_count++] = score;
  return true;
}

double VerdictCache::Passed::ScoreOf(size_t entry) const noexcept {
  double score = -1;
  for (size_t i = 0; i < score_count; ++i) {
    if (entries[i] == entry) score = scores[i];
  }
  return score;
}

Result<std::unique_ptr<VerdictCache>> VerdictCache::Make(size_t texts) {
  std::unique_ptr<VerdictCache> cache(new VerdictCache());
  cache->mac_ = std::make_unique<Mac>();
  if (!cache->mac_->Start()) {
    return Status::Internal("OpenSSL has no Poly1305, no AES, or no random bytes");
  }
  const size_t sets = std::bit_ceil((std::max<size_t>(texts, 1) + kWays - 1) / kWays);
  cache->sets_mask_ = sets - 1;
  // Fresh pages of zeros, which are there when they are first written to.
  static_assert(std::is_trivially_copyable_v<Entry>);
  cache->entries_.reset(static_cast<Entry*>(std::calloc(sets * kWays, sizeof(Entry))));
  if (cache->entries_ == nullptr) return Status::ResourceExhausted("no memory");
  return cache;
}

bool VerdictCache::KeyOf(const Circumstances& circumstances, std::string_view caller,
                         std::string_view text, Key* out) noexcept {
  const uint64_t head[] = {circumstances.chain, circumstances.selected, circumstances.windows,
                           static_cast<uint64_t>(circumstances.role) << 16 |
                               static_cast<uint64_t>(circumstances.text_class) << 8 |
                               (circumstances.joined ? 1 : 0),
                           caller.size()};
  const auto add = [&](const void* bytes, size_t size) {
    return EVP_MAC_update(mac_->context, static_cast<const unsigned char*>(bytes), size) == 1;
  };
  size_t size = 0;
  return EVP_MAC_init(mac_->context, mac_->key, sizeof mac_->key, nullptr) == 1 &&
         add(head, sizeof head) && add(caller.data(), caller.size()) &&
         add(text.data(), text.size()) &&
         EVP_MAC_final(mac_->context, reinterpret_cast<unsigned char*>(out->hash.data()), &size,
                       sizeof out->hash) == 1 &&
         size == sizeof out->hash && mac_->Encipher(&out->hash);
}

VerdictCache::Entry* VerdictCache::SetOf(const Key& key) noexcept {
  return entries_.get() + (key.hash[0] & sets_mask_) * kWays;
}

// Never 0. Where it begins again, the order of what is kept is lost, and nothing else.
uint32_t VerdictCache::Tick() noexcept {
  return ++clock_ == 0 ? ++clock_ : clock_;
}

const VerdictCache::Passed* VerdictCache::Find(const Key& key) noexcept {
  Entry* const set = SetOf(key);
  for (Entry* entry = set; entry != set + kWays; ++entry) {
    if (entry->used == 0 || entry->key != key) continue;
    entry->used = Tick();
    return &entry->passed;
  }
  return nullptr;
}

void VerdictCache::Add(const Key& key, const Passed& passed) noexcept {
  Entry* const set = SetOf(key);
  Entry* const oldest = std::min_element(
      set, set + kWays, [](const Entry& a, const Entry& b) { return a.used < b.used; });
  *oldest = {key, passed, Tick()};
}

}  // namespace kt::policy
