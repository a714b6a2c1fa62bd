#include "core/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace kt {
namespace {

// More than the kernel gives at once.
TEST(Random, FillsAllBytes) {
  for (const size_t size : {1u, 255u, 256u, 257u, 5000u}) {
    // Each byte is other than zero in one of 40 rounds, but for one run in 2^300.
    std::vector<std::byte> bytes(size + 1), seen(size + 1);
    for (int round = 0; round < 40; ++round) {
      ASSERT_TRUE(FillRandom(std::span(bytes).first(size)));
      for (size_t i = 0; i < size; ++i) seen[i] |= bytes[i];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end() - 1, std::byte{0}), 0) << size;
    EXPECT_EQ(seen.back(), std::byte{0}) << size;
  }
}

TEST(Random, NeverTheSameTwice) {
  std::set<std::vector<std::byte>> seen;
  for (int i = 0; i < 100; ++i) {
    std::vector<std::byte> bytes(16);
    ASSERT_TRUE(FillRandom(bytes));
    EXPECT_TRUE(seen.insert(bytes).second);
  }
}

TEST(Random, NothingIsFilledAtOnce) {
  EXPECT_TRUE(FillRandom({}));
}

}  // namespace
}  // namespace kt
