// Where each byte of an edited text came from: runs of bytes that were kept, and runs of units of
// equal lengths that were replaced. What was dropped belongs to no unit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kt::detect {

class OffsetMap {
 public:
  static constexpr size_t kMaxRawBytes = size_t{1} << 26;
  static constexpr size_t kMaxUnitOut = 15;
  static constexpr size_t kMaxUnitRaw = 127;

  void Clear() noexcept { runs_.clear(); }
  // No entry: every offset is its own.
  bool empty() const noexcept { return runs_.empty(); }
  size_t bytes() const noexcept { return runs_.capacity() * sizeof(Run); }

  // Calls come in the order of `out`. Offsets: out < 2 * kMaxRawBytes, raw < kMaxRawBytes.
  // From `out` on, bytes are those from `raw` on.
  void Keep(size_t out, size_t raw);
  // out_size bytes at `out` replace raw_size bytes at `raw`; 0 < out_size <= kMaxUnitOut,
  // 0 < raw_size <= kMaxUnitRaw.
  void Replace(size_t out, size_t out_size, size_t raw, size_t raw_size);
  // The last `last_size` bytes before `out_end` came from all up to raw_end. Left as it is when
  // that is more than kMaxUnitRaw.
  void ExtendLast(size_t out_end, size_t last_size, size_t raw_end);

  // Raw offset at which the unit that holds byte `out` begins.
  size_t RawBegin(size_t out) const noexcept;
  // Raw offset at which the unit that holds byte `out - 1` ends. Precondition: out > 0.
  size_t RawEnd(size_t out) const noexcept;

 private:
  // Packed, since a hostile text has a run for every other byte. out_unit 0: bytes kept.
  struct Run {
    uint64_t out : 27;
    uint64_t raw : 26;
    uint64_t out_unit : 4;
    uint64_t raw_unit : 7;
  };
  static_assert(sizeof(Run) == 8);

  const Run& Find(size_t out) const noexcept;

  std::vector<Run> runs_;
};

}  // namespace kt::detect
