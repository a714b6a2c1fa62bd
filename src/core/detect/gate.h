// The gate in front of the classifier: a cheap estimate of a window's raw values from how its words
// begin, so that only windows that may matter are judged by all features. Trained to follow the
// classifier (tools/train), with a limit below its operating point; policies/classifier.md says
// what it lets through and what it loses. ASCII only: other blocks always pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kt::detect {

inline constexpr uint32_t kGateBits = 12;
inline constexpr uint32_t kGateCount = 1u << kGateBits;

// Of one head. The estimate is  bias + scale * sum of weights / (words + prior)^0.75  with the
// head's own prior. A window passes from `limit` on.
struct GateSettings {
  float scale = 1, bias = 0, limit = -1e6f;
};

// Sums over one block, or over two.
struct GateSums {
  uint32_t both = 0;  // of entries: injection + 2^16 * safety, each + 128
  uint32_t words = 0;
  GateSums operator+(const GateSums& o) const noexcept { return {both + o.both, words + o.words}; }
};

// The entry of a word by its first four bytes and what follows when it is shorter. Bytes behind the
// text count as blanks; `at` < text.size().
uint32_t GateEntry(std::string_view text, size_t at) noexcept;

// Adds up the block that begins `text`, kBlockCodePoints bytes or the whole text where that is
// shorter; false when it is not all ASCII. `entries`: kGateCount of (injection + 128) | (safety +
// 128) << 16. `in_word`: the byte before belongs to a word. A word is read with up to three bytes
// that follow it, so what is not the end of a text needs kBlockLookahead bytes behind the block.
// `portable`: without the processor's own vectors (tests: the result is the same).
bool AddGateBlock(std::string_view text, bool in_word, const uint32_t* entries, GateSums* sums,
                  bool portable = false) noexcept;

}  // namespace kt::detect
