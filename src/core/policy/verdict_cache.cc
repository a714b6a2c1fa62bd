#include "core/policy/verdict_cache.h"

#include <utility>

namespace kt::policy {

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
  auto hash = KeyedHash::Make();
  if (!hash.ok()) return hash.status();
  cache->hash_ = std::move(hash).value();
  if (Status status = cache->table_.Make(texts); !status.ok()) return status;
  if (Status status = cache->found_.Make(texts / 16, texts); !status.ok()) return status;
  auto passages = PassageCache::Make(texts / 4);
  if (!passages.ok()) return passages.status();
  cache->passages_ = std::move(passages).value();
  return cache;
}

bool VerdictCache::KeyOf(const Circumstances& circumstances, std::string_view caller,
                         std::string_view text, Key* out) noexcept {
  const uint64_t head[] = {circumstances.chain, circumstances.selected, circumstances.windows,
                           static_cast<uint64_t>(circumstances.role) << 16 |
                               static_cast<uint64_t>(circumstances.text_class) << 8 |
                               (circumstances.joined ? 1 : 0),
                           caller.size()};
  const std::string_view bytes(reinterpret_cast<const char*>(head), sizeof head);
  return hash_->Of({bytes, caller, text}, out) && hash_->Encipher({out, 1});
}

}  // namespace kt::policy
