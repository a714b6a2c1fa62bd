// What may be spent on texts that are judged together. Each rule is linear in the text, but with
// factors of a thousand between a text on which RE2's automaton is small and one that makes a state
// of nearly every byte: a few expressions such as "[a-z]{2,9}.{0,90}\d{5}" and some megabytes that
// are made for them would hold a worker for minutes. And what matches is kept until all is judged:
// hundreds of rules that match every few bytes would fill the memory.
//
// A budget that is spent is a failure (kResourceExhausted), never "no match".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace kt::detect {

class WorkBudget {
 public:
  // Of all texts together.
  static constexpr size_t kMostMatches = size_t{1} << 20;
  // Of a thread's own time, which a busy machine does not shorten: for each byte of the texts, and
  // for all of them.
  static constexpr uint64_t kNsPerByte = 4'000, kFloorNs = 500'000'000, kMostNs = 8'000'000'000;

  WorkBudget() = default;
  // For tests.
  WorkBudget(size_t most_matches, uint64_t most_ns)
      : matches_left_(most_matches), most_ns_(most_ns), allowed_ns_(most_ns) {}

  // A text is about to be looked into.
  void Begin(size_t text_bytes) noexcept {
    allowed_ns_ = std::min(most_ns_, allowed_ns_ + text_bytes * kNsPerByte);
  }
  // Rules that are not of the shipped packs are about to look at so many bytes. False: they have
  // had their time. Looks at the clock once in a while, so small texts cost nothing.
  bool Spend(size_t bytes) noexcept {
    unseen_ += bytes;
    return unseen_ < kBytesForEachLook ? !late_ : !IsLate();
  }
  // How many more matches may be kept.
  size_t matches_left() const noexcept { return matches_left_; }
  void Keep(size_t matches) noexcept { matches_left_ -= std::min(matches, matches_left_); }

 private:
  static constexpr size_t kBytesForEachLook = size_t{64} << 10;
  bool IsLate() noexcept;

  size_t matches_left_ = kMostMatches;
  uint64_t most_ns_ = kMostNs, allowed_ns_ = kFloorNs;
  uint64_t begin_ns_ = 0;  // of the time that counts; 0: none does yet
  size_t unseen_ = 0;      // bytes since the last look at the clock
  bool late_ = false;
};

}  // namespace kt::detect
