// Which stretches of a text stood in it before, byte for byte: what was found out about a place of
// the earlier one holds for the same place of the later one. Private to detect/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kt::detect {

class Repeats {
 public:
  // text[i] == text[i - distance] for all i in [begin, end).
  struct Stretch {
    size_t begin, end, distance;
  };
  // Looks whether `at` begins what stood before at a place that was seen, at or after `from`. One
  // text; neither goes back from call to call.
  void See(std::string_view text, size_t from, size_t at);
  // Ends ascend.
  std::span<const Stretch> stretches() const noexcept { return stretches_; }

 private:
  static constexpr size_t kBytes = 16;  // that are compared first
  static constexpr size_t kStep = 8;    // from one place to the next
  static constexpr size_t kMostBack = 2048;
  static constexpr unsigned kBits = 11;
  static constexpr size_t kShortest = 256;  // of a stretch

  std::vector<uint32_t> seen_;  // by a hash of the bytes: a place, plus one
  std::vector<Stretch> stretches_;
  size_t next_ = 0;  // places before it need no look
};

}  // namespace kt::detect
