#include "core/policy/passage_cache.h"

#include <utility>

namespace kt::policy {
namespace {

constexpr size_t kKeptPassages = 1024;  // buffers for more are given back

}  // namespace

Result<std::unique_ptr<PassageCache>> PassageCache::Make(size_t passages) {
  std::unique_ptr<PassageCache> cache(new PassageCache());
  auto hash = KeyedHash::Make();
  if (!hash.ok()) return hash.status();
  cache->hash_ = std::move(hash).value();
  if (Status status = cache->table_.Make(passages); !status.ok()) return status;
  return cache;
}

// The key of a passage is what CBC makes of four blocks: the circumstances, the passage before it,
// itself, the one behind it. All keys of a text go through each step together.
bool PassageCache::SetKeys(const Circumstances& circumstances, std::string_view text) {
  const auto list = passages_.list();
  hashes_.assign(list.size() + 2, Key{});
  hashes_.back() = {UINT64_MAX, UINT64_MAX};  // neither the begin nor the end is a passage
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string_view passage = text.substr(list[i].begin, list[i].end - list[i].begin);
    if (!hash_->Of({passage}, &hashes_[i + 1])) return false;
  }
  Key head;
  const std::string_view chain(reinterpret_cast<const char*>(&circumstances.chain),
                               sizeof circumstances.chain);
  if (!hash_->Of({chain, circumstances.caller}, &head) || !hash_->Encipher({&head, 1})) {
    return false;
  }
  keys_.assign(list.size(), head);
  for (size_t beside = 0; beside < 3; ++beside) {
    for (size_t i = 0; i < keys_.size(); ++i) {
      const Key& hash = hashes_[i + beside];
      keys_[i] = {keys_[i][0] ^ hash[0], keys_[i][1] ^ hash[1]};
    }
    if (!hash_->Encipher(keys_)) return false;
  }
  return true;
}

detect::Passages* PassageCache::Begin(const Circumstances& circumstances, std::string_view text) {
  if (text.size() < detect::Passages::kLeastText) return nullptr;
  passages_.Cut(text);
  if (!SetKeys(circumstances, text)) return nullptr;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const detect::Passages::Places* places = table_.Find(keys_[i]);
    if (places == nullptr) continue;
    passages_.list()[i].known = true;
    passages_.list()[i].places = *places;
  }
  return &passages_;
}

void PassageCache::Keep() noexcept {
  const auto list = passages_.list();
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].clean && !list[i].known) table_.Add(keys_[i], list[i].places);
  }
  if (list.size() <= kKeptPassages) return;
  passages_ = {};
  hashes_ = {};
  keys_ = {};
}

}  // namespace kt::policy
