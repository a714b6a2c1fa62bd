#include "core/routing/known_addresses.h"

#include <algorithm>
#include <cstring>

namespace kt::routing {
namespace {

constexpr int kReadAttempts = 100;

}  // namespace

bool KnownAddresses::Store(const std::vector<IpAddress>& addresses) noexcept {
  uint32_t sequence = sequence_.load();
  if (sequence % 2 == 1 || !sequence_.compare_exchange_strong(sequence, sequence + 1)) return false;
  const size_t count = std::min(addresses.size(), kMaxAddresses);
  for (size_t i = 0; i < count; ++i) {
    uint64_t words[2];
    std::memcpy(words, addresses[i].bytes.data(), sizeof words);
    entries_[i].v6 = addresses[i].v6 ? 1 : 0;
    entries_[i].first = words[0];
    entries_[i].second = words[1];
  }
  count_ = static_cast<uint32_t>(count);
  sequence_ = sequence + 2;
  return true;
}

std::vector<IpAddress> KnownAddresses::Load() const {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    const uint32_t sequence = sequence_.load();
    if (sequence % 2 == 1) continue;
    std::vector<IpAddress> addresses(std::min<size_t>(count_.load(), kMaxAddresses));
    for (size_t i = 0; i < addresses.size(); ++i) {
      const uint64_t words[2] = {entries_[i].first.load(), entries_[i].second.load()};
      addresses[i].v6 = entries_[i].v6.load() == 1;
      std::memcpy(addresses[i].bytes.data(), words, sizeof words);
    }
    if (sequence_.load() == sequence) return addresses;
  }
  return {};
}

}  // namespace kt::routing
