#include "core/detect/repeats.h"

#include <algorithm>
#include <cstring>

namespace kt::detect {
namespace {

uint64_t Load(const char* bytes) noexcept {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// How many bytes from `at` on are as those from `before` on.
size_t SameAhead(std::string_view text, size_t before, size_t at) noexcept {
  const size_t start = at;
  for (; at + sizeof(uint64_t) <= text.size(); at += sizeof(uint64_t), before += sizeof(uint64_t)) {
    const uint64_t differs = Load(text.data() + at) ^ Load(text.data() + before);
    if (differs != 0) return at - start + static_cast<size_t>(__builtin_ctzll(differs)) / 8;
  }
  while (at < text.size() && text[at] == text[before]) ++at, ++before;
  return at - start;
}

}  // namespace

void Repeats::See(std::string_view text, size_t from, size_t at) {
  if (at < next_ || at + kBytes > text.size() || at >= UINT32_MAX) return;
  next_ = at + kStep;
  if (seen_.empty()) seen_.resize(size_t{1} << kBits);
  const uint64_t first = Load(text.data() + at), second = Load(text.data() + at + sizeof first);
  const uint64_t hash = (first ^ (second << 29 | second >> 35)) * 0x9E3779B97F4A7C15u;
  uint32_t& seen = seen_[hash >> (64 - kBits)];
  const size_t before = seen;
  seen = static_cast<uint32_t>(at + 1);
  if (before <= from) return;
  const size_t source = before - 1, distance = at - source;
  if (Load(text.data() + source) != first || Load(text.data() + source + sizeof first) != second) {
    return;
  }
  const size_t end = at + SameAhead(text, source, at);
  next_ = std::max(next_, end);
  size_t begin = at;
  const size_t least = std::max(from + distance, at - std::min(at, kMostBack));
  while (begin > least && text[begin - 1] == text[begin - 1 - distance]) --begin;
  if (end >= begin + kShortest) stretches_.push_back({begin, end, distance});
}

}  // namespace kt::detect
