#include "core/policy/verdict_cache.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace kt::policy {

// Poly1305 under one key for all texts: nobody sees a tag, so it is a keyed universal hash, two
// texts of 1 MB sharing one with a chance below 2^-86. It is the fastest that OpenSSL has on every
// processor.
struct VerdictCache::Mac {
  ~Mac() {
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
    OPENSSL_cleanse(key, sizeof key);
  }
  EVP_MAC* algorithm = nullptr;
  EVP_MAC_CTX* context = nullptr;
  unsigned char key[32] = {};
};

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
  Mac& mac = *cache->mac_;
  mac.algorithm = EVP_MAC_fetch(nullptr, "POLY1305", nullptr);
  if (mac.algorithm != nullptr) mac.context = EVP_MAC_CTX_new(mac.algorithm);
  if (mac.context == nullptr || RAND_bytes(mac.key, sizeof mac.key) != 1) {
    return Status::Internal("OpenSSL has no Poly1305, or no random bytes");
  }
  const size_t sets = std::bit_ceil((std::max<size_t>(texts, 1) + kWays - 1) / kWays);
  cache->sets_mask_ = sets - 1;
  cache->entries_.resize(sets * kWays);
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
         size == sizeof out->hash;
}

VerdictCache::Entry* VerdictCache::SetOf(const Key& key) noexcept {
  return entries_.data() + (key.hash[0] & sets_mask_) * kWays;
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
