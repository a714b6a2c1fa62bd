#include "core/detect/offset_map.h"

#include <algorithm>

namespace kt::detect {

void OffsetMap::Keep(size_t out, size_t raw) {
  if (!runs_.empty()) {
    const Run& last = runs_.back();
    if (last.out_unit == 0 && raw - last.raw == out - last.out) return;
  }
  runs_.push_back({out, raw, 0, 0});
}

void OffsetMap::Replace(size_t out, size_t out_size, size_t raw, size_t raw_size) {
  if (!runs_.empty()) {
    const Run& last = runs_.back();
    if (last.out_unit == out_size && last.raw_unit == raw_size) {
      const size_t units = (out - last.out) / out_size;
      if (last.raw + units * raw_size == raw) return;
    }
  }
  runs_.push_back({out, raw, out_size, raw_size});
}

void OffsetMap::ExtendLast(size_t out_end, size_t last_size, size_t raw_end) {
  if (runs_.empty()) return;
  const Run last = runs_.back();
  const size_t out_size = last.out_unit == 0 ? last_size : last.out_unit;
  if (out_size > kMaxUnitOut || out_end < last.out + out_size) return;
  const size_t out = out_end - out_size;
  const size_t raw = RawBegin(out);
  if (raw_end - raw > kMaxUnitRaw) return;
  if (out == last.out) runs_.pop_back();
  Replace(out, out_size, raw, raw_end - raw);
}

const OffsetMap::Run& OffsetMap::Find(size_t out) const noexcept {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), out,
                                      [](size_t o, const Run& run) { return o < run.out; });
  return *(after - 1);
}

size_t OffsetMap::RawBegin(size_t out) const noexcept {
  if (runs_.empty()) return out;
  const Run& run = Find(out);
  const size_t into = out - run.out;
  return run.raw + (run.out_unit == 0 ? into : into / run.out_unit * run.raw_unit);
}

size_t OffsetMap::RawEnd(size_t out) const noexcept {
  if (runs_.empty()) return out;
  const Run& run = Find(out - 1);
  const size_t into = out - 1 - run.out;
  return run.raw + (run.out_unit == 0 ? into + 1 : (into / run.out_unit + 1) * run.raw_unit);
}

}  // namespace kt::detect
