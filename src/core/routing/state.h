// What all workers know together of the targets: fixed-size tables in one block of shared memory,
// lock-free, without a pointer in them. The block is the adapter's (an nginx zone); here is its
// layout and who may claim what of it.
//
//   StateHeader | TargetState x targets | StateCell x cells
//
// Entries are found by a digest of what they are about, so a reload finds those that it had, with
// all that is known of them, and a target whose key, host or model has changed begins anew. Claims
// are made by one process at a time (the master, at configuration time), while older workers read
// and write on. Times are milliseconds of one monotonic clock that all processes share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace kt::routing {

inline constexpr uint64_t kStateMagic = 0x7374617465746b31;
inline constexpr uint32_t kStateVersion = 1;  // of the layout below

// A word in shared memory: every access is atomic, and the type stays trivially copyable.
template <typename T>
class Shared {
 public:
  T load() const noexcept { return Ref().load(std::memory_order_acquire); }
  void store(T value) noexcept { Ref().store(value, std::memory_order_release); }
  T add(T value) noexcept { return Ref().fetch_add(value, std::memory_order_acq_rel); }
  // False: *expected holds what is there instead.
  bool exchange(T* expected, T value) noexcept {
    return Ref().compare_exchange_strong(*expected, value, std::memory_order_acq_rel);
  }

 private:
  static_assert(std::atomic_ref<T>::is_always_lock_free);
  std::atomic_ref<T> Ref() const noexcept { return std::atomic_ref<T>(value_); }
  alignas(std::atomic_ref<T>::required_alignment) mutable T value_;
};

enum class Health : uint32_t { kUnknown, kHealthy, kUnhealthy };

// Zero is the state of a target that nothing is known of. 192 bytes.
struct alignas(64) TargetState {
  Shared<uint64_t> key;         // TargetKey; 0: free
  Shared<uint64_t> generation;  // of the configuration that used it last

  // breaker.h
  Shared<uint64_t> breaker;  // see BreakerWord
  Shared<uint64_t> aside;    // until when (ms << 8) and why (AsideReason); 0: not put aside
  Shared<uint32_t> failures_in_a_row;

  // Health probes. `probe_lease`: which worker probes (pid << 40) and until when (ms).
  Shared<uint32_t> health;                        // Health
  Shared<uint32_t> probes_passed, probes_failed;  // in a row
  Shared<uint64_t> probe_lease, probed_at_ms;

  // latency.h: moving averages of the time to the first token, for streams and whole answers.
  Shared<uint64_t> latency[2];
  Shared<uint64_t> sampled_at_ms;

  // Since the entry was made. Requests count every try; retries and fallbacks are among them.
  Shared<uint64_t> requests, failures, retries, fallbacks, breaker_opened;
  Shared<uint64_t> prompt_tokens, completion_tokens;
};

// Two words about a group of targets: what they mean depends on what the key was made of.
struct StateCell {
  Shared<uint64_t> key, generation;
  Shared<uint64_t> a, b;
};

struct alignas(64) StateHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t targets, cells;  // capacities
  Shared<uint64_t> generation;
};

static_assert(std::is_trivially_copyable_v<TargetState> && sizeof(TargetState) == 192);
static_assert(std::is_trivially_copyable_v<StateCell> && sizeof(StateCell) == 32);
static_assert(std::is_trivially_copyable_v<StateHeader> && sizeof(StateHeader) == 64);

// 64 bits of SHA-256 over `text`, never 0.
uint64_t StateKey(std::string_view text);

// The lease of a probe: true when `pid` may probe until `until_ms`. A lease that has run out
// (its worker is dead, or gone with a reload) is anybody's; one's own is prolonged.
bool TakeProbeLease(TargetState* state, uint32_t pid, uint64_t now_ms, uint64_t until_ms) noexcept;
void DropProbeLease(TargetState* state, uint32_t pid) noexcept;

struct StateNeeds {
  size_t targets = 0, cells = 0;
};

// The tables in one block of memory, which outlives this. Copyable: it is only an address.
class StateTable {
 public:
  // How much room `needs` take, and whether they find room in `bytes`.
  static size_t BytesFor(const StateNeeds& needs) noexcept;
  static bool Fits(const StateNeeds& needs, size_t bytes) noexcept;

  // Empty tables in the whole of `memory` (aligned to 64 bytes, at least BytesFor one target).
  static StateTable Create(void* memory, size_t bytes) noexcept;
  // Those that lie there already; nullopt when they are not ours or of another layout.
  static std::optional<StateTable> Adopt(void* memory, size_t bytes) noexcept;

  // A new configuration claims its entries after this. Those that no newer one claims are given
  // to others once there is no free one, the longest unused first.
  void BeginGeneration() noexcept;
  // The entry of `key`, as it was left, or a zeroed one; nullptr: this generation has them all.
  TargetState* ClaimTarget(uint64_t key) noexcept;
  StateCell* ClaimCell(uint64_t key) noexcept;

 private:
  explicit StateTable(StateHeader* header) : header_(header) {}
  TargetState* targets() const noexcept;
  StateCell* cells() const noexcept;
  StateHeader* header_;
};

}  // namespace kt::routing
