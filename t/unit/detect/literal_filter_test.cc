#include "core/detect/literal_filter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/detect/factor_strings.h"
#include "core/detect/place_list.h"

namespace kt::detect {
namespace {

class LiteralFilters : public testing::TestWithParam<ScanKind> {
 protected:
  void SetUp() override {
    if (ScanOf(GetParam()) == nullptr) GTEST_SKIP() << "not on this processor";
  }
};

struct Found {
  uint64_t shorts, longs;
};
Found Likely(const LiteralFilter& filter, const std::string& block, uint64_t places) {
  LiteralFilter::Places likely;
  filter.Likely(block.data(), {&places, 1}, &likely);
  return {likely.shorts[0], likely.longs[0]};
}

constexpr char kAlphabet[] = "abiI0159 .-_@`{\x7f\xC3\xA9\xE2\x80";

std::string Random(std::mt19937* random, size_t size) {
  std::string out;
  while (out.size() < size) out += kAlphabet[(*random)() % (sizeof kAlphabet - 1)];
  return out;
}

std::string Folded(std::string text) {
  for (char& c : text) c = static_cast<char>(FoldByte(c));
  return text;
}

TEST_P(LiteralFilters, EveryLiteralPassesWhereItStandsInAnyCase) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    LiteralFilter filter(GetParam());
    std::vector<std::string> literals;
    for (size_t n = 1 + random() % 40; n > 0; --n) {
      literals.push_back(Folded(Random(&random, 1 + random() % 8)));
      filter.Add(literals.back());
    }
    const std::string block = Random(&random, 64 + 8), folded = Folded(block);
    const uint64_t places = random() | uint64_t{random()} << 32;
    const auto [shorts, longs] = Likely(filter, block, places);
    EXPECT_EQ((shorts | longs) & ~places, 0u);
    for (size_t at = 0; at < 64; ++at) {
      for (const std::string& literal : literals) {
        if ((places >> at & 1) == 0 || !folded.substr(at).starts_with(literal)) continue;
        const uint64_t likely = literal.size() <= LiteralFilter::kShort ? shorts : longs;
        EXPECT_EQ(likely >> at & 1, 1u) << literal << " in " << block;
        const auto byte = [&](size_t i) { return static_cast<unsigned char>(block[at + i]); };
        EXPECT_NE(filter.GroupOf(byte(0), byte(1)), LiteralFilter::kNoGroup);
      }
    }
  }
}

TEST_P(LiteralFilters, HardlyAnythingElsePasses) {
  LiteralFilter filter(GetParam());
  for (const char* literal : {"ignore", "pretend", "you are ", "dan"}) filter.Add(literal);
  const std::string text = "you can imagine dancing while the president ignited his pretty igloo";
  const std::string block = text + std::string(72 - text.size(), '\0');
  uint64_t words = 1;
  for (size_t i = 1; i < 64; ++i) words |= uint64_t{text[i - 1] == ' '} << i;
  EXPECT_EQ(Likely(filter, block, words).shorts, uint64_t{1} << text.find("dancing"));
  EXPECT_EQ(Likely(filter, block, words).longs, 0u);
  EXPECT_EQ(Likely(filter, block, 0).shorts, 0u);
}

TEST_P(LiteralFilters, AllFormsSayTheSameOfManyBlocks) {
  std::mt19937 random(4);
  LiteralFilter filter(GetParam()), portable(ScanKind::kPortable);
  for (int i = 0; i < 500; ++i) {
    const std::string literal = Folded(Random(&random, 1 + random() % 8));
    filter.Add(literal);
    portable.Add(literal);
    const size_t blocks = 1 + random() % kMostMasks;
    const std::string text = Random(&random, blocks * 64 + 8);
    std::vector<uint64_t> places(blocks);
    for (uint64_t& mask : places) {
      const uint64_t some = random() | uint64_t{random()} << 32;
      mask = random() % 3 == 0 ? ~uint64_t{0} : random() % 3 == 0 ? 0 : some;
    }
    LiteralFilter::Places here, there;
    filter.Likely(text.data(), places, &here);
    portable.Likely(text.data(), places, &there);
    for (size_t k = 0; k < blocks; ++k) {
      ASSERT_EQ(here.shorts[k], there.shorts[k]);
      ASSERT_EQ(here.longs[k], there.longs[k]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, LiteralFilters,
                         testing::Values(ScanKind::kPortable, ScanKind::kAvx2, ScanKind::kAvx512));

}  // namespace
}  // namespace kt::detect
