#include "core/detect/place_list.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace kt::detect {
namespace {

std::vector<size_t> Listed(ListFunction list, std::span<const uint64_t> masks) {
  PlaceList places;
  list(masks, &places);
  return {places.at, places.at + places.size};
}

TEST(PlaceLists, NameEachBitOnceInOrder) {
  const uint64_t masks[] = {0, 0x8000000000000001, 0, ~uint64_t{0}, 2};
  std::vector<size_t> wanted = {64, 127};
  for (size_t i = 0; i < 64; ++i) wanted.push_back(192 + i);
  wanted.push_back(257);
  EXPECT_EQ(Listed(PortableList(), masks), wanted);
  EXPECT_EQ(Listed(BestList(), masks), wanted);
  EXPECT_TRUE(Listed(BestList(), {}).empty());
}

TEST(PlaceLists, BothFormsSayTheSameOfAnyMasks) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint64_t> masks(random() % (kMostMasks + 1));
    // From one bit in sixteen to all of them.
    for (uint64_t& mask : masks) {
      mask = random();
      for (unsigned i = random() % 4; i > 0; --i) mask &= random();
      if (random() % 8 == 0) mask = ~uint64_t{0};
    }
    ASSERT_EQ(Listed(BestList(), masks), Listed(PortableList(), masks));
  }
}

}  // namespace
}  // namespace kt::detect
