#include "core/routing/state.h"

#include <openssl/sha.h>

#include <cstring>

namespace kt::routing {
namespace {

// How many cells there are for a target: one for each list of targets that it is chosen from.
constexpr size_t kCellsPerTarget = 8;
constexpr size_t kBytesPerTarget = sizeof(TargetState) + kCellsPerTarget * sizeof(StateCell);

constexpr unsigned kLeasePidShift = 40;
constexpr uint64_t kLeaseTimeMask = (uint64_t{1} << kLeasePidShift) - 1;

size_t TargetsIn(size_t bytes) noexcept {
  return bytes < sizeof(StateHeader) ? 0 : (bytes - sizeof(StateHeader)) / kBytesPerTarget;
}

// An entry changes hands: whoever still holds it by its old key finds another key first.
template <typename Entry>
Entry* Renew(Entry* entry, uint64_t key, uint64_t generation) noexcept {
  entry->key.store(0);
  std::memset(static_cast<void*>(entry), 0, sizeof(Entry));
  entry->generation.store(generation);
  entry->key.store(key);
  return entry;
}

template <typename Entry>
Entry* Claim(Entry* entries, size_t count, uint64_t key, uint64_t generation) noexcept {
  Entry* spare = nullptr;
  for (size_t i = 0; i < count; ++i) {
    Entry* entry = &entries[i];
    const uint64_t known = entry->key.load();
    if (known == key) {
      entry->generation.store(generation);
      return entry;
    }
    const uint64_t used = known == 0 ? 0 : entry->generation.load();
    if (used >= generation) continue;
    if (spare == nullptr || used < (spare->key.load() == 0 ? 0 : spare->generation.load())) {
      spare = entry;
    }
  }
  return spare == nullptr ? nullptr : Renew(spare, key, generation);
}

}  // namespace

uint64_t StateKey(std::string_view text) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  uint64_t key = 0;
  std::memcpy(&key, hash, sizeof key);
  return key == 0 ? 1 : key;
}

bool TakeProbeLease(TargetState* state, uint32_t pid, uint64_t now_ms, uint64_t until_ms) noexcept {
  uint64_t lease = state->probe_lease.load();
  const uint64_t own = uint64_t{pid} << kLeasePidShift | (until_ms & kLeaseTimeMask);
  for (;;) {
    const bool held = (lease & kLeaseTimeMask) > now_ms && lease >> kLeasePidShift != pid;
    if (held) return false;
    if (state->probe_lease.exchange(&lease, own)) return true;
  }
}

void DropProbeLease(TargetState* state, uint32_t pid) noexcept {
  uint64_t lease = state->probe_lease.load();
  while (lease >> kLeasePidShift == pid && !state->probe_lease.exchange(&lease, 0)) {
  }
}

size_t StateTable::BytesFor(const StateNeeds& needs) noexcept {
  const size_t for_cells = (needs.cells + kCellsPerTarget - 1) / kCellsPerTarget;
  const size_t units = needs.targets > for_cells ? needs.targets : for_cells;
  return sizeof(StateHeader) + units * kBytesPerTarget;
}

bool StateTable::Fits(const StateNeeds& needs, size_t bytes) noexcept {
  return BytesFor(needs) <= bytes;
}

StateTable StateTable::Create(void* memory, size_t bytes) noexcept {
  std::memset(memory, 0, bytes);
  auto* header = static_cast<StateHeader*>(memory);
  header->version = kStateVersion;
  header->targets = static_cast<uint32_t>(TargetsIn(bytes));
  header->cells = static_cast<uint32_t>(header->targets * kCellsPerTarget);
  header->magic = kStateMagic;
  return StateTable(header);
}

std::optional<StateTable> StateTable::Adopt(void* memory, size_t bytes) noexcept {
  auto* header = static_cast<StateHeader*>(memory);
  if (bytes < sizeof(StateHeader) || header->magic != kStateMagic) return std::nullopt;
  const size_t targets = TargetsIn(bytes);
  if (header->version != kStateVersion || header->targets != targets ||
      header->cells != targets * kCellsPerTarget) {
    return std::nullopt;
  }
  return StateTable(header);
}

void StateTable::BeginGeneration() noexcept {
  header_->generation.add(1);
}

TargetState* StateTable::ClaimTarget(uint64_t key) noexcept {
  return Claim(targets(), header_->targets, key, header_->generation.load());
}

StateCell* StateTable::ClaimCell(uint64_t key) noexcept {
  return Claim(cells(), header_->cells, key, header_->generation.load());
}

TargetState* StateTable::targets() const noexcept {
  return reinterpret_cast<TargetState*>(header_ + 1);
}

StateCell* StateTable::cells() const noexcept {
  return reinterpret_cast<StateCell*>(targets() + header_->targets);
}

}  // namespace kt::routing
